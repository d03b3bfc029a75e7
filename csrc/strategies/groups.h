/* The axes of a two-input contraction by the sides that move along them. */
#ifndef FASTEINSUM_STRATEGIES_GROUPS_H
#define FASTEINSUM_STRATEGIES_GROUPS_H

#include "notation/contraction.h"

/* Axes of one kind, outermost first; taken together they are one long axis of `extent` positions.
   The axes are borrowed from the contraction. */
typedef struct AxisGroup {
    int count;
    ptrdiff_t extent;
    const Axis *axes[MAX_LABELS];
} AxisGroup;

/* The classical names of a product of matrices, for inputs `left` and `right` in either order. */
typedef struct Groups {
    AxisGroup batch; /* both inputs and the output move */
    AxisGroup rows;  /* left and output (or the output alone) */
    AxisGroup cols;  /* right and output */
    AxisGroup sum;   /* summed */
} Groups;

/* Classifies the axes of a contraction with two inputs; left (0 or 1) has the rows. */
void groups_make(Groups *groups, const Contraction *contraction, int left);

/* Bytes that a side moves from position 0 to each of first .. first + count - 1 of a group. */
void group_offsets(const AxisGroup *group, int side, ptrdiff_t first, ptrdiff_t count,
                   ptrdiff_t offsets[]);

/* The same for one position. */
ptrdiff_t group_offset(const AxisGroup *group, int side, ptrdiff_t position);

#endif
