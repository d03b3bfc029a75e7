/* From operands to a step: the loop nest, the strategy, and what it needs at run time. */
#include "base/extents.h"
#include "base/memory.h"
#include "planning/builder.h"
#include "planning/describe.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>

static void add_axis(Builder *builder, Operand *const sides[], int side_count, int label) {
    Axis axis = {.extent = builder->problem->extents[label]};
    for (int side = 0; side < side_count; side++) axis.strides[side] = sides[side]->strides[label];
    contraction_add(builder->contraction, &axis,
                    label_set_has(&sides[side_count - 1]->labels, label));
}

/* The loop nest of a step: sides are its inputs and, last, its result. */
static void make_contraction(Builder *builder, Operand *const sides[], int side_count,
                             const LabelSet *summed) {
    Contraction *contraction = builder->contraction;
    const LabelSet *kept = &sides[side_count - 1]->labels;
    int label_count = builder->problem->label_count;
    contraction_begin(contraction, builder_arithmetic(builder), side_count - 1);
    contraction->objects = builder->options->objects;
    for (int side = 0; side < side_count; side++) contraction->dtypes[side] = sides[side]->dtype;
    for (int label = 0; label < label_count; label++) {
        if (label_set_has(kept, label)) add_axis(builder, sides, side_count, label);
    }
    for (int label = 0; label < label_count; label++) {
        if (label_set_has(summed, label)) add_axis(builder, sides, side_count, label);
    }
    contraction_normalise(contraction);
}

static Status describe(Builder *builder, Operand *const sides[], int side_count, Step *step) {
    const ptrdiff_t *strides[MAX_SIDES];
    LabelSet labels[MAX_SIDES];
    for (int side = 0; side < side_count; side++) {
        strides[side] = sides[side]->strides;
        labels[side] = sides[side]->labels;
    }
    Arena *arena = &builder->plan->arena;
    step->expression = describe_step(builder->problem, labels, strides, side_count, arena);
    return step->expression ? STATUS_OK : error_memory(builder->error);
}

/* No more than there are tasks, or than is worth the trouble. */
static int useful_threads(const Step *step) {
    const ptrdiff_t *tasks = step->plan.phases.tasks;
    double most = (double)(tasks[0] > tasks[1] ? tasks[0] : tasks[1]);
    double worth = step->plan.seconds / POOL_SECONDS_PER_THREAD;
    double threads = fmin(fmin(most, worth), POOL_MOST_THREADS);
    return threads > 1 ? (int)threads : 1;
}

/* Memory for the step that needs the most. */
static void make_room(size_t *room, size_t bytes) {
    size_t lines = memory_whole_lines(bytes);
    if (*room < lines) *room = lines;
}

static Status append_step(Builder *builder, Operand *const sides[], int side_count,
                          const LabelSet *summed) {
    make_contraction(builder, sides, side_count, summed);
    Plan *plan = builder->plan;
    Step *step = &plan->steps[plan->step_count++];
    step->slots = arena_take(&plan->arena, (size_t)side_count, sizeof(Slot));
    if (!step->slots) return error_memory(builder->error);
    for (int side = 0; side < side_count; side++) {
        step->slots[side] = sides[side]->slot;
        step->slots[side].offset += builder->contraction->origins[side];
    }
    const PlanOptions *options = builder->options;
    TRY(strategy_prepare(options->strategy, builder->contraction, options->machine, &plan->arena,
                         &step->plan, builder->error));
    step->is_short =
        phases_total(&step->plan.phases) == 1 && step->plan.seconds < POOL_SECONDS_PER_THREAD;
    plan->seconds += step->plan.seconds;
    make_room(&plan->scratch_bytes, step->plan.scratch_bytes);
    make_room(&builder->shared_bytes, step->plan.shared_bytes);
    plan->most_threads = (int)larger(plan->most_threads, useful_threads(step));
    return options->is_described ? describe(builder, sides, side_count, step) : STATUS_OK;
}

/* ---- conversions --------------------------------------------------------- */

static const double CONVERT_CYCLES = 0.5, CONVERT_STEP_SECONDS = 0.2e-6;

