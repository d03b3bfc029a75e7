/* The sizes of the fixed arrays. Labels and operands beyond them are refused with STATUS_LIMIT. */
#ifndef FASTEINSUM_BASE_LIMITS_H
#define FASTEINSUM_BASE_LIMITS_H

enum {
    MAX_AXES = 64,              /* axes of one tensor, as in NumPy 2 */
    MAX_INPUTS = 63,            /* inputs of one step; an expression may have more */
    MAX_SIDES = MAX_INPUTS + 1, /* the inputs and the output of one step */
    MAX_LABELS = 128,           /* 52 letters and up to 64 axes behind ellipses, rounded up */
};

#endif
