/* Padding: the array that windows look at where they reach beyond the given one. Elements are moved
 * as bytes, whatever they are. */
#ifndef FASTEINSUM_PAD_H
#define FASTEINSUM_PAD_H

#include "windows.h"

/* name, spelling as in numpy.pad, the name that other libraries use for it */
#define PAD_MODE_LIST(X)      \
    X(CONSTANT, "constant")   \
    X(EDGE, "edge")           \
    X(REFLECT, "reflect")     \
    X(SYMMETRIC, "symmetric") \
    X(WRAP, "wrap")

#define PAD_MODE_ENUM(name, spelling) PAD_##name,
typedef enum PadMode { PAD_MODE_LIST(PAD_MODE_ENUM) PAD_MODE_COUNT } PadMode;
#undef PAD_MODE_ENUM

/* "edge" gives PAD_EDGE; STATUS_RANGE for a name that is not in the list. */
Status pad_mode_from_name(const char *name, PadMode *mode, Error *error) MUST_CHECK;

/* Modes other than PAD_CONSTANT cannot make something of an empty axis. */
Status pad_check(const Windows *windows, PadMode mode, Error *error) MUST_CHECK;

/* Where the element at index (negative before the first, >= length behind the last) comes from. Not
   for PAD_CONSTANT; length >= 1. */
ptrdiff_t pad_source(PadMode mode, ptrdiff_t index, ptrdiff_t length);

/* Copies source into the C-ordered array at padded, which has the windows' padded shape and items
   of item_bytes. fill: the item for PAD_CONSTANT; NULL leaves the border as it is, for an array
   that was allocated as zeros. */
typedef struct PadJob {
    const Tensor *source;
    const Windows *windows;
    PadMode mode;
    size_t item_bytes;
    const char *fill;
} PadJob;
void pad_copy(const PadJob *job, char *padded);

#endif
