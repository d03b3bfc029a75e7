/* Which input of a product plays which part, which tile computes it, and what is packed: the
 * cheapest by a model of the cycles that tiles, packing and storing take. */
#include "base/extents.h"
#include "strategies/gemm.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

/* What the estimates of all shapes with the same left input share. */
typedef struct Model {
    const KernelSet *kernels;
    const Groups *groups;
    const Machine *machine;
    int inputs[2];         /* by Part */
    ptrdiff_t elements[2]; /* bytes of an input's, by Part */
    ptrdiff_t element;     /* of one as computed with */
    bool is_converted[2];  /* the input, when it is packed */
    ptrdiff_t runs[2];     /* lanes that follow each other in memory, by Part */
    double store_cycles;   /* per element of the output */
    double narrow_cycles;  /* the same, of one that is converted */
    double reading_cycles; /* of all of the right input, panel by panel */
    double lone_cycles[3]; /* per element that shares its line with other entries only, by side */
    bool can_be_direct[2];
    int planes;
} Model;

/* ---- estimates ----------------------------------------------------------- */

static const double CHAIN_CYCLES = 4, LOADS_PER_CYCLE = 2;

enum { LINE_BYTES = 64, CACHE_SETS = 64, SHORT_RUN = 4 };

/* Per element packed: copied in runs, transposed in squares, gathered one by one. */
static const double PACK_RUN_CYCLES = 0.4, PACK_TURN_CYCLES = 0.8, PACK_GATHER_CYCLES = 1.5;
static const double PACK_EACH_RUN_CYCLES = 2, PACK_SKIP_CYCLES = 0.3;
static const double PACK_CONVERT_CYCLES = 0.3;
/* Per panel, and per lane of one that is turned. */
static const double PACK_PANEL_CYCLES = 150, PACK_LANE_CYCLES = 7;
static const double STORE_SCATTER_CYCLES = 1.5, STORE_VECTOR_CYCLES = 0.2, STORE_ROW_CYCLES = 4;
static const double NARROW_CYCLES = 0.5, NARROW_ROW_CYCLES = 60, OFFSET_CYCLES = 5;
static const double FAR_LINE_CYCLES = 3, LONE_LINE_CYCLES = 4;
/* Per step of the depth, and per vector, of an input that is not packed: its vectors lie on two
   lines each. */
static const double DIRECT_LEFT_CYCLES = 1, DIRECT_RIGHT_CYCLES = 1.1;
static const double LONE_NEAR_CYCLES = 3, LONE_FAR_CYCLES = 16;
static const double TILE_CALL_CYCLES = 40, BATCH_ENTRY_CYCLES = 150, CALL_SECONDS = 0.4e-6;

/* Into how many sets of the first-level cache steps of a stride fall: a power of two. */
static ptrdiff_t sets_met(ptrdiff_t stride) {
    ptrdiff_t lines = magnitude(stride) / LINE_BYTES;
    if (stride % LINE_BYTES != 0) return CACHE_SETS;
    return CACHE_SETS / smaller(lines & -lines, CACHE_SETS);
}

/* How many lines of a panel of the right input, read where it is, share a set of the first-level
   cache. Steps of the depth that are closer than a line (windows) share lines. */
static double set_load(const AxisGroup *depth, int side, double steps, double lines) {
    double apart = 1, sets = 1;
    for (int i = 0; i < depth->count; i++) {
        const Axis *axis = depth->axes[i];
        if (magnitude(axis->strides[side]) < LINE_BYTES) {
            steps /= (double)axis->extent;
            continue;
        }
        apart *= (double)axis->extent;
        sets *= (double)smaller(axis->extent, sets_met(axis->strides[side]));
    }
    return fmin(apart, fmax(steps, 1)) * lines / fmin(sets * lines, CACHE_SETS);
}

/* What a vector costs that a direct tile loads from a panel with so many lines in a set: nothing
   while they stay in the first-level cache, else a way to the second and back. */
static double line_cycles(const Model *model, const Tile *tile) {
    const AxisGroup *depth = &model->groups->sum;
    double ways = (double)(model->machine->l1_bytes / (LINE_BYTES * CACHE_SETS));
    double bytes = (double)(tile->cols * model->element);
    double steps = fmin((double)depth->extent,
                        (double)gemm_most_depth(model->machine, model->element, tile->cols));
    double load = set_load(depth, model->inputs[PART_RIGHT], steps, bytes / LINE_BYTES + 1);
    return FAR_LINE_CYCLES * fmin(fmax(load / ways - 0.5, 0), 1);
}

/* Cycles of one step of the depth: bound by multiply-adds, by their latency or by loads. A direct
   tile also loads the offsets of its rows, and any that is not packed that of its vectors. */
