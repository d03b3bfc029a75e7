/* From a problem to steps.
 *
 * Inputs and the results of steps are operands in turn; path_find says which two come next. Before
 * a product, labels that only one of the two still needs summed are summed away. Intermediates are
 * ours, so they are laid out as the products make them: batch axes, then the left's, then the
 * right's.
 *
 *     workspace   | intermediate | intermediate | ... | shared by tasks | scratch | scratch | ...
 *                 0              regions reused once    shared_offset     scratch_offset: one for
 *                                they are read                            each thread
 */
#include "planning/plan.h"

#include "base/checked.h"
#include "base/extents.h"
#include "base/memory.h"
#include "planning/describe.h"
#include "planning/path.h"
#include "planning/regions.h"

#include <math.h>
#include <string.h>

enum { MAX_FUSED_INPUTS = 8 }; /* of an elementwise product in one pass */

/* An input, or the result of a step: what later steps see of it. */
typedef struct Operand {
    LabelSet labels;    /* along which it moves */
    ptrdiff_t *strides; /* [label] */
    Slot slot;
    DType dtype;
} Operand;

/* A plan in the making. Its own memory is the scratch arena, which ends with plan_make. */
typedef struct Builder {
    const Problem *problem;
    const PlanOptions *options;
    Arena *scratch;
    Plan *plan;
    Operand *operands; /* inputs, then the results of steps */
    int operand_count;
    LabelSet unmoved; /* summed labels along which no input moves: left to the last step */
    Regions regions;
    size_t shared_bytes;      /* the most that a step needs */
    Contraction *contraction; /* with room for the axes there are */
    Error *error;
} Builder;

static DType arithmetic(const Problem *problem) {
    return dtype_arithmetic(problem->dtypes[problem->input_count]);
}

/* ---- operands ------------------------------------------------------------ */

static void operand_from_input(Builder *builder, int input) {
    const Problem *problem = builder->problem;
    Operand *operand = &builder->operands[builder->operand_count++];
    *operand = (Operand){
        .strides = problem->strides[input], .slot = {input, 0}, .dtype = problem->dtypes[input]};
    for (int label = 0; label < problem->label_count; label++) {
        if (problem->extents[label] != 1 && operand->strides[label] != 0) {
            label_set_add(&operand->labels, label);
        }
    }
}

/* 0 for labels of both operands, 1 for those of the first, 2 for those of the second. */
static int label_rank(Operand *const sides[], int count, int label) {
    if (count == 1 || !label_set_has(&sides[1]->labels, label)) return 1;
    return label_set_has(&sides[0]->labels, label) ? 0 : 2;
}

static bool comes_first(Operand *const sides[], int count, int a, int b) {
    int rank_a = label_rank(sides, count, a), rank_b = label_rank(sides, count, b);
    if (rank_a != rank_b) return rank_a < rank_b;
    const Operand *owner = sides[rank_a == 2];
    return magnitude(owner->strides[a]) > magnitude(owner->strides[b]);
}

