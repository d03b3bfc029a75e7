/* From operands to a step: the loop nest, the strategy, and what it needs at run time. */
#include "base/extents.h"
#include "base/memory.h"
#include "planning/builder.h"
#include "planning/describe.h"

#include <math.h>

static void add_axis(Builder *builder, Operand *const sides[], int side_count, int label) {
    Axis axis = {.extent = builder->problem->extents[label]};
    for (int side = 0; side < side_count; side++) axis.strides[side] = sides[side]->strides[label];
    contraction_add(builder->contraction, &axis,
                    label_set_has(&sides[side_count - 1]->labels, label));
}

void make_contraction(Builder *builder, Operand *const sides[], int side_count,
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

Status append_step(Builder *builder, Operand *const sides[], int side_count) {
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