static double tile_cycles(const Model *model, const Tile *tile, const bool is_packed[2]) {
    double vectors = (double)(tile->cols / model->kernels->vector_cols);
    double rows = tile->rows * model->planes;
    double loads = vectors + rows + (is_packed[PART_RIGHT] ? 0 : 1);
    if (!is_packed[PART_LEFT]) loads = vectors + 2 * rows + 4;
    double lines = is_packed[PART_LEFT] ? 0 : DIRECT_LEFT_CYCLES;
    if (!is_packed[PART_RIGHT]) lines += vectors * (DIRECT_RIGHT_CYCLES + line_cycles(model, tile));
    double products = 2 * rows * tile->cols * model->planes / model->kernels->flops_per_cycle;
    return fmax(fmax(products, CHAIN_CYCLES), loads / LOADS_PER_CYCLE) + 0.5 + lines;
}

const Tile *gemm_edge_tile(const KernelSet *kernels, const Tile *main, ptrdiff_t rows,
                           ptrdiff_t cols) {
    const Tile *best = main;
    for (int i = 0; i < kernels->tile_count; i++) {
        const Tile *tile = &kernels->tiles[i];
        bool is_enough = tile->rows >= rows && tile->cols >= cols;
        if (is_enough && tile->rows <= best->rows && tile->cols <= best->cols) best = tile;
    }
    return best;
}

/* All tiles of one batch entry: the whole ones, those at the edges, and the one in the corner. */
static double tiles_cycles(const Model *model, const GemmShape *shape) {
    const Groups *groups = model->groups;
    const Tile *tile = shape->tile;
    ptrdiff_t rows = groups->rows.extent, cols = groups->cols.extent;
    ptrdiff_t edges[2] = {rows % tile->rows, cols % tile->cols};
    double cycles = 0;
    for (int i = 0; i < 4; i++) {
        bool row_edge = i / 2, col_edge = i % 2;
        ptrdiff_t row_count = row_edge ? edges[0] > 0 : rows / tile->rows;
        ptrdiff_t col_count = col_edge ? edges[1] > 0 : cols / tile->cols;
        if (row_count * col_count == 0) continue;
        const Tile *edge =
            i == 0 ? tile
                   : gemm_edge_tile(model->kernels, tile, row_edge ? edges[0] : tile->rows,
                                    col_edge ? edges[1] : tile->cols);
        double steps = (double)groups->sum.extent * tile_cycles(model, edge, shape->is_packed);
        cycles += (double)(row_count * col_count) * (steps + TILE_CALL_CYCLES);
    }
    return cycles;
}

ptrdiff_t gemm_run_length(const AxisGroup *group, int side, ptrdiff_t element) {
    if (group->count == 0) return 1;
    const Axis *inner = group->axes[group->count - 1];
    return inner->strides[side] == element ? inner->extent : 1;
}

/* Per element of an input that is packed into panels of some width: lanes in runs take a load and a
   store for each vector, and some time for each run; others are turned where the depth has runs. */
static double move_cycles(const Model *model, Part part, int width) {
    const AxisGroup *lanes = part == PART_LEFT ? &model->groups->rows : &model->groups->cols;
    int side = model->inputs[part];
    ptrdiff_t element = model->elements[part], run = smaller(model->runs[part], width);
    if (run >= SHORT_RUN) return PACK_RUN_CYCLES + PACK_EACH_RUN_CYCLES / (double)run;
    if (lanes->count && lanes->axes[lanes->count - 1]->strides[side] == 2 * element) {
        return PACK_SKIP_CYCLES;
    }
    bool has_runs = gemm_run_length(&model->groups->sum, side, element) >= SHORT_RUN;
    return has_runs ? PACK_TURN_CYCLES : PACK_GATHER_CYCLES;
}

/* Of a whole input that is packed into panels of some width. */
static double pack_cycles(const Model *model, Part part, int width) {
    const AxisGroup *group = part == PART_LEFT ? &model->groups->rows : &model->groups->cols;
    double lanes = (double)group->extent, depth = (double)model->groups->sum.extent;
    double moving = move_cycles(model, part, width);
    double converting = model->is_converted[part] ? PACK_CONVERT_CYCLES : 0;
    bool is_run = smaller(model->runs[part], width) >= SHORT_RUN;
    return lanes * depth * (moving + converting) + (is_run ? 0 : lanes * PACK_LANE_CYCLES) +
           ceil(lanes / width) * PACK_PANEL_CYCLES;
}

/* The share of the panels of a direct right input in which a vector goes beyond the end of a run,
   so that they have to be packed after all. */
