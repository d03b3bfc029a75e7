/* The text of an expression as labels: syntax only, no shapes. */
#ifndef FASTEINSUM_NOTATION_SUBSCRIPTS_H
#define FASTEINSUM_NOTATION_SUBSCRIPTS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

/* "ij...k": labels i, j, k and an ellipsis before the label at position 2.
   A label is the code point of its letter; in implicit mode the output is sorted by it. */
typedef struct Term {
    int label_count;
    int *labels;        /* in the arena */
    int ellipsis;       /* how many labels stand before it, or -1 */
    int ellipsis_count; /* 0 or 1; more in an output only, where they may stand for nothing at all
                         */
} Term;

/* Lives in the arena it was parsed into. In implicit mode the output term is made here: an ellipsis
   first, then the labels that occur exactly once over all inputs. */
typedef struct Subscripts {
    int input_count;
    Term *inputs;
    Term output;
    bool is_explicit; /* there was an arrow */
} Subscripts;

/* Reads text[0..length). Blanks may stand anywhere. Fails with SYNTAX: the message shows the text
   with a caret under the offence, names the operand and quotes the character or label.
   operand_count is what the caller holds; another number of terms is an error too. Takes linear
   time. */
Status subscripts_parse(const char *text, size_t length, int operand_count, Arena *arena,
                        Subscripts *subscripts, Error *error) MUST_CHECK;

#endif
