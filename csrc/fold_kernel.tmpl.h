/* The inner loops of fold, for one element type and the type that its sums have.
 *
 * Before including:  FOLD_PAIR                 names the two types
 *                    FOLD_SOURCE, FOLD_TOTAL   storage of an element and of a sum
 * and for halves only, which are computed as float:
 *                    FOLD_LOAD(x), FOLD_LOAD_TOTAL(x), FOLD_STORE(x) */

#ifndef FOLD_LOAD
    #define FOLD_LOAD(x) ((FOLD_TOTAL)(x))
#endif
#ifndef FOLD_LOAD_TOTAL
    #define FOLD_LOAD_TOTAL(x) (x)
#endif
#ifndef FOLD_STORE
    #define FOLD_STORE(x) ((FOLD_TOTAL)(x))
#endif

#define FOLD_JOIN(word, pair) word##_##pair
#define FOLD_NAME_OF(word, pair) FOLD_JOIN(word, pair)
#define FOLD_NAME(word) FOLD_NAME_OF(word, FOLD_PAIR)

/* count elements, each side in steps of its own. The two sides share no memory. */
static inline void FOLD_NAME(add_row)(const char *restrict source, ptrdiff_t source_stride,
                                      char *restrict total, ptrdiff_t total_stride,
                                      ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const void *element = source + i * source_stride;
        void *place = total + i * total_stride;
        FOLD_TOTAL *sum = place;
        *sum = FOLD_STORE(FOLD_LOAD_TOTAL(*sum) + FOLD_LOAD(*(const FOLD_SOURCE *)element));
    }
}

/* Strides that are known when this is compiled make vector loops. */
static void FOLD_NAME(add)(const FoldBlock *block) {
    const ptrdiff_t item = (ptrdiff_t)sizeof(FOLD_SOURCE), sum = (ptrdiff_t)sizeof(FOLD_TOTAL);
    const ptrdiff_t source_col = block->source_col, total_col = block->total_col;
    for (ptrdiff_t row = block->rows.first; row < block->rows.end; row++) {
        FoldRange cols = block->cols_of_row ? block->cols_of_row[row] : block->cols;
        ptrdiff_t count = cols.end - cols.first;
        const char *source = block->source + row * block->source_row + cols.first * source_col;
        char *total =
            block->total + (block->total_offset + row * block->total_row + cols.first * total_col);
        if (total_col == sum && source_col == item) {
            FOLD_NAME(add_row)(source, item, total, sum, count);
        } else if (total_col == sum && source_col == 0) {
            FOLD_NAME(add_row)(source, 0, total, sum, count);
        } else {
            FOLD_NAME(add_row)(source, source_col, total, total_col, count);
        }
    }
}

#undef FOLD_NAME
#undef FOLD_NAME_OF
#undef FOLD_JOIN
#undef FOLD_STORE
#undef FOLD_LOAD_TOTAL
#undef FOLD_LOAD
#undef FOLD_TOTAL
#undef FOLD_SOURCE
#undef FOLD_PAIR
