/* One name for the compilers' ways to rearrange the lanes of two vectors: SHUFFLE(Mask, a, b, ...)
 * gives the vector whose lanes are the listed ones, of a (from 0) and b (from a's lane count on).
 * Mask is the vector of integers with as many lanes. */
#ifndef FASTEINSUM_KERNELS_SHUFFLE_H
#define FASTEINSUM_KERNELS_SHUFFLE_H

#if defined(__clang__) || __GNUC__ >= 12
    #define SHUFFLE(Mask, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
    #define SHUFFLE(Mask, a, b, ...) __builtin_shuffle(a, b, (Mask){__VA_ARGS__})
#endif

/* F(0, ...), F(1, ...) and so on: the lists of lanes that SHUFFLE takes. */
#define LANE_LIST_2(F, ...) F(0, __VA_ARGS__), F(1, __VA_ARGS__)
#define LANE_LIST_4(F, ...) LANE_LIST_2(F, __VA_ARGS__), F(2, __VA_ARGS__), F(3, __VA_ARGS__)
#define LANE_LIST_8(F, ...)                                                               \
    LANE_LIST_4(F, __VA_ARGS__), F(4, __VA_ARGS__), F(5, __VA_ARGS__), F(6, __VA_ARGS__), \
        F(7, __VA_ARGS__)
#define LANE_LIST_16(F, ...)                                                               \
    LANE_LIST_8(F, __VA_ARGS__), F(8, __VA_ARGS__), F(9, __VA_ARGS__), F(10, __VA_ARGS__), \
        F(11, __VA_ARGS__), F(12, __VA_ARGS__), F(13, __VA_ARGS__), F(14, __VA_ARGS__),    \
        F(15, __VA_ARGS__)

#endif
