#include "binding/errors.h"

#include <assert.h>

/* The exceptions are variables of the interpreter, not constants: the table holds their addresses.
 */
static PyObject **exception_of(Status status) {
    static PyObject **const exceptions[STATUS_COUNT] = {
        [STATUS_SYNTAX] = &PyExc_ValueError,        [STATUS_SHAPE] = &PyExc_ValueError,
        [STATUS_LIMIT] = &PyExc_ValueError,         [STATUS_RANGE] = &PyExc_ValueError,
        [STATUS_DTYPE] = &PyExc_TypeError,          [STATUS_MEMORY] = &PyExc_MemoryError,
        [STATUS_INTERRUPTED] = &PyExc_RuntimeError,
    };
    assert(status < STATUS_COUNT && exceptions[status]);
    return exceptions[status];
}

PyObject *error_raise(const Error *error) {
    /* What interrupted a run has mostly raised something itself. */
    if (error->status == STATUS_INTERRUPTED && PyErr_Occurred()) return NULL;
    PyErr_SetString(*exception_of(error->status), error->message);
    return NULL;
}

bool error_check(Status status, const Error *error) {
    if (status == STATUS_OK) return true;
    error_raise(error);
    return false;
}
