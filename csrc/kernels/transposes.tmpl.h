/* The squares that copies are made of, and the small ones of packing, by the size of an element.
 * Included once per ISA. */
#include "kernels/shuffle.h"

#include <stddef.h>
#include <stdint.h>

#define SQUARE square
#define SIZE 1
#define SIDE 16
#define LANE uint8_t
#define PARTS 1
#define SIDE_LIST LANE_LIST_16
#include "kernels/transpose.tmpl.h"

#define SQUARE square
#define SIZE 2
#define LANE uint16_t
#define PARTS 1
#if VECTOR_BYTES >= 32
    #define SIDE 16
    #define SIDE_LIST LANE_LIST_16
#else
    #define SIDE 8
    #define SIDE_LIST LANE_LIST_8
#endif
#include "kernels/transpose.tmpl.h"

#define SQUARE square
#define SIZE 4
#define LANE uint32_t
#define PARTS 1
#if VECTOR_BYTES >= 64
    #define SIDE 16
    #define SIDE_LIST LANE_LIST_16
#elif VECTOR_BYTES >= 32
    #define SIDE 8
    #define SIDE_LIST LANE_LIST_8
#else
    #define SIDE 4
    #define SIDE_LIST LANE_LIST_4
#endif
#include "kernels/transpose.tmpl.h"

#define SQUARE square
#define SIZE 8
#define LANE uint64_t
#define PARTS 1
#if VECTOR_BYTES >= 64
    #define SIDE 8
    #define SIDE_LIST LANE_LIST_8
#elif VECTOR_BYTES >= 32
    #define SIDE 4
    #define SIDE_LIST LANE_LIST_4
#else
    #define SIDE 2
    #define SIDE_LIST LANE_LIST_2
#endif
#include "kernels/transpose.tmpl.h"

#define SQUARE square
#define SIZE 16
#define LANE uint64_t
#define PARTS 2
#if VECTOR_BYTES >= 64
    #define SIDE 4
    #define SIDE_LIST LANE_LIST_8
#elif VECTOR_BYTES >= 32
    #define SIDE 2
    #define SIDE_LIST LANE_LIST_4
#else
    #define SIDE 1
    #define SIDE_LIST LANE_LIST_2
#endif
#include "kernels/transpose.tmpl.h"

/* Smaller ones for planes that are too narrow for those. */
#define SQUARE octet
#define SIZE 1
#define SIDE 8
#define LANE uint8_t
#define PARTS 1
#define SIDE_LIST LANE_LIST_8
#include "kernels/transpose.tmpl.h"

#define SQUARE octet
#define SIZE 2
#define SIDE 8
#define LANE uint16_t
#define PARTS 1
#define SIDE_LIST LANE_LIST_8
#include "kernels/transpose.tmpl.h"

#define SQUARE quad
#define SIZE 4
#define SIDE 4
#define LANE uint32_t
#define PARTS 1
#define SIDE_LIST LANE_LIST_4
#include "kernels/transpose.tmpl.h"

#define SQUARE quad
#define SIZE 8
#define SIDE 4
#define LANE uint64_t
#define PARTS 1
#define SIDE_LIST LANE_LIST_4
#include "kernels/transpose.tmpl.h"

#if VECTOR_BYTES >= 64
    #define SQUARE octet
    #define SIZE 4
    #define SIDE 8
    #define LANE uint32_t
    #define PARTS 1
    #define SIDE_LIST LANE_LIST_8
    #include "kernels/transpose.tmpl.h"
#endif
