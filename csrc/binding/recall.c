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

bool recall_is_possible(const CallKey *key) {
    if (!key->out) return true;
    Span out = span_of(key->out);
    for (int i = 0; i < key->operand_count; i++) {
        Span operand = span_of(key->operands[i]);
        if (out.low < operand.high && operand.low < out.high) return false;
    }
    return true;
}

/* ---- results ---- */

static bool run_into(const CallKey *key, const Plan *plan, char *out) {
    char *data[PLAN_KEY_WORDS]; /* each operand has a word at least in the key */
    for (int i = 0; i < key->operand_count; i++) data[i] = PyArray_BYTES(key->operands[i]);
    data[key->operand_count] = out;
    return run_plan(plan, data);
}

static PyObject *into_out(const CallKey *key, const Plan *plan) {
    if (PyArray_FailUnlessWriteable(key->out, "out") < 0) return NULL;
    if (!run_into(key, plan, PyArray_BYTES(key->out))) return NULL;
    Py_INCREF((PyObject *)key->out);
    return (PyObject *)key->out;
}

/* Computed beside the heap, so that only the scalar itself is made. */
static PyObject *as_scalar(const CallKey *key, const Plan *plan, PyArray_Descr *descr) {
    clongdouble value;
    return run_into(key, plan, (char *)value) ? PyArray_Scalar(value, descr, NULL) : NULL;
}

static PyObject *as_array(const CallKey *key, const Plan *plan, PyArray_Descr *descr) {
    PyArrayObject *array = result_allocate(&plan->result, descr);
    if (array && !run_into(key, plan, PyArray_BYTES(array))) Py_CLEAR(array);
    return (PyObject *)array;
}

static PyObject *result(const CallKey *key, const Plan *plan) {
    if (plan->result.is_view) return result_view(key->operands[0], &plan->result);
    if (key->out) return into_out(key, plan);
    PyArray_Descr *descr = PyArray_DescrFromType(plan->type_number);
    PyObject *made =
        plan->result.axis_count == 0 ? as_scalar(key, plan, descr) : as_array(key, plan, descr);
    Py_DECREF((PyObject *)descr);
    return made;
}

PyObject *recall_run(const CallKey *key, Plan *plan) {
    plan_share(plan); /* other calls may push it out of the cache meanwhile */
    PyObject *made = result(key, plan);
    plan_free(plan);
    return made;
}
