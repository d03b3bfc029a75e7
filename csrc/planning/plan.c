/* From a problem to steps.
 *
 * Inputs and the results of steps are operands in turn; path_find says which two come next. Before
 * a product, labels that only one of the two still needs summed are summed away.
 *
 *     workspace   | intermediate | intermediate | ... | shared by tasks | scratch | scratch | ...
 *                 0              regions reused once    shared_offset     scratch_offset: one for
 *                                they are read                            each thread
 */
#include "planning/plan.h"

#include "planning/builder.h"
#include "planning/describe.h"
#include "planning/path.h"

#include <string.h>

enum { MAX_FUSED_INPUTS = 8 }; /* of a product in one pass */

/* ---- products ------------------------------------------------------------ */

static DType between(const Builder *builder) {
    const Problem *problem = builder->problem;
    return dtype_between(problem->dtypes[problem->input_count]);
}

/* Labels of the operand that neither the kept set nor the other one has are summed in a step of
   their own. Returns the operand to go on with. */
static Status reduce_private(Builder *builder, int *operand, const LabelSet *elsewhere) {
    Operand *whole = &builder->operands[*operand];
    LabelSet summed = label_set_minus(&whole->labels, elsewhere);
    if (label_set_is_empty(&summed)) return STATUS_OK;
    LabelSet kept = label_set_minus(&whole->labels, &summed);
    TRY(operand_from_step(builder, &whole, 1, &kept, between(builder)));
    *operand = builder->operand_count - 1;
    Operand *sides[] = {whole, &builder->operands[*operand]};
    TRY(add_step(builder, sides, 2, &summed));
    operand_release(builder, whole);
    return STATUS_OK;
}

/* The product of two operands into a new one, or into the output if nothing is left to do. kept:
   the labels that something else still needs. */
static Status add_product(Builder *builder, int left, int right, const LabelSet *kept, bool is_last,
                          int *product) {
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
        TRY(operand_from_step(builder, sides, 2, kept, between(builder)));
    }
    *product = builder->operand_count - 1;
    sides[2] = &builder->operands[*product];
    TRY(add_step(builder, sides, 3, &summed));
    operand_release(builder, sides[0]);
    operand_release(builder, sides[1]);
    return STATUS_OK;
}

static LabelSet output_labels(const Problem *problem) {
    LabelSet labels = {{0}};
    for (int label = 0; label < problem->kept_count; label++) label_set_add(&labels, label);
    return labels;
}

/* ---- plans --------------------------------------------------------------- */

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

/* Whether a product of some inputs would have every label there is: it is not worth writing down,
   as all can be multiplied side by side. */
static bool has_whole_product(const Builder *builder, const LabelSet results[]) {
    int count = builder->problem->input_count;
    if (count < 3 || count > MAX_FUSED_INPUTS) return false;
    LabelSet all = {{0}};
    for (int i = 0; i < count; i++) all = label_set_union(&all, &builder->operands[i].labels);
    for (int i = 0; i < count - 2; i++) {
        LabelSet missing = label_set_minus(&all, &results[i]);
        if (label_set_is_empty(&missing)) return true;
    }
    return false;
}

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
    if (has_whole_product(builder, results)) return plan_one_step(builder);
    for (int i = 0; i < count - 1; i++) {
        int left = operand_of[steps[i].left], right = operand_of[steps[i].right];
        TRY(add_product(builder, left, right, &results[i], i == count - 2, &operand_of[count + i]));
    }
    return STATUS_OK;
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

static bool is_one_step(const Builder *builder) {
    const Problem *problem = builder->problem;
    bool is_elementwise = problem->kept_count == problem->label_count;
    return problem->input_count == 1 || builder->options->in_one_step ||
           builder_arithmetic(builder) == DTYPE_OBJECT ||
           (is_elementwise && problem->input_count <= MAX_FUSED_INPUTS);
}

static Status plan_steps(Builder *builder) {
    const Problem *problem = builder->problem;
    if (has_empty_label(problem, 0, problem->kept_count)) return STATUS_OK;
    if (has_empty_label(problem, problem->kept_count, problem->label_count)) {
        return plan_zeros(builder);
    }
    return is_one_step(builder) ? plan_one_step(builder) : plan_pairs(builder);
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

/* Each product may take two reductions before it: at most three steps a pair, and each side of one
   of them a step that copies it. */
static Status builder_begin(Builder *builder) {
    size_t inputs = (size_t)builder->problem->input_count, steps = 11 * inputs + 3;
    Plan *plan = builder->plan;
    plan->steps = arena_take(&plan->arena, steps, sizeof(Step));
    builder->operands = arena_take(builder->scratch, inputs + steps, sizeof(Operand));
    builder->regions.live = arena_take(builder->scratch, steps, sizeof(Region));
    size_t axes = (size_t)builder->problem->label_count * sizeof(Axis);
    builder->contraction = arena_take(builder->scratch, 1, offsetof(Contraction, axes) + axes);
    builder->pretended = arena_take(builder->scratch, 1, offsetof(Contraction, axes) + axes);
    if (!plan->steps || !builder->operands || !builder->regions.live || !builder->contraction ||
        !builder->pretended) {
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

static size_t bytes_of(const Layout *layout, DType dtype) {
    size_t bytes = dtype_size(dtype);
    for (int i = 0; i < layout->axis_count; i++) bytes *= (size_t)layout->shape[i];
    return bytes;
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
    plan->result.bytes = bytes_of(&plan->result, problem->dtypes[side]);
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
