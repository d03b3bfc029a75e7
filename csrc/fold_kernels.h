/* The inner loops of fold: their contracts, and who has which. Like all kernels they touch only the
 * elements they are told to, need no alignment beyond the element's and cannot fail. */
#ifndef FASTEINSUM_FOLD_KERNELS_H
#define FASTEINSUM_FOLD_KERNELS_H

#include "base/dtype.h"

#include <stddef.h>

/* The steps first, first + 1, ..., end - 1 of a loop. */
typedef struct FoldRange {
    ptrdiff_t first, end;
} FoldRange;

/* add: total[row][col] += source[row][col] for all rows, and the cols of each row. Strides in
   bytes; elements of total may coincide, so rows and cols are taken in order. */
typedef struct FoldBlock {
    const char *source;
    char *total;
    ptrdiff_t total_offset; /* apart from total: the element at (0, 0) need not exist */
    FoldRange rows, cols;
    const FoldRange *cols_of_row; /* by row, in place of cols; or NULL */
    ptrdiff_t source_row, source_col, total_row, total_col;
} FoldBlock;
typedef void FoldAdd(const FoldBlock *block);

/* divide: total[i] /= visits[i] * factor where that is positive, for i < count. */
typedef struct FoldQuotient {
    char *total;
    ptrdiff_t count, stride;
    const ptrdiff_t *visits; /* NULL: all 1 */
    double factor;
} FoldQuotient;
typedef void FoldDivide(const FoldQuotient *quotient);

/* NULL where there is none. Every type is added to itself, except bool and object; halves are added
   to floats and back, integers to doubles. */
FoldAdd *fold_kernel_add(DType source, DType total);

/* Real floating-point types; a complex number is two of them. */
FoldDivide *fold_kernel_divide(DType total);

#endif
