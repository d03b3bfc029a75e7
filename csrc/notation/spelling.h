/* An expression with every axis spelled as a letter, those behind ellipses too. */
#ifndef FASTEINSUM_NOTATION_SPELLING_H
#define FASTEINSUM_NOTATION_SPELLING_H

#include "base/arena.h"
#include "base/tensor.h"
#include "notation/subscripts.h"

/* Axes behind ellipses get the letters that the expression does not use, the last ones of A .. Z,
   a .. z: of three such axes the rightmost is z, the leftmost x. Lives in an arena. */
typedef struct Spelling {
    int input_count;
    char **inputs;      /* a letter per axis, 0 at the end */
    char *output;       /* the same */
    ptrdiff_t *extents; /* [letter], for MAX_LABELS codes; 1 for those that do not occur */
} Spelling;

/* Reads terms and shapes as numpy.einsum_path does: an axis of extent 1 stretches to the label's
   extent, in a diagonal too. Fails with SHAPE, LIMIT (not enough letters) or MEMORY. */
Status spelling_make(const Subscripts *subscripts, const Tensor operands[], Arena *arena,
                     Spelling *spelling, Error *error) MUST_CHECK;

#endif
