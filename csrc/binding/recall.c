#include "binding/recall.h"

#include "binding/errors.h"
#include "binding/results.h"
#include "binding/run.h"

#include <string.h>

/* ---- whether out overlaps an operand ---- */

typedef struct Span {
    const char *low, *high;
} Span;

static Span span_of(PyArrayObject *array) {
    ByteSpan bytes = byte_span(PyArray_NDIM(array), PyArray_DIMS(array), PyArray_STRIDES(array),
                               PyArray_ITEMSIZE(array));
    return (Span){PyArray_BYTES(array) + bytes.low, PyArray_BYTES(array) + bytes.high};
}

bool recall_is_possible(const Sides *sides) {
    if (!sides->out) return true;
    Span out = span_of(sides->out);
    for (int i = 0; i < sides->operand_count; i++) {
        Span operand = span_of(sides->operands[i]);
        if (out.low < operand.high && operand.low < out.high) return false;
    }
    return true;
}

/* ---- results ---- */

static bool run_into(const Sides *sides, const Plan *plan, char *out) {
    char *data[PLAN_KEY_WORDS]; /* each operand has a word at least in the key */
    int count = sides->operand_count;
    for (int i = 0; i < count; i++) data[i] = PyArray_BYTES(sides->operands[i]);
    for (int i = 0; i < sides->constant_count; i++) data[count++] = sides->constants[i];
    data[count] = out;
    return run_plan(plan, data);
}

static PyObject *into_out(const Sides *sides, const Plan *plan) {
    if (PyArray_FailUnlessWriteable(sides->out, "out") < 0) return NULL;
    if (!run_into(sides, plan, PyArray_BYTES(sides->out))) return NULL;
    Py_INCREF((PyObject *)sides->out);
    return (PyObject *)sides->out;
}

/* Computed beside the heap, so that only the scalar itself is made. */
static PyObject *as_scalar(const Sides *sides, const Plan *plan, PyArray_Descr *descr) {
    clongdouble value;
    return run_into(sides, plan, (char *)value) ? PyArray_Scalar(value, descr, NULL) : NULL;
}

static PyObject *as_array(const Sides *sides, const Plan *plan, PyArray_Descr *descr) {
    PyArrayObject *array = result_allocate(&plan->result, descr);
    if (array && !run_into(sides, plan, PyArray_BYTES(array))) Py_CLEAR(array);
    return (PyObject *)array;
}

static PyObject *result(const Sides *sides, const Plan *plan) {
    if (plan->result.is_view) return result_view(sides->operands[0], &plan->result);
    if (sides->out) return into_out(sides, plan);
    PyArray_Descr *descr = PyArray_DescrFromType(plan->type_number);
    PyObject *made =
        plan->result.axis_count == 0 ? as_scalar(sides, plan, descr) : as_array(sides, plan, descr);
    Py_DECREF((PyObject *)descr);
    return made;
}

PyObject *recall_run(const Sides *sides, Plan *plan) {
    plan_share(plan); /* other calls may push it out of the cache meanwhile */
    PyObject *made = result(sides, plan);
    plan_free(plan);
    return made;
}
