/* The innermost loops: their contracts, and the table that lists them.
 *
 * Every kernel reads and writes only the elements it is told to, needs no alignment beyond the
 * element's, cannot fail and has no state. Strides and offsets count bytes. Each is one template
 * (<family>.tmpl.h), compiled for every dtype of set.tmpl.h and every ISA of isa_<name>.c; a kernel
 * in a KernelSet is tested and timed because it is there, one that is in none is dead code. */
#ifndef FASTEINSUM_KERNELS_KERNELS_H
#define FASTEINSUM_KERNELS_KERNELS_H

#include "base/dtype.h"
#include "runtime/cpu.h"

#include <stdbool.h>
#include <stddef.h>

/* tile: out[i][j] = (out[i][j] if accumulate +) sum over k < depth of left(i, k) * right(k, j), for
   i < rows, j < cols. Element (i, j) of out is at row_offsets[i] + col_offsets[j].
   A packed tile reads panels: for each k, the elements of all rows (cols) of the tile follow each
   other; zeros stand for those that do not exist. A direct tile finds left(i, k) at left_rows[i] +
   left_depth[k], and the v-th vector of right(k, ...) at right_cols[v] + right_depth[k]; there must
   be an offset for every row and every vector of the tile (of any that exists, if it does not). A
   half-packed tile reads a panel of the left input, and the right one direct. */
typedef struct TileJob {
    ptrdiff_t depth;
    const char *left, *right;
    const ptrdiff_t *left_rows, *left_depth;   /* direct only */
    const ptrdiff_t *right_cols, *right_depth; /* direct and half-packed */
    char *out;
    const ptrdiff_t *row_offsets, *col_offsets;
    int rows, cols;         /* the part of the tile that exists, at least 1 each */
    bool has_adjacent_cols; /* these columns follow each other in memory */
    bool accumulate;
} TileJob;
typedef void TileKernel(const TileJob *job);

/* A register tile: the largest block of the output that one call computes. */
typedef struct Tile {
    int rows, cols;
    TileKernel *packed, *half_packed, *direct;
} Tile;

/* pack: panel[k][i] = source[lane_offsets[i] + depth_offsets[k]] for i < lanes, zero up to width.
   Only the size of an element matters. */
typedef struct PackJob {
    const char *source;
    const ptrdiff_t *lane_offsets, *depth_offsets;
    ptrdiff_t depth;
    int lanes, width;
    void *panel;
} PackJob;
typedef void PackKernel(const PackJob *job);

/* reduce: out[i] = (out[i] if accumulate +) sum over k < summed of in[i * in_kept + k * in_summed].
   Any strides; fast where either input stride is one element. Sums are blocked: no partial sum is
   longer than a few hundred additions, whatever the direction. */
typedef struct ReduceJob {
    ptrdiff_t kept, summed;
    const char *in;
    ptrdiff_t in_kept, in_summed;
    char *out;
    ptrdiff_t out_kept;
    bool accumulate;
} ReduceJob;
typedef void ReduceKernel(const ReduceJob *job);

/* multiply: out[i, j] = 0 + product over the inputs, left to right, of inputs[n][i, j]. Strides of
   inputs are listed by input. Fast where those along the columns are 0 or one element. At least one
   input. */
typedef struct MultiplyJob {
    ptrdiff_t rows, cols;
    int input_count;
    const char *const *inputs;
    const ptrdiff_t *in_rows, *in_cols;
    char *out;
    ptrdiff_t out_row, out_col;
} MultiplyJob;
typedef void MultiplyKernel(const MultiplyJob *job);

/* copy: out[i][j] = 0 + in[i][j] (so that no result is -0), a plane of rows * cols elements with
   two strides a side. Fast where both sides have a unit stride, the same one or not (transposition
   in registers). */
typedef struct CopyJob {
    ptrdiff_t rows, cols;
    const char *in;
    ptrdiff_t in_row, in_col;
    char *out;
    ptrdiff_t out_row, out_col;
    bool is_streamed; /* past the caches: out is too large to be found there */
} CopyJob;
typedef void CopyKernel(const CopyJob *job);

/* gemv: out[i] = (out[i] if accumulate +) sum over k < depth of matrix[i][k] * vector[i][k]. Any
   strides: with a vector_row of 0 it is the product of a matrix and a vector, otherwise products of
   many pairs of vectors. Fast where all inputs have a stride of one element along the same of both
   axes, or are at rest along it. Sums are blocked as in reduce. */
typedef struct GemvJob {
    ptrdiff_t rows, depth;
    const char *matrix;
    ptrdiff_t matrix_row, matrix_depth;
    const char *vector;
    ptrdiff_t vector_row, vector_depth;
    char *out;
    ptrdiff_t out_row;
    bool accumulate;
} GemvJob;
typedef void GemvKernel(const GemvJob *job);

