/* One input, nothing summed: every element goes to its place in the output. The kernel walks the
 * axis along which the output moves by single elements and the one along which the input does;
 * where they differ, it transposes in registers. */
#include "kernels/kernels.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

enum { IN, OUT };
enum {
    GRAIN_BYTES = 1024,     /* tasks have runs of at least so many bytes */
    TURNED_BYTES = 2 << 20, /* the least of an output that does not fit if it is turned */
};

typedef struct CopyChoices {
    Nest nest;
    CopyKernel *kernel;
    bool is_streamed;
} CopyChoices;

static bool is_served(const Contraction *contraction, const Machine *machine) {
    return contraction->dtypes[IN] == contraction->dtypes[OUT] &&
           copy_kernel_for(contraction->dtypes[OUT], machine->isa) != NULL;
}

/* The axes along which either side moves by its shortest step; if they are one, the next around it.
 */
typedef struct Steps {
    int out, in;
} Steps;

static Steps find_steps(const Contraction *contraction) {
    int kept = contraction->kept_count;
    int out = nest_nearest(contraction, OUT, 0, kept);
    int in = nest_nearest(contraction, IN, 0, kept);
    if (in == out) in = kept < 2 ? NO_AXIS : out == kept - 1 ? kept - 2 : kept - 1;
    return (Steps){out, in};
}

/* The kernel does not mind which axis is which, but tasks are cut along the rows. */
static Plane choose_plane(const Contraction *contraction) {
    Steps steps = find_steps(contraction);
    bool out_is_longer = nest_extent(contraction, steps.out) >= nest_extent(contraction, steps.in);
    int rows = out_is_longer ? steps.out : steps.in, cols = out_is_longer ? steps.in : steps.out;
    ptrdiff_t grain = GRAIN_BYTES / (ptrdiff_t)dtype_size(contraction->dtypes[OUT]);
    return (Plane){rows, cols, grain, 0};
}

static double copy_cost(const Contraction *contraction, const Machine *machine) {
    bool applies =
        contraction->input_count == 1 && contraction->axis_count == contraction->kept_count;
    if (!applies || !is_served(contraction, machine)) return INFINITY;
    Steps steps = find_steps(contraction);
    ptrdiff_t size = (ptrdiff_t)dtype_size(contraction->dtypes[OUT]);
    bool out_unit = nest_stride(contraction, steps.out, OUT) == size;
    ptrdiff_t in_step = nest_stride(contraction, steps.out, IN);
    bool transposes = nest_stride(contraction, steps.in, IN) == size;
    double turning = in_step == -size ? 0.3 : transposes ? 0.5 : 1.0;
    double cycles = !out_unit ? 1.5 : in_step == size ? 0.1 : turning;
    double elements = nest_elements(contraction);
    double run = (double)nest_extent(contraction, steps.out);
    double runs = (double)nest_extent(contraction, steps.in);
    return rates_cycles(elements * cycles + elements / run * 3) +
           elements / (run * runs) * rates.seconds_per_call;
}

/* Whether the output goes past the caches. Where squares are turned it comes line by line from far
   apart, and is too large for that long before it is too large to be found in a cache. */
static bool is_streamed(const Contraction *contraction, const Machine *machine) {
    int along = find_steps(contraction).out;
    bool turns = nest_stride(contraction, along, IN) != nest_stride(contraction, along, OUT);
    double most = fmax((double)machine->l2_bytes, TURNED_BYTES);
    return nest_is_streamed(contraction, machine) ||
           (turns && nest_side_bytes(contraction, OUT) > most);
}

static Status copy_prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                           StepPlan *step, Error *error) {
    CopyChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    choices->kernel = copy_kernel_for(contraction->dtypes[OUT], machine->isa);
    choices->is_streamed = is_streamed(contraction, machine);
    TRY(nest_make(contraction, choose_plane(contraction), arena, &choices->nest, error));
    step->choices = choices;
    step->phases = phases_single(nest_task_count(&choices->nest));
    return STATUS_OK;
}

static void copy_run(const StepPlan *step, char *const data[], const Task *task) {
    const CopyChoices *choices = step->choices;
    const Nest *nest = &choices->nest;
    Piece piece = nest_piece(nest, task->number);
    CopyJob job = {
        .rows = piece.row_count,
        .cols = nest->cols->extent,
        .in_row = nest->rows->strides[IN],
        .in_col = nest->cols->strides[IN],
        .out_row = nest->rows->strides[OUT],
        .out_col = nest->cols->strides[OUT],
        .is_streamed = choices->is_streamed,
    };
    Walk walk;
    nest_begin(nest, &piece, data, &walk);
    for (ptrdiff_t i = 0; i < piece.position_count; i++, walk_next(&walk)) {
        job.in = walk.pointers[IN];
        job.out = walk.pointers[OUT];
        choices->kernel(&job);
    }
}

const Strategy strategy_copy = {"copy", copy_cost, NULL, copy_prepare, copy_run};
