/* A small kernel that slides over a map, where the map and the output have an axis of unit stride
 * in common: filters of images, depthwise layers, layers of few channels or few filters. Vectors
 * lie along that axis (the lanes), elements of the kernel are broadcast, and nothing is packed.
 *
 * Several rows of the output share each vector of the map that is loaded. Rows are filters, or they
 * are successive positions of a window: position y meets tap i of the kernel at row y + i of the
 * map, so that each row of the map is loaded once for all the positions that it is seen from. Near
 * its two ends a group of rows does not share everything: a run of taps says which rows it meets.
 */
#include "base/extents.h"
#include "kernels/kernels.h"
#include "strategies/groups.h"
#include "strategies/nest.h"
#include "strategies/rates.h"
#include "strategies/units.h"

#include <math.h>

enum { OUT = 2 };
enum { MOST_RUNS = 4096, CHAIN_STEPS = 256 }; /* of additions without a break */
enum { MOST_ROWS = 24 };                      /* of a unit; a run has a bit for each */
enum { SUM_LATENCY = 4, FAR_LINE_CYCLES = 4, LONE_ELEMENT_CYCLES = 30, LINE_BYTES = 64 };
enum { JOIN_CYCLES = 45 }; /* of the parts of a vector of complex sums */
enum { UNIT_LANES = 4096, TASK_PRODUCTS = 1 << 20 };

/* Which side and which axis plays which part. */
typedef struct Roles {
    int map, kernel;
    int lanes, rows; /* kept axes; rows may be NO_AXIS */
    int slide;       /* the summed axis along which rows slide, or NO_AXIS: rows are filters */
    int taps;        /* the summed axis of the innermost loop, or NO_AXIS */
} Roles;

typedef struct DirectChoices {
    Roles roles;
    DirectKernel *kernel;
    DirectRun *runs;
    ptrdiff_t run_count;
    int height;           /* rows of a unit */
    ptrdiff_t unit_lanes; /* at most */
    Units units;          /* kept axes left over, then blocks of lanes, then blocks of rows */
} DirectChoices;

/* ---- roles --------------------------------------------------------------- */

static int find_lanes(const Contraction *contraction, int map) {
    ptrdiff_t element = (ptrdiff_t)dtype_size(contraction->dtypes[OUT]);
    for (int i = 0; i < contraction->kept_count; i++) {
        const ptrdiff_t *strides = contraction->axes[i].strides;
        if (strides[map] == element && strides[OUT] == element && strides[1 - map] == 0) return i;
    }
    return NO_AXIS;
}

/* The summed axis that moves the map as the kept one does, and the kernel too. */
static int find_slide(const Contraction *contraction, int map, int rows) {
    const Axis *row = &contraction->axes[rows];
    if (row->strides[map] == 0 || row->strides[1 - map] != 0) return NO_AXIS;
    for (int i = contraction->kept_count; i < contraction->axis_count; i++) {
        const Axis *axis = &contraction->axes[i];
        if (axis->strides[map] == row->strides[map] && axis->strides[1 - map] != 0) return i;
    }
    return NO_AXIS;
}

static bool are_filters(const Contraction *contraction, int map, int rows) {
    const Axis *row = &contraction->axes[rows];
    return row->strides[map] == 0 && row->strides[1 - map] != 0;
}

/* The summed axis along which the map moves by the shortest step, besides the one that slides. */
static int find_taps(const Contraction *contraction, const Roles *roles) {
    int taps = NO_AXIS;
    for (int i = contraction->kept_count; i < contraction->axis_count; i++) {
        ptrdiff_t step = magnitude(nest_stride(contraction, i, roles->map));
        bool is_nearer =
            taps == NO_AXIS || step < magnitude(nest_stride(contraction, taps, roles->map));
        if (i != roles->slide && is_nearer) taps = i;
    }
    return taps;
}

/* ---- estimates ----------------------------------------------------------- */

static double run_count_of(const Contraction *contraction, const Roles *roles, int height) {
    double runs = (double)divide_up(nest_extent(contraction, roles->taps), CHAIN_STEPS);
    for (int i = contraction->kept_count; i < contraction->axis_count; i++) {
        if (i != roles->slide && i != roles->taps) runs *= (double)contraction->axes[i].extent;
    }
    if (roles->slide == NO_AXIS) return runs;
    return runs * (double)(contraction->axes[roles->slide].extent + height - 1);
}

/* How a row of the output is cut. */
typedef struct RowTiles {
    double vectors, tiles;
} RowTiles;