/* direct: out[r][j] = (out[r][j] if accumulate +) sum over runs, t < taps of kernel[r][run + t] *
   map[run + t][j], for the rows r that a run meets and j < lanes. Each lane of the map is
   one element further in memory, and so are those of the output; nothing else has to be. Rows may
   share products of the map with other elements of the kernel, a negative kernel_row included: the
   element of row r lies at kernel + run->kernel + t * kernel_tap + r * kernel_row. */
typedef struct DirectRun {
    ptrdiff_t map, kernel; /* bytes from the job's pointers to the first tap */
    ptrdiff_t taps;
    unsigned rows; /* bit r: row r meets them */
} DirectRun;
typedef struct DirectJob {
    const DirectRun *runs;
    ptrdiff_t run_count;
    const char *map, *kernel;
    ptrdiff_t map_tap, kernel_tap, kernel_row;
    char *out;
    ptrdiff_t out_row, lanes;
    int rows;
    bool accumulate;
} DirectJob;
typedef void DirectKernel(const DirectJob *job);

/* batch: out[i][j] = (out[i][j] if accumulate +) sum over k < depth of left[i][k] * right[k][j] for
   each of `lanes` entries, at least a vector of them. Elements of neighbouring entries follow each
   other in memory on all sides; those of the first entry are where the tables say: left[i][k] at
   left_rows[i] + left_depth[k], right[k][j] at right_cols[j] + right_depth[k]. */
typedef struct BatchJob {
    ptrdiff_t lanes, rows, cols, depth;
    const char *left, *right;
    const ptrdiff_t *left_rows, *left_depth, *right_cols, *right_depth;
    char *out;
    const ptrdiff_t *out_rows, *out_cols;
    bool accumulate;
} BatchJob;
typedef void BatchKernel(const BatchJob *job);

/* small: for each of `count` entries out[i][j] = sum over k < depth of left[i][k] * right[k][j];
   data points to the first entry of left, right and out. Depth and columns, at most SMALL_MOST, are
   those of the function: smalls[depth - 1][columns - 1]. Any strides; fast where entries of out,
   and of each input that moves from entry to entry, are side by side. */
typedef struct SmallShape {
    ptrdiff_t rows;
    ptrdiff_t entry[3]; /* strides of left, right and out */
    ptrdiff_t left_row, left_depth, right_depth, right_col, out_row, out_col;
    bool is_side_by_side; /* entry[] are one element each, or 0 for an input */
} SmallShape;
typedef void SmallKernel(const SmallShape *shape, char *const data[3], ptrdiff_t count);
enum { SMALL_MOST = 4 };
typedef SmallKernel *const SmallKernels[SMALL_MOST][SMALL_MOST];

/* All kernels of one dtype on one ISA. */
typedef struct KernelSet {
    const Tile *tiles; /* the largest first; with each come those at its edges */
    int tile_count;
    int vector_cols;        /* elements of a vector */
    double flops_per_cycle; /* of the tile on a typical core of this ISA, for the cost model */
    PackKernel *pack;
    ReduceKernel *reduce;
    GemvKernel *gemv;
    DirectKernel *direct;
    int direct_flat_rows; /* the most that share what they load */
    int direct_tall_rows; /* the same of rows of one or two vectors */
    BatchKernel *batch;
    int batch_rows; /* of its tiles */
    int batch_cols;
    SmallKernels *smalls;
} KernelSet;

/* convert: elements that follow each other, from one dtype to another. Integers are taken modulo
   2^n, whole numbers rounded to nearest (ties to even) where the other type cannot hold them, and
   what is not 0 is true. NaNs become quiet. */
typedef void ConvertKernel(const void *in, void *out, ptrdiff_t count);

/* From what is stored to what is computed with, wherever dtype_is_readable, or from sums to what is
   stored (I16 to I8, I8 to BOOL, F32 to F16 and BOOL); NULL for all other pairs. */
ConvertKernel *convert_kernel_for(DType from, DType to, Isa isa);

/* The kernel that packs elements of so many bytes. */
PackKernel *pack_kernel_for(size_t bytes, Isa isa);

enum { TILE_MAX_ROWS = 16, TILE_MAX_COLS = 256 };

/* The kernels that compute with a dtype; NULL where only the generic loops do. */
const KernelSet *kernels_for(DType dtype, Isa isa);

/* The kernel that copies elements as they are stored; NULL where there is none. */
CopyKernel *copy_kernel_for(DType dtype, Isa isa);

/* The kernel that multiplies elements, truth values as they are stored; NULL where there is none.
 */
MultiplyKernel *multiply_kernel_for(DType dtype, Isa isa);

/* Whether the kernels of an ISA are in this build. */
bool isa_is_built(Isa isa);

/* The most capable ISA that is built and present, not above cap (ISA_COUNT: no cap). */
Isa isa_choose(Isa cap);

#endif
