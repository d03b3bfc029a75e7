/* Products of matrices of which the right one is so small that it stays in registers: one function
 * for each depth and number of columns, with the loops over them written out. Around them any
 * number of rows, and of entries (products). Where the entries follow each other in memory, a
 * vector holds one element of each of LANES entries, and all of them are computed at once. */

/* How an element of an entry is read, for one entry and for LANES of them. */
static inline __attribute__((always_inline)) Element NAME(small_load)(const char *memory) {
    return *(const Element *)(const void *)memory;
}

/* Keeps the compiler from turning the loop around it into vectors: of strides that are not known it
   would collect them element by element, after a long look at what may overlap. */
#define STEP_BY_STEP(pointer) __asm__("" : "+r"(pointer))

#define EACH(index, count) _Pragma("GCC unroll 4") for (int index = 0; index < (count); index++)

/* One product. */
static inline __attribute__((always_inline)) void
NAME(small_entry)(const SmallShape *shape, char *const at[3], int depth, int cols) {
    Element right[SMALL_MOST][SMALL_MOST];
    EACH(k, depth) {
        EACH(j, cols) {
            right[k][j] = NAME(small_load)(at[1] + k * shape->right_depth + j * shape->right_col);
        }
    }
    const char *left = at[0];
    char *out = at[2];
    for (ptrdiff_t i = 0; i < shape->rows; i++, left += shape->left_row, out += shape->out_row) {
        STEP_BY_STEP(left);
        Element factors[SMALL_MOST];
        EACH(k, depth) factors[k] = NAME(small_load)(left + k * shape->left_depth);
        EACH(j, cols) {
            Element sum = {{0}};
            EACH(k, depth) sum = NAME(multiply_add)(sum, factors[k], right[k][j]);
            *(Element *)(void *)(out + j * shape->out_col) = sum;
        }
    }
}

#if PLANES == 1

static inline
    __attribute__((always_inline)) Vector NAME(small_lanes)(const char *memory, bool moves) {
    return moves ? NAME(load)(memory) : NAME(broadcast)(*(const ELEMENT *)(const void *)memory);
}

/* LANES products that follow each other: entries of out, and of those inputs that move. */
static inline __attribute__((always_inline)) void
NAME(small_entries)(const SmallShape *shape, char *const at[3], int depth, int cols) {
    bool left_moves = shape->entry[0] != 0, right_moves = shape->entry[1] != 0;
    Vector right[SMALL_MOST][SMALL_MOST];
    EACH(k, depth) {
        EACH(j, cols) {
            right[k][j] = NAME(small_lanes)(at[1] + k * shape->right_depth + j * shape->right_col,
                                            right_moves);
        }
    }
    const char *left = at[0];
    char *out = at[2];
    for (ptrdiff_t i = 0; i < shape->rows; i++, left += shape->left_row, out += shape->out_row) {
        Vector factors[SMALL_MOST];
        EACH(k, depth) factors[k] = NAME(small_lanes)(left + k * shape->left_depth, left_moves);
        EACH(j, cols) {
            Vector sum = {0};
            EACH(k, depth) sum += NAME(times)(factors[k], right[k][j]);
            NAME(store)(out + j * shape->out_col, sum);
        }
    }
}
#endif

static inline
    __attribute__((always_inline)) void NAME(small_any)(const SmallShape *given,
                                                        char *const data[3], ptrdiff_t count,
                                                        int depth, int cols) {
    const SmallShape shape = *given; /* which no store can change */
    char *at[3] = {data[0], data[1], data[2]};
    ptrdiff_t entry = 0;
#if PLANES == 1
    for (; shape.is_side_by_side && entry + LANES <= count; entry += LANES) {
        NAME(small_entries)(&shape, at, depth, cols);
        EACH(side, 3) at[side] += LANES * shape.entry[side];
    }
#endif
    for (; entry < count; entry++) {
        STEP_BY_STEP(at[0]);
        NAME(small_entry)(&shape, at, depth, cols);
        EACH(side, 3) at[side] += shape.entry[side];
    }
}

#define SMALL(depth, cols)                                                                  \
    static void PASTE(PASTE(small_##depth##x##cols, SET),                                   \
                      ISA)(const SmallShape *shape, char *const data[3], ptrdiff_t count) { \
        NAME(small_any)(shape, data, count, depth, cols);                                   \
    }
#define SMALL_ROW(depth) SMALL(depth, 1) SMALL(depth, 2) SMALL(depth, 3) SMALL(depth, 4)
SMALL_ROW(1)
SMALL_ROW(2)
SMALL_ROW(3)
SMALL_ROW(4)
#undef SMALL_ROW
#undef SMALL

#define SMALL(depth, cols) PASTE(PASTE(small_##depth##x##cols, SET), ISA),
#define SMALL_ROW(depth) {SMALL(depth, 1) SMALL(depth, 2) SMALL(depth, 3) SMALL(depth, 4)},
static SmallKernel *const NAME(smalls)[SMALL_MOST][SMALL_MOST] = {SMALL_ROW(1) SMALL_ROW(2)
                                                                      SMALL_ROW(3) SMALL_ROW(4)};
#undef SMALL_ROW
#undef SMALL
#undef EACH
#undef STEP_BY_STEP