/* Tiles of up to four vectors; of what is narrower than one, halves or quarters, each a tile of its
   own; of what is narrower still, elements, which are as slow as four vectors. */
static RowTiles row_tiles(double scalars, double lanes) {
    double vectors = ceil(scalars / lanes);
    if (scalars >= lanes) return (RowTiles){vectors, ceil(vectors / 4)};
    if (4 * scalars < lanes) return (RowTiles){4 * scalars, scalars};
    double parts = ceil(scalars / lanes * (2 * scalars < lanes ? 4 : 2));
    return (RowTiles){parts, parts};
}

/* How many rows are computed at once. */
static ptrdiff_t strip_rows(const Contraction *contraction, const Roles *roles,
                            const KernelSet *kernels) {
    bool is_narrow = nest_extent(contraction, roles->lanes) <= 2 * kernels->vector_cols;
    int most = is_narrow ? kernels->direct_tall_rows : kernels->direct_flat_rows;
    return smaller(nest_extent(contraction, roles->rows), most);
}

/* Rows of a unit: filters share nothing but the call, those that slide what they load. */
static int height_of(const Contraction *contraction, const Roles *roles, const KernelSet *kernels) {
    ptrdiff_t rows = nest_extent(contraction, roles->rows);
    ptrdiff_t most = roles->slide == NO_AXIS ? MOST_ROWS : strip_rows(contraction, roles, kernels);
    return (int)divide_up(rows, divide_up(rows, most));
}

/* A map that comes from beyond the second cache is read by narrow strips, line by line; by all
   strips of rows again, if there is no room for what one of them reads. */
static double map_cycles(const Contraction *contraction, const Roles *roles, double steps,
                         double strips, const Machine *machine) {
    double map = nest_side_bytes(contraction, roles->map), l2 = (double)machine->l2_bytes;
    double lanes = fmin((double)nest_extent(contraction, roles->lanes), UNIT_LANES);
    double unit = steps * lanes * (double)dtype_size(contraction->arithmetic);
    if (map <= l2) return 0;
    return map / LINE_BYTES * FAR_LINE_CYCLES * (unit <= l2 / 2 ? 1 : strips);
}

/* So is a kernel, if the elements that one unit reads follow each other; if they do not, each of
   them takes a line of its own. */
static double kernel_cycles(const Contraction *contraction, const Roles *roles,
                            const Machine *machine) {
    int side = roles->kernel, kept = contraction->kept_count;
    double bytes = nest_side_bytes(contraction, side);
    if (bytes <= (double)machine->l2_bytes) return 0;
    int nearest = nest_nearest(contraction, side, kept, contraction->axis_count);
    ptrdiff_t along_rows = magnitude(nest_stride(contraction, roles->rows, side));
    ptrdiff_t along_sum = magnitude(nest_stride(contraction, nearest, side));
    bool has_runs =
        (along_rows != 0 && along_rows < LINE_BYTES) || (along_sum != 0 && along_sum < LINE_BYTES);
    double elements = bytes / (double)dtype_size(contraction->arithmetic);
    return has_runs ? bytes / LINE_BYTES * FAR_LINE_CYCLES : elements * LONE_ELEMENT_CYCLES;
}

/* Of all strips of rows. A vector that crosses a cache line is loaded twice, each time in half a
   cycle; about half of that is hidden behind the products. */
static double compute_seconds(const Contraction *contraction, const Roles *roles,
                              const Machine *machine) {
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    double planes = dtype_is_complex(contraction->arithmetic) ? 2 : 1;
    double lanes =
        isa_vector_bytes(machine->isa) * planes / (double)dtype_size(contraction->arithmetic);
    RowTiles row = row_tiles((double)nest_extent(contraction, roles->lanes) * planes, lanes);
    ptrdiff_t rows = nest_extent(contraction, roles->rows);
    int height = height_of(contraction, roles, kernels);
    double strips = (double)divide_up(rows, strip_rows(contraction, roles, kernels));
    double depth = 1, positions = 1;
    for (int i = 0; i < contraction->axis_count; i++) {
        bool is_kept = i < contraction->kept_count, is_ours = i == roles->lanes || i == roles->rows;
        if (!is_kept) depth *= (double)contraction->axes[i].extent;
        if (is_kept && !is_ours) positions *= (double)contraction->axes[i].extent;
    }
    double shared = (double)nest_extent(contraction, roles->slide);
    double steps = depth / shared * (shared + (roles->slide == NO_AXIS ? 0 : height - 1));
    double runs = run_count_of(contraction, roles, height);
    double products = (double)rows * depth * row.vectors * planes;
    double multiplying = products * lanes * 2 / kernels->flops_per_cycle;
    double waiting = strips * steps * row.tiles * SUM_LATENCY; /* each sum for its last product */
    double loading = strips * steps * row.vectors + (double)rows * depth * row.tiles * planes / 2;
    double joining = planes > 1 ? (double)rows * row.vectors * JOIN_CYCLES : 0;
    double cycles = fmax(multiplying, waiting) + loading / 2;
    cycles = positions * (cycles + joining + strips * row.tiles * (30 + 12 * runs));
    cycles += map_cycles(contraction, roles, steps, strips, machine);
    cycles += kernel_cycles(contraction, roles, machine);
    return rates_cycles(cycles) + positions * strips * rates.seconds_per_call;
}