static double broken_share(const Model *model, int width) {
    ptrdiff_t lanes = model->kernels->vector_cols, run = model->runs[PART_RIGHT];
    ptrdiff_t grain = smaller(run & -run, lanes); /* vectors begin at its multiples in a run */
    double whole = 1 - (double)(lanes - grain) / (double)larger(run, lanes);
    return 1 - pow(whole, (double)width / (double)lanes);
}

/* The sums of all tiles, row by row. */
static double store_cycles(const Model *model, const Tile *tile) {
    double rows = (double)model->groups->rows.extent, cols = (double)model->groups->cols.extent;
    double row_cycles = ceil(cols / tile->cols) * STORE_ROW_CYCLES;
    if (model->narrow_cycles > 0) row_cycles += NARROW_ROW_CYCLES;
    double element = model->store_cycles + model->narrow_cycles + model->lone_cycles[2];
    return rows * (row_cycles + cols * element);
}

static double shape_seconds(const Model *model, const GemmShape *shape) {
    const Groups *groups = model->groups;
    double rows = (double)groups->rows.extent, cols = (double)groups->cols.extent;
    double depth = (double)groups->sum.extent;
    double cycles = tiles_cycles(model, shape) + BATCH_ENTRY_CYCLES;
    if (shape->is_packed[PART_LEFT]) cycles += pack_cycles(model, PART_LEFT, shape->tile->rows);
    double packed_share = shape->is_packed[PART_RIGHT] ? 1 : broken_share(model, shape->tile->cols);
    cycles += packed_share * pack_cycles(model, PART_RIGHT, shape->tile->cols);
    cycles += (rows + cols) * OFFSET_CYCLES + store_cycles(model, shape->tile);
    cycles += rows * depth * model->lone_cycles[model->inputs[PART_LEFT]];
    cycles += cols * depth * model->lone_cycles[model->inputs[PART_RIGHT]];
    cycles *= (double)groups->batch.extent;
    bool reads_long_runs =
        shape->is_packed[PART_RIGHT] && model->runs[PART_RIGHT] >= 2 * shape->tile->cols;
    if (!reads_long_runs) cycles += model->reading_cycles;
    return CALL_SECONDS + rates_cycles(cycles);
}

/* For each block of the depth the sums are stored, and read again: a narrow tile has fewer blocks.
 */
static double blocks_seconds(const Model *model, const Tile *tile) {
    const Groups *groups = model->groups;
    ptrdiff_t most = gemm_most_depth(model->machine, model->element, tile->cols);
    double sums = (double)groups->rows.extent * (double)groups->cols.extent;
    sums *= (double)groups->batch.extent * (double)divide_up(groups->sum.extent, most);
    return rates_cycles(sums * model->store_cycles);
}

/* Panels are read line by line, which no prefetching hides if they come from beyond the
   second-level cache; long runs are packed several panels at a time. */
static double reading_cycles(const Contraction *contraction, int side, const Machine *machine) {
    double bytes = nest_side_bytes(contraction, side);
    return bytes > (double)machine->l2_bytes ? bytes / LINE_BYTES * LONE_LINE_CYCLES : 0;
}

/* Lines of which an entry of the batch needs one element are read again for the next entries: from
   a cache, if that holds them all. */
static void find_lone_cycles(Model *model, const Contraction *contraction) {
    const Groups *groups = model->groups;
    double rows = (double)groups->rows.extent, cols = (double)groups->cols.extent;
    double depth = (double)groups->sum.extent, lines = 0;
    double elements[3] = {[2] = rows * cols};
    elements[model->inputs[PART_LEFT]] = rows * depth;
    elements[model->inputs[PART_RIGHT]] = cols * depth;
    for (int side = 0; side < 3; side++)
        lines += nest_is_lone(contraction, side) ? elements[side] : 0;
    bool is_far = lines * LINE_BYTES > (double)model->machine->l2_bytes / 2;
    for (int side = 0; side < 3; side++) {
        if (!nest_is_lone(contraction, side)) continue;
        model->lone_cycles[side] = is_far ? LONE_FAR_CYCLES : LONE_NEAR_CYCLES;
    }
}