/* The kept labels in the order in which the result of a step is to lie in memory. */
static int result_order(const Builder *builder, Operand *const sides[], int count,
                        const LabelSet *kept, int order[]) {
    int length = 0;
    for (int label = 0; label < builder->problem->label_count; label++) {
        if (!label_set_has(kept, label)) continue;
        int at = length++;
        for (; at > 0 && comes_first(sides, count, label, order[at - 1]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = label;
    }
    return length;
}

/* A new operand in the workspace for the result of a step. */
static Status operand_from_step(Builder *builder, Operand *const sides[], int count,
                                const LabelSet *kept) {
    const Problem *problem = builder->problem;
    Operand result = {.labels = *kept, .dtype = arithmetic(problem)};
    size_t label_count = (size_t)problem->label_count;
    result.strides = arena_take(builder->scratch, label_count, sizeof *result.strides);
    int *order = arena_take(builder->scratch, label_count, sizeof *order);
    if (!result.strides || !order) return error_memory(builder->error);
    memset(result.strides, 0, label_count * sizeof *result.strides);
    ptrdiff_t bytes = (ptrdiff_t)dtype_size(result.dtype);
    for (int i = result_order(builder, sides, count, kept, order); i-- > 0;) {
        result.strides[order[i]] = bytes;
        if (!checked_multiply(bytes, problem->extents[order[i]], &bytes)) {
            return error_set(builder->error, STATUS_MEMORY, "an intermediate result is too large");
        }
    }
    size_t offset;
    if (!region_take(&builder->regions, (size_t)bytes, &offset))
        return error_memory(builder->error);
    result.slot = (Slot){SLOT_WORKSPACE, (ptrdiff_t)offset};
    builder->operands[builder->operand_count++] = result;
    return STATUS_OK;
}

static void operand_release(Builder *builder, const Operand *operand) {
    if (operand->slot.operand == SLOT_WORKSPACE) {
        region_give(&builder->regions, (size_t)operand->slot.offset);
    }
}

static LabelSet output_labels(const Problem *problem) {
    LabelSet labels = {{0}};
    for (int label = 0; label < problem->kept_count; label++) label_set_add(&labels, label);
    return labels;
}

/* The end of the plan: the output of the problem, which may broadcast labels no input moves along.
 */
static void operand_from_output(Builder *builder) {
    const Problem *problem = builder->problem;
    int output = problem->input_count;
    Operand *result = &builder->operands[builder->operand_count++];
    *result = (Operand){
        .strides = problem->strides[output], .slot = {output, 0}, .dtype = problem->dtypes[output]};
    for (int label = 0; label < problem->kept_count; label++) label_set_add(&result->labels, label);
}

/* ---- steps --------------------------------------------------------------- */

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
    contraction_begin(contraction, arithmetic(builder->problem), side_count - 1);
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
    double worth = step->seconds / POOL_SECONDS_PER_THREAD;
    double threads = fmin(fmin(most, worth), POOL_MOST_THREADS);
    return threads > 1 ? (int)threads : 1;
}

/* Memory for the step that needs the most. */
static void make_room(size_t *room, size_t bytes) {
    size_t lines = memory_whole_lines(bytes);
    if (*room < lines) *room = lines;
}

/* Appends the step that the builder's contraction describes. */
static Status add_step(Builder *builder, Operand *const sides[], int side_count,
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
    step->seconds = strategy_seconds(step->plan.strategy, step->plan.contraction, options->machine);
    step->is_short =
        phases_total(&step->plan.phases) == 1 && step->seconds < POOL_SECONDS_PER_THREAD;
    plan->seconds += step->seconds;
    make_room(&plan->scratch_bytes, step->plan.scratch_bytes);
    make_room(&builder->shared_bytes, step->plan.shared_bytes);
    plan->most_threads = (int)larger(plan->most_threads, useful_threads(step));
    return options->is_described ? describe(builder, sides, side_count, step) : STATUS_OK;
}

/* Labels of the operand that neither the kept set nor the other one has are summed in a step of
   their own. Returns the operand to go on with. */
static Status reduce_private(Builder *builder, int *operand, const LabelSet *elsewhere) {
    Operand *whole = &builder->operands[*operand];
    LabelSet summed = label_set_minus(&whole->labels, elsewhere);
    if (label_set_is_empty(&summed)) return STATUS_OK;
    LabelSet kept = label_set_minus(&whole->labels, &summed);
    TRY(operand_from_step(builder, &whole, 1, &kept));
    Operand *sides[] = {whole, &builder->operands[builder->operand_count - 1]};
    TRY(add_step(builder, sides, 2, &summed));
    operand_release(builder, whole);
    *operand = builder->operand_count - 1;
    return STATUS_OK;
}

/* The product of two operands into a new one, or into the output if nothing is left to do. kept:
   the labels that something else still needs. */
static Status add_product(Builder *builder, int left, int right, const LabelSet *kept,
                          bool is_last) {
    LabelSet of_left = label_set_union(kept, &builder->operands[right].labels);
    TRY(reduce_private(builder, &left, &of_left));
    LabelSet of_right = label_set_union(kept, &builder->operands[left].labels);
    TRY(reduce_private(builder, &right, &of_right));
    Operand *sides[] = {&builder->operands[left], &builder->operands[right], NULL};
    LabelSet all = label_set_union(&sides[0]->labels, &sides[1]->labels);
    LabelSet summed = label_set_minus(&all, kept);
    if (is_last) {
        operand_from_output(builder);
        summed = label_set_union(&summed, &builder->unmoved);
    } else {
        TRY(operand_from_step(builder, sides, 2, kept));
    }
    sides[2] = &builder->operands[builder->operand_count - 1];
    TRY(add_step(builder, sides, 3, &summed));
    operand_release(builder, sides[0]);
    operand_release(builder, sides[1]);
    return STATUS_OK;
}

/* ---- plans --------------------------------------------------------------- */

/* Two operands at a time, in the order that the path finder chose. */
static Status plan_pairs(Builder *builder) {
    const Problem *problem = builder->problem;
    int count = problem->input_count;
    size_t room = (size_t)count;
    LabelSet *inputs = arena_take(builder->scratch, room, sizeof *inputs);
    LabelSet *results = arena_take(builder->scratch, room, sizeof *results);
    PathStep *steps = arena_take(builder->scratch, room, sizeof *steps);
    int *operand_of = arena_take(builder->scratch, 2 * room, sizeof *operand_of); /* by path id */
    if (!inputs || !results || !steps || !operand_of) return error_memory(builder->error);
    for (int i = 0; i < count; i++) {
        inputs[i] = builder->operands[i].labels;
        operand_of[i] = i;
    }
    PathRequest request = {.input_count = count,
                           .inputs = inputs,
                           .output = output_labels(problem),
                           .extents = problem->extents,
                           .label_count = problem->label_count};
    TRY(path_find(&request, builder->scratch, steps, builder->error));
    path_result_labels(&request, steps, results);
    for (int i = 0; i < count - 1; i++) {
        int left = operand_of[steps[i].left], right = operand_of[steps[i].right];
        TRY(add_product(builder, left, right, &results[i], i == count - 2));
        operand_of[count + i] = builder->operand_count - 1;
    }
    return STATUS_OK;
}

/* All inputs at once. */
static Status plan_one_step(Builder *builder) {
    const Problem *problem = builder->problem;
    int count = problem->input_count;
    if (count > MAX_INPUTS) {
        return error_set(builder->error, STATUS_LIMIT,
                         "too many operands: %d in one step, at most %d", count, MAX_INPUTS);
    }
    if (count > 2) TRY(problem_check_space(problem, builder->error));
    Operand *sides[MAX_SIDES];
    LabelSet summed = {{0}};
    for (int label = problem->kept_count; label < problem->label_count; label++) {
        label_set_add(&summed, label);
    }
    for (int i = 0; i < count; i++) sides[i] = &builder->operands[i];
    operand_from_output(builder);
    sides[count] = &builder->operands[builder->operand_count - 1];
    return add_step(builder, sides, count + 1, &summed);
}

/* Nothing is multiplied and everything summed is empty: a step without inputs writes the zeros. */
static Status plan_zeros(Builder *builder) {
    operand_from_output(builder);
    Operand *sides[] = {&builder->operands[builder->operand_count - 1]};
    LabelSet summed = {{0}};
    for (int label = builder->problem->kept_count; label < builder->problem->label_count; label++) {
        if (builder->problem->extents[label] == 0) label_set_add(&summed, label);
    }
    return add_step(builder, sides, 1, &summed);
}

static bool has_empty_label(const Problem *problem, int first, int last) {
    for (int label = first; label < last; label++) {
        if (problem->extents[label] == 0) return true;
    }
    return false;
}

static bool is_one_step(const Problem *problem, const PlanOptions *options) {
    bool is_elementwise = problem->kept_count == problem->label_count;
    return problem->input_count == 1 || options->in_one_step ||
           arithmetic(problem) == DTYPE_OBJECT ||
           (is_elementwise && problem->input_count <= MAX_FUSED_INPUTS);
}

static Status plan_steps(Builder *builder) {
    const Problem *problem = builder->problem;
    if (has_empty_label(problem, 0, problem->kept_count)) return STATUS_OK;
    if (has_empty_label(problem, problem->kept_count, problem->label_count)) {
        return plan_zeros(builder);
    }
    return is_one_step(problem, builder->options) ? plan_one_step(builder) : plan_pairs(builder);
}

/* Summed labels of some length along which no input moves: the sum repeats the same product. */
static LabelSet unmoved_labels(const Builder *builder) {
    const Problem *problem = builder->problem;
    LabelSet unmoved = {{0}};
    for (int label = problem->kept_count; label < problem->label_count; label++) {
        if (problem->extents[label] != 1) label_set_add(&unmoved, label);
    }
    for (int i = 0; i < problem->input_count; i++) {
        unmoved = label_set_minus(&unmoved, &builder->operands[i].labels);
    }
    return unmoved;
}

/* Each product may take two reductions before it: at most three steps a pair, two operands a step.
 */
static Status builder_begin(Builder *builder) {
    size_t inputs = (size_t)builder->problem->input_count, steps = 3 * inputs + 1;
    Plan *plan = builder->plan;
    plan->steps = arena_take(&plan->arena, steps, sizeof(Step));
    builder->operands = arena_take(builder->scratch, inputs + steps, sizeof(Operand));
    builder->regions.live = arena_take(builder->scratch, steps, sizeof(Region));
    size_t axes = (size_t)builder->problem->label_count * sizeof(Axis);
    builder->contraction = arena_take(builder->scratch, 1, offsetof(Contraction, axes) + axes);
    if (!plan->steps || !builder->operands || !builder->regions.live || !builder->contraction) {
        return error_memory(builder->error);
    }
    for (int i = 0; i < builder->problem->input_count; i++) operand_from_input(builder, i);
    builder->unmoved = unmoved_labels(builder);
    return STATUS_OK;
}

static bool is_packed(const Layout *layout, DType dtype) {
    ptrdiff_t packed = (ptrdiff_t)dtype_size(dtype);
    bool holds = true;
    for (int i = layout->axis_count; i-- > 0; packed *= layout->shape[i]) {
        holds = holds && layout->shape[i] > 0 && layout->strides[i] == packed;
    }
    return holds;
}

static Status keep_result(Builder *builder) {
    const Problem *problem = builder->problem;
    Plan *plan = builder->plan;
    int count = problem->kept_count;
    bool is_view = builder->options->as_view;
    int side = is_view ? 0 : problem->input_count;
    ptrdiff_t *numbers = arena_take(&plan->arena, 2 * (size_t)count, sizeof *numbers);
    if (!numbers) return error_memory(builder->error);
    memcpy(numbers, problem->extents, (size_t)count * sizeof *numbers);
    memcpy(numbers + count, problem->strides[side], (size_t)count * sizeof *numbers);
    plan->result = (Layout){
        .axis_count = count, .shape = numbers, .strides = numbers + count, .is_view = is_view};
    plan->result.is_packed = is_packed(&plan->result, problem->dtypes[side]);
    plan->type_number = builder->options->type_number;
    plan->needs_python = builder->options->objects != NULL;
    return STATUS_OK;
}

static Status build(Builder *builder) {
    TRY(keep_result(builder));
    if (builder->options->as_view) return STATUS_OK;
    TRY(builder_begin(builder));
    TRY(plan_steps(builder));
    if (builder->options->is_described) {
        builder->plan->title = describe_problem(builder->problem, &builder->plan->arena);
        if (!builder->plan->title) return error_memory(builder->error);
    }
    builder->plan->shared_offset = builder->regions.high_water;
    builder->plan->scratch_offset = builder->plan->shared_offset + builder->shared_bytes;
    return STATUS_OK;
}

Status plan_make(const Problem *problem, const PlanOptions *options, Plan **plan, Error *error) {
    Arena arena = {0}, scratch = {0};
    *plan = arena_take(&arena, 1, sizeof **plan);
    if (!*plan) return error_memory(error);
    **plan = (Plan){.arena = arena, .holders = 1, .most_threads = 1};
    Builder builder = {
        .problem = problem, .options = options, .scratch = &scratch, .plan = *plan, .error = error};
    Status status = build(&builder);
    arena_free(&scratch);
    if (status != STATUS_OK) {
        plan_free(*plan);
        *plan = NULL;
    }
    return status;
}

size_t plan_workspace_bytes(const Plan *plan, int threads) {
    return plan->scratch_offset + (size_t)threads * plan->scratch_bytes;
}

Plan *plan_share(Plan *plan) {
    plan->holders++;
    return plan;
}

void plan_free(Plan *plan) {
    if (!plan || --plan->holders > 0) return;
    Arena arena = plan->arena; /* which holds the plan itself */
    arena_free(&arena);
}