static bool is_better(const Contraction *contraction, const Roles *roles, const Machine *machine,
                      double *seconds) {
    if (run_count_of(contraction, roles, TILE_MAX_ROWS) > MOST_RUNS) return false;
    double candidate = compute_seconds(contraction, roles, machine);
    if (candidate >= *seconds) return false;
    *seconds = candidate;
    return true;
}

/* The fastest distribution of parts; INFINITY if there is none. */
static double choose_roles(const Contraction *contraction, const Machine *machine, Roles *best) {
    double seconds = INFINITY;
    for (int map = 0; map < 2; map++) {
        Roles roles = {map, 1 - map, find_lanes(contraction, map), NO_AXIS, NO_AXIS, NO_AXIS};
        if (roles.lanes == NO_AXIS) continue;
        for (int rows = NO_AXIS; rows < contraction->kept_count; rows++) {
            roles.rows = rows;
            roles.slide = rows == NO_AXIS ? NO_AXIS : find_slide(contraction, map, rows);
            bool is_shared =
                rows == NO_AXIS || roles.slide != NO_AXIS || are_filters(contraction, map, rows);
            roles.taps = find_taps(contraction, &roles);
            if (is_shared && is_better(contraction, &roles, machine, &seconds)) *best = roles;
        }
    }
    return seconds;
}

static double direct_cost(const Contraction *contraction, const Machine *machine) {
    bool applies = contraction->input_count == 2 && !contraction->is_empty &&
                   contraction->axis_count > contraction->kept_count &&
                   nest_is_served(contraction, machine);
    Roles roles;
    return applies ? choose_roles(contraction, machine, &roles) : INFINITY;
}

/* ---- prepare ------------------------------------------------------------- */

/* Appends the taps of one place of the other summed axes, in pieces that are summed in one chain.
 */
static void add_runs(DirectChoices *choices, const Axis *taps, DirectRun run) {
    ptrdiff_t extent = taps->extent;
    for (ptrdiff_t done = 0; done < extent; done += CHAIN_STEPS) {
        DirectRun piece = run;
        piece.map += done * taps->strides[choices->roles.map];
        piece.kernel += done * taps->strides[choices->roles.kernel];
        piece.taps = smaller(extent - done, CHAIN_STEPS);
        choices->runs[choices->run_count++] = piece;
    }
}

/* Step `at` along the slide meets row r of a unit with the kernel's element at - r, if there is
   one. */
static void add_slide(DirectChoices *choices, const Axis *slide, const Axis *taps, DirectRun run) {
    for (ptrdiff_t at = 0; at < slide->extent + choices->height - 1; at++) {
        DirectRun step = run;
        step.map += at * slide->strides[choices->roles.map];
        step.kernel += at * slide->strides[choices->roles.kernel];
        for (int r = 0; r < choices->height; r++) {
            if (at >= r && at < slide->extent + r) step.rows |= 1u << r;
        }
        add_runs(choices, taps, step);
    }
}

static Status make_runs(const Contraction *contraction, Arena *arena, DirectChoices *choices,
                        Error *error) {
    static const Axis once = {.extent = 1};
    const Roles *roles = &choices->roles;
    AxisGroup others = {.extent = 1};
    for (int i = contraction->kept_count; i < contraction->axis_count; i++) {
        if (i == roles->slide || i == roles->taps) continue;
        others.axes[others.count++] = &contraction->axes[i];
        others.extent *= contraction->axes[i].extent;
    }
    double runs = run_count_of(contraction, roles, choices->height);
    choices->runs = arena_take(arena, (size_t)runs, sizeof *choices->runs);
    if (!choices->runs) return error_memory(error);
    const Axis *taps = roles->taps == NO_AXIS ? &once : &contraction->axes[roles->taps];
    for (ptrdiff_t i = 0; i < others.extent; i++) {
        DirectRun run = {.map = group_offset(&others, roles->map, i),
                         .kernel = group_offset(&others, roles->kernel, i)};
        if (roles->slide == NO_AXIS) {
            run.rows = ~0u;
            add_runs(choices, taps, run);
        } else {
            add_slide(choices, &contraction->axes[roles->slide], taps, run);
        }
    }
    return STATUS_OK;
}