static Model model_make(const Groups *groups, const Contraction *contraction, int left,
                        const KernelSet *kernels, const Machine *machine) {
    DType arithmetic = gemm_arithmetic(contraction);
    int right = 1 - left;
    ptrdiff_t elements[3];
    bool is_converted[3];
    for (int side = 0; side < 3; side++) {
        Conversion conversion = conversion_make(contraction, side, arithmetic, machine->isa);
        elements[side] = conversion.stored;
        is_converted[side] = conversion.kernel != NULL;
    }
    ptrdiff_t run = gemm_run_length(&groups->cols, right, elements[right]);
    ptrdiff_t stored_run = gemm_run_length(&groups->cols, 2, elements[2]);
    bool stores_runs = stored_run >= smaller(kernels->vector_cols, groups->cols.extent);
    return (Model){
        .kernels = kernels,
        .groups = groups,
        .machine = machine,
        .inputs = {left, right},
        .elements = {elements[left], elements[right]},
        .element = (ptrdiff_t)dtype_size(arithmetic),
        .is_converted = {is_converted[left], is_converted[right]},
        .runs = {gemm_run_length(&groups->rows, left, elements[left]), run},
        .store_cycles = stores_runs ? STORE_VECTOR_CYCLES : STORE_SCATTER_CYCLES,
        .narrow_cycles = is_converted[2] ? NARROW_CYCLES : 0,
        .reading_cycles = reading_cycles(contraction, right, machine),
        .can_be_direct = {!is_converted[left], !is_converted[right] && run >= kernels->vector_cols},
        .planes = dtype_is_complex(arithmetic) ? 2 : 1,
    };
}

/* Whether a tile is worth a thought: none is that has rows or columns to spare where a smaller one
   would do, or that is much smaller than the problem allows. */
static bool is_candidate(const Model *model, const Tile *tile) {
    ptrdiff_t rows = model->groups->rows.extent, cols = model->groups->cols.extent;
    const Tile *largest = &model->kernels->tiles[0];
    if (tile->rows > rows && gemm_edge_tile(model->kernels, tile, rows, tile->cols) != tile)
        return false;
    if (tile->cols > cols && gemm_edge_tile(model->kernels, tile, tile->rows, cols) != tile)
        return false;
    bool is_small = 3 * tile->rows * tile->cols < largest->rows * largest->cols;
    return !is_small || tile->rows >= rows || tile->cols >= cols;
}

/* The cheapest one with this left input, if it is cheaper than the best so far: first the tile,
   then what is packed. Blocks of the depth count between tiles only: the estimates with which
   other strategies are compared leave such things out. */
static void shape_improve(GemmShape *best, const Model *model, int left) {
    GemmShape shape = {.left = left, .is_packed = {true, true}, .seconds = INFINITY};
    double least = INFINITY, estimate = INFINITY;
    for (int i = 0; i < model->kernels->tile_count; i++) {
        GemmShape other = {&model->kernels->tiles[i], left, {true, true}, 0};
        if (!is_candidate(model, other.tile)) continue;
        other.seconds = shape_seconds(model, &other);
        double seconds = other.seconds + blocks_seconds(model, other.tile);
        estimate = fmin(estimate, other.seconds);
        if (seconds < least) shape = other;
        least = fmin(least, seconds);
    }
    for (int way = 0; way < 4; way++) {
        GemmShape other = {shape.tile, left, {way / 2 == 0, way % 2 == 0}, 0};
        bool is_possible = true;
        for (int part = 0; part < 2; part++) {
            is_possible &= other.is_packed[part] || model->can_be_direct[part];
        }
        if (is_possible) other.seconds = shape_seconds(model, &other);
        if (is_possible && other.seconds < shape.seconds) shape = other;
    }
    shape.seconds = fmin(shape.seconds, estimate);
    if (shape.seconds < best->seconds) *best = shape;
}

GemmShape gemm_shape_choose(const Contraction *contraction, const Machine *machine) {
    const KernelSet *kernels = kernels_for(gemm_arithmetic(contraction), machine->isa);
    GemmShape best = {.seconds = INFINITY};
    for (int left = 0; left < 2; left++) {
        Groups groups;
        groups_make(&groups, contraction, left);
        Model model = model_make(&groups, contraction, left, kernels, machine);
        find_lone_cycles(&model, contraction);
        shape_improve(&best, &model, left);
    }
    return best;
}

static bool is_applicable(const Contraction *contraction, const Machine *machine) {
    if (contraction->input_count != 2 || contraction->kept_count == contraction->axis_count) {
        return false;
    }
    return kernels_for(contraction->arithmetic, machine->isa) != NULL;
}

double gemm_cost(const Contraction *contraction, const Machine *machine) {
    if (!is_applicable(contraction, machine)) return INFINITY;
    return gemm_shape_choose(contraction, machine).seconds;
}

/* Nothing but multiply-adds, and those without a pause. */
double gemm_bound(const Contraction *contraction, const Machine *machine) {
    if (!is_applicable(contraction, machine)) return INFINITY;
    DType arithmetic = gemm_arithmetic(contraction);
    double planes = dtype_is_complex(arithmetic) ? 2 : 1;
    double flops = 2 * nest_elements(contraction) * planes * planes;
    return CALL_SECONDS +
           rates_cycles(flops / kernels_for(arithmetic, machine->isa)->flops_per_cycle);
}
