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

/* Rows of a block, with the strides of its columns. The two sides share no memory. Inlined, so that
   strides that are known where it is called make vector loops. */
static inline __attribute__((always_inline)) void
FOLD_NAME(add_rows)(const FoldBlock *block, ptrdiff_t source_col, ptrdiff_t total_col) {
    for (ptrdiff_t row = block->rows.first; row < block->rows.end; row++) {
        FoldRange cols = block->cols_of_row ? block->cols_of_row[row] : block->cols;
        const char *restrict source = block->source + row * block->source_row;
        char *restrict total =
            block->total + (block->total_offset + row * block->total_row + cols.first * total_col);
        source += cols.first * source_col;
        ptrdiff_t count = cols.end - cols.first;
        for (ptrdiff_t i = 0; i < count; i++) {
            const void *element = source + i * source_col;
            void *place = total + i * total_col;
            FOLD_TOTAL *sum = place;
            *sum = FOLD_STORE(FOLD_LOAD_TOTAL(*sum) + FOLD_LOAD(*(const FOLD_SOURCE *)element));
        }
    }
}

static void FOLD_NAME(add)(const FoldBlock *block) {
    const ptrdiff_t item = (ptrdiff_t)sizeof(FOLD_SOURCE), sum = (ptrdiff_t)sizeof(FOLD_TOTAL);
    if (block->total_col == sum && block->source_col == item) {
        FOLD_NAME(add_rows)(block, item, sum);
    } else if (block->total_col == sum && block->source_col == 0) {
        FOLD_NAME(add_rows)(block, 0, sum);
    } else {
        FOLD_NAME(add_rows)(block, block->source_col, block->total_col);
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
