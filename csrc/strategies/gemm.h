/* The choices of the gemm strategy: made by gemm_shape.c and gemm_choose.c when a step is planned,
 * obeyed by gemm.c when it runs. */
#ifndef FASTEINSUM_STRATEGIES_GEMM_H
#define FASTEINSUM_STRATEGIES_GEMM_H

#include "kernels/kernels.h"
#include "strategies/conversion.h"
#include "strategies/groups.h"
#include "strategies/strategy.h"

/* The two inputs by the part they play: the left one has the rows, the right one the columns, which
   fill the vectors. DEPTH, in tables and extents, is what they share. */
typedef enum Part { PART_LEFT, PART_RIGHT, PART_DEPTH } Part;

/* One way to do it. */
typedef struct GemmShape {
    const Tile *tile;
    int left; /* the input whose axes are the rows */
    bool is_packed[2];
    double seconds; /* estimate of the whole contraction */
} GemmShape;

/* How an input is read. */
typedef struct Side {
    int input;
    bool is_packed;     /* into panels; else direct, where the tile can */
    bool has_long_runs; /* of lanes that follow each other in memory, panel after panel */
    PackKernel *pack;
    ConvertKernel *convert; /* what was packed; NULL: stored as computed with */
    ptrdiff_t *even_lanes;  /* for panels in direct tiles: where lanes (vectors) and steps of the */
    ptrdiff_t *even_depth[2]; /* depth are, [1] for the panel at the edge; NULL if not needed */
} Side;

/* An extent cut into blocks, and blocks into chunks, the last ones shorter. */
typedef struct Cut {
    ptrdiff_t extent, block, blocks;
    ptrdiff_t chunk, chunks; /* of a whole block */
} Cut;

/* Where things lie in the scratch of a task, in bytes. */
typedef struct GemmLayout {
    size_t tables[3][2]; /* by Part: the offsets on either side that moves */
    size_t stamps[2];    /* by Part, one per panel: the unit, or its chunk, that it is part of */
    size_t stamp_bytes;
    size_t panels[2];
    size_t stored; /* a panel, or a row of the output, as it is stored */
    size_t sums;   /* of a block of an output to be converted, unless the tasks share them */
    size_t bytes;
} GemmLayout;

/* The work is cut into units: a block of rows by one of columns by one of the depth, of one entry
   of the batch. Either a task is one chunk of a unit, and units follow each other in phases, or it
   is some whole units. */
typedef struct GemmChoices {
    const KernelSet *kernels;
    DType arithmetic;        /* what the tiles compute in */
    const Tile *tiles[2][2]; /* [at the edge of the rows][at the edge of the columns] */
    Side sides[2];           /* by Part */
    bool is_direct;          /* the tiles' way of reading */
    Groups groups;
    ptrdiff_t elements[4]; /* bytes, by side as stored; [3] as computed with */
    Conversion narrowing;  /* of sums that are complete, to the output */
    Cut cuts[3];           /* by Part */
    int edge_width[2][2];  /* lanes of a panel by Part, [1] of the one at the edge */
    ptrdiff_t units, units_per_task;
    bool is_phased;
    const ptrdiff_t *offsets[3][2]; /* whole tables, where they are small; else NULL */
    GemmLayout layout;
} GemmChoices;

/* The axes of a part, and the sides that move along them. */
static inline const AxisGroup *gemm_axes(const GemmChoices *choices, Part part) {
    const Groups *groups = &choices->groups;
    return part == PART_LEFT ? &groups->rows : part == PART_RIGHT ? &groups->cols : &groups->sum;
}

static inline int gemm_side(const GemmChoices *choices, Part part, int which) {
    if (part == PART_DEPTH) return choices->sides[which].input;
    return which == 0 ? choices->sides[part].input : 2;
}

/* The cheapest way to do a contraction of two inputs on a machine. */
GemmShape gemm_shape_choose(const Contraction *contraction, const Machine *machine);

/* The tile for this many rows and columns left over where whole ones end. */
const Tile *gemm_edge_tile(const KernelSet *kernels, const Tile *whole, ptrdiff_t rows,
                           ptrdiff_t cols);

/* The longest block of the depth: a panel of columns takes two thirds of L1, the rows that pass
   beside it the rest. */
static inline ptrdiff_t gemm_most_depth(const Machine *machine, ptrdiff_t element, int cols) {
    return (ptrdiff_t)(machine->l1_bytes * 2 / 3) / (element * cols);
}

/* How many neighbours along the innermost axis of a group follow each other in memory. */
ptrdiff_t gemm_run_length(const AxisGroup *group, int side, ptrdiff_t element);

/* What products and sums are computed in: bytes as shorts, which processors can multiply. */
static inline DType gemm_arithmetic(const Contraction *contraction) {
    return contraction->arithmetic == DTYPE_I8 ? DTYPE_I16 : contraction->arithmetic;
}

/* Estimated seconds, and the least they could be, see Strategy. */
double gemm_cost(const Contraction *contraction, const Machine *machine);
double gemm_bound(const Contraction *contraction, const Machine *machine);

/* Makes all choices, see Strategy. */
Status gemm_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                    StepPlan *step, Error *error) MUST_CHECK;

#endif
