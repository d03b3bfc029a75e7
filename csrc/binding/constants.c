#include "binding/constants.h"

#include "binding/errors.h"
#include "binding/results.h"
#include "binding/run.h"

/* ---- the products of one type ---- */

static void products_free(Products *products) {
    if (!products) return;
    for (int g = 0; g < products->count; g++) Py_XDECREF((PyObject *)products->owners[g]);
    Arena arena = products->arena; /* which holds the products themselves */
    arena_free(&arena);
}

static Products *products_take(int count, int label_count) {
    Arena arena = {0};
    size_t room = (size_t)count, labels = (size_t)label_count;
    Products *products = arena_take(&arena, 1, sizeof *products);
    PyArrayObject **owners = arena_take(&arena, room, sizeof *owners);
    char **data = arena_take(&arena, room, sizeof *data);
    ConstantProduct *inputs = arena_take(&arena, room, sizeof *inputs);
    ptrdiff_t *strides = arena_take(&arena, room * labels, sizeof *strides);
    if (!products || !owners || !data || !inputs || !strides) {
        arena_free(&arena);
        PyErr_NoMemory();
        return NULL;
    }
    for (int g = 0; g < count; g++) {
        owners[g] = NULL;
        inputs[g].strides = strides + (size_t)g * labels;
    }
    *products = (Products){arena, count, owners, data, inputs};
    return products;
}

/* ---- one group ---- */

/* What all groups are computed from: the operands of a call, and how it computes. */
typedef struct Source {
    const ModuleState *state;
    const Operands *operands;
    const Computing *computing;
    const Problem *problem;
} Source;

/* A constant that is read as it is. Along labels of extent 1 it does not move: an out may make them
   longer. */
static void take_whole(const Source *source, int input, Products *products, int g) {
    const Operands *operands = source->operands;
    const Problem *problem = source->problem;
    PyArrayObject *converted = operands->converted[input];
    products->owners[g] = converted ? converted : operands->arrays[input];
    Py_INCREF((PyObject *)products->owners[g]);
    products->data[g] = operands->tensors[input].data;
    products->inputs[g].dtype = problem->dtypes[input];
    for (int label = 0; label < problem->label_count; label++) {
        bool moves = problem->extents[label] != 1;
        products->inputs[g].strides[label] = moves ? problem->strides[input][label] : 0;
    }
}

/* As between two steps, the products of halves are not rounded. */
static PyArrayObject *allocate(const Problem *product, const Computing *computing) {
    bool is_half = computing->dtype == DTYPE_F16;
    PyArray_Descr *descr = PyArray_DescrFromType(is_half ? NPY_FLOAT : computing->descr->type_num);
    Tensor geometry;
    problem_output(product, &geometry);
    PyArrayObject *array = result_from_geometry(&geometry, descr);
    Py_DECREF((PyObject *)descr);
    return array;
}

static bool multiply(const Source *source, const ConstantGroup *group, const Problem *product,
                     PyArrayObject *to) {
    PlanOptions options = {.machine = &source->state->machine, .strategy = source->state->strategy};
    Arena arena = {0};
    Plan *plan = NULL;
    Error error;
    char **data = arena_take(&arena, (size_t)group->input_count + 1, sizeof *data);
    bool done = data ? error_check(plan_make(product, &options, &plan, &error), &error)
                     : PyErr_NoMemory() != NULL;
    if (done) {
        for (int i = 0; i < group->input_count; i++) {
            data[i] = source->operands->tensors[group->inputs[i]].data;
        }
        data[group->input_count] = PyArray_BYTES(to);
        done = run_plan(plan, data);
    }
    plan_free(plan);
    arena_free(&arena);
    return done;
}

static bool form_product(const Source *source, const ConstantGroup *group, Products *products,
                         int g) {
    Arena arena = {0};
    Problem product;
    Error error;
    DType dtype = dtype_between(source->computing->dtype);
    bool done = error_check(
        constants_product(source->problem, group, dtype, &arena, &product, &error), &error);
    PyArrayObject *array = done ? allocate(&product, source->computing) : NULL;
    done = array && multiply(source, group, &product, array);
    if (done) {
        products->data[g] = PyArray_BYTES(array);
        products->inputs[g].dtype = dtype;
        constants_strides(source->problem, group, &product, products->inputs[g].strides);
    }
    products->owners[g] = array;
    arena_free(&arena);
    return done;
}

/* ---- all of them ---- */

static Products *products_make(const Source *source, const ConstantGroups *groups) {
    Products *products = products_take(groups->count, source->problem->label_count);
    bool done = products != NULL;
    for (int g = 0; done && g < groups->count; g++) {
        const ConstantGroup *group = &groups->groups[g];
        if (constants_are_whole(source->problem, group)) {
            take_whole(source, group->inputs[0], products, g);
        } else {
            done = form_product(source, group, products, g);
        }
    }
    if (done) return products;
    products_free(products);
    return NULL;
}

static bool convert(Operands *operands, const Computing *computing, Einsum *einsum) {
    for (int i = 0; i < operands->count; i++) {
        if (!operands->is_constant[i]) continue;
        if (!operands_convert_one(operands, i, computing, einsum)) return false;
    }
    return true;
}

static bool find_groups(Constants *constants, const Problem *problem) {
    Error error;
    if (!constants->is_grouped) {
        constants->is_grouped =
            error_check(constants_group(problem, constants->is_constant, &constants->arena,
                                        &constants->groups, &error),
                        &error);
    }
    return constants->is_grouped;
}

const Products *constants_products(Constants *constants, const ModuleState *state,
                                   Operands *operands, const Computing *computing, Einsum *einsum) {
    Products **place = &constants->products[computing->dtype];
    if (*place) return *place;
    Source source = {state, operands, computing, &einsum->problem};
    if (!convert(operands, computing, einsum) || !find_groups(constants, source.problem))
        return NULL;
    Products *products = products_make(&source, &constants->groups);
    if (products && !*place) {
        *place = products;
    } else {
        products_free(products); /* another thread has come first, or there are none */
    }
    return products ? *place : NULL;
}

void constants_end(Constants *constants) {
    for (int i = 0; i < DTYPE_COUNT; i++) products_free(constants->products[i]);
    arena_free(&constants->arena);
}