static bool is_plain(const Builder *builder, const Operand *operand) {
    return dtype_is_plain(operand->dtype, builder_arithmetic(builder));
}

/* Seconds to convert the elements of a side apart. INFINITY where they overlap, as those of windows
   do: these are never all written down. */
static double convert_seconds(const Contraction *contraction, int side, const Machine *machine) {
    double elements = 1;
    for (int i = 0; i < contraction->axis_count; i++) {
        if (contraction->axes[i].strides[side] != 0) {
            elements *= (double)contraction->axes[i].extent;
        }
    }
    double stored = elements * (double)dtype_size(contraction->dtypes[side]);
    double computed = elements * (double)dtype_size(contraction->arithmetic);
    if (nest_side_bytes(contraction, side) < stored) return INFINITY;
    double traffic = rates_traffic(stored + computed, stored + computed, machine);
    return CONVERT_STEP_SECONDS + fmax(rates_cycles(elements * CONVERT_CYCLES), traffic);
}

/* Makes the builder's contraction what it would be if the side were stored as computed with. */
static void pretend_plain(Contraction *contraction, int side) {
    ptrdiff_t stored = (ptrdiff_t)dtype_size(contraction->dtypes[side]);
    ptrdiff_t computed = (ptrdiff_t)dtype_size(contraction->arithmetic);
    for (int i = 0; i < contraction->axis_count; i++) {
        contraction->axes[i].strides[side] = contraction->axes[i].strides[side] / stored * computed;
    }
    contraction->dtypes[side] = contraction->arithmetic;
}

/* Whether a step is better done with all its sides as computed with, and steps around it that
   convert those that are not. */
static bool is_better_converted(Builder *builder, Operand *const sides[], int side_count,
                                const LabelSet *summed) {
    const Machine *machine = builder->options->machine;
    Contraction *contraction = builder->contraction;
    bool is_converted = false;
    for (int side = 0; side < side_count; side++) is_converted |= !is_plain(builder, sides[side]);
    if (!is_converted || side_count == 1 || builder->options->strategy) return false;
    make_contraction(builder, sides, side_count, summed);
    double as_stored = strategy_least_seconds(contraction, machine), converted = 0;
    for (int side = 0; side < side_count; side++) {
        if (is_plain(builder, sides[side])) continue;
        converted += convert_seconds(contraction, side, machine);
        pretend_plain(contraction, side);
    }
    return converted < as_stored &&
           converted + strategy_least_seconds(contraction, machine) < as_stored;
}

/* A copy of an input in the workspace, as computed with. */
static Status convert_input(Builder *builder, Operand *input, Operand **converted) {
    const LabelSet none = {{0}};
    TRY(operand_from_step(builder, &input, 1, &input->labels, builder_arithmetic(builder)));
    *converted = &builder->operands[builder->operand_count - 1];
    Operand *sides[] = {input, *converted};
    return append_step(builder, sides, 2, &none);
}

static Status add_converted(Builder *builder, Operand *const sides[], int side_count,
                            const LabelSet *summed) {
    const LabelSet none = {{0}};
    Operand *plain[MAX_SIDES];
    int output = side_count - 1;
    for (int side = 0; side < side_count; side++) {
        plain[side] = sides[side];
        if (side == output || is_plain(builder, sides[side])) continue;
        TRY(convert_input(builder, sides[side], &plain[side]));
    }
    if (!is_plain(builder, sides[output])) {
        TRY(operand_from_step(builder, sides + output, 1, &sides[output]->labels,
                              builder_arithmetic(builder)));
        plain[output] = &builder->operands[builder->operand_count - 1];
    }
    TRY(append_step(builder, plain, side_count, summed));
    if (plain[output] != sides[output]) {
        Operand *last[] = {plain[output], sides[output]};
        TRY(append_step(builder, last, 2, &none));
    }
    for (int side = 0; side < side_count; side++) {
        if (plain[side] != sides[side]) operand_release(builder, plain[side]);
    }
    return STATUS_OK;
}

Status add_step(Builder *builder, Operand *const sides[], int side_count, const LabelSet *summed) {
    return (is_better_converted(builder, sides, side_count, summed) ? add_converted : append_step)(
        builder, sides, side_count, summed);
}