static Status make_units(const Contraction *contraction, Arena *arena, DirectChoices *choices,
                         Error *error) {
    static const Axis once = {.extent = 1};
    const Roles *roles = &choices->roles;
    const Axis *lanes = &contraction->axes[roles->lanes];
    const Axis *rows = roles->rows == NO_AXIS ? &once : &contraction->axes[roles->rows];
    TRY(units_make(&choices->units, contraction->kept_count + 2, arena, error));
    for (int i = 0; i < contraction->kept_count; i++) {
        if (i == roles->lanes || i == roles->rows) continue;
        units_add(&choices->units, &contraction->axes[i]);
    }
    ptrdiff_t blocks = divide_up(lanes->extent, UNIT_LANES);
    choices->unit_lanes = divide_up(lanes->extent, blocks);
    Axis lane_blocks = axis_of_blocks(lanes, choices->unit_lanes, OUT + 1);
    Axis row_blocks = axis_of_blocks(rows, choices->height, OUT + 1);
    units_add(&choices->units, &lane_blocks);
    units_add(&choices->units, &row_blocks);
    units_cut(&choices->units, contraction, TASK_PRODUCTS);
    return STATUS_OK;
}

static Status direct_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                             StepPlan *step, Error *error) {
    DirectChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    const KernelSet *kernels = kernels_for(contraction->arithmetic, machine->isa);
    *choices = (DirectChoices){.kernel = kernels->direct};
    choose_roles(contraction, machine, &choices->roles);
    choices->height = height_of(contraction, &choices->roles, kernels);
    TRY(make_runs(contraction, arena, choices, error));
    TRY(make_units(contraction, arena, choices, error));
    step->choices = choices;
    step->phases = phases_single(choices->units.task_count);
    return STATUS_OK;
}

/* ---- run ----------------------------------------------------------------- */

/* How many of the runs from first on can be summed in one chain. */
static ptrdiff_t chain_of_runs(const DirectChoices *choices, ptrdiff_t first) {
    ptrdiff_t steps = choices->runs[first].taps, end = first + 1;
    while (end < choices->run_count && steps + choices->runs[end].taps <= CHAIN_STEPS) {
        steps += choices->runs[end++].taps;
    }
    return end - first;
}

static void run_unit(const DirectChoices *choices, DirectJob *job) {
    for (ptrdiff_t first = 0; first < choices->run_count; first += job->run_count) {
        job->runs = choices->runs + first;
        job->run_count = chain_of_runs(choices, first);
        job->accumulate = first > 0;
        choices->kernel(job);
    }
}

/* What is left of an axis for the block that the walk stands at. */
static ptrdiff_t block_left(ptrdiff_t extent, ptrdiff_t block, ptrdiff_t at) {
    return smaller(block, extent - at * block);
}

static void direct_run(const StepPlan *step, char *const data[], const Task *task) {
    const DirectChoices *choices = step->choices;
    const Contraction *contraction = step->contraction;
    const Roles *roles = &choices->roles;
    int along = roles->slide == NO_AXIS ? roles->rows : roles->slide;
    ptrdiff_t kernel_row = nest_stride(contraction, along, roles->kernel);
    DirectJob job = {
        .map_tap = nest_stride(contraction, roles->taps, roles->map),
        .kernel_tap = nest_stride(contraction, roles->taps, roles->kernel),
        .kernel_row = roles->slide == NO_AXIS ? kernel_row : -kernel_row,
        .out_row = nest_stride(contraction, roles->rows, OUT),
    };
    Walk walk;
    ptrdiff_t count = units_begin(&choices->units, task, OUT + 1, data, &walk);
    for (ptrdiff_t i = 0; i < count; i++, walk_next(&walk)) {
        job.map = walk.pointers[roles->map];
        job.kernel = walk.pointers[roles->kernel];
        job.out = walk.pointers[OUT];
        job.lanes = block_left(nest_extent(contraction, roles->lanes), choices->unit_lanes,
                               units_at(&choices->units, &walk, 1));
        job.rows = (int)block_left(nest_extent(contraction, roles->rows), choices->height,
                                   units_at(&choices->units, &walk, 0));
        run_unit(choices, &job);
    }
}

const Strategy strategy_direct = {"direct", direct_cost, NULL, direct_prepare, direct_run};
