#include "binding/threads_methods.h"

#include "binding/integers.h"
#include "build_info.h" /* generated: csrc/build.py */
#include "runtime/pool.h"
#include "runtime/threads.h"

static bool read_count(PyObject *object, ptrdiff_t least, ptrdiff_t *count) {
    if (!integer_read(object, count)) return false;
    if (*count >= least && *count <= POOL_MOST_THREADS) return true;
    PyErr_Format(PyExc_ValueError, "the number of threads must be from 1 to %d, not %S",
                 POOL_MOST_THREADS, object);
    return false;
}

PyObject *method_check_threads(PyObject *Py_UNUSED(module), PyObject *count) {
    ptrdiff_t value;
    return read_count(count, 1, &value) ? PyLong_FromSsize_t(value) : NULL;
}

PyObject *method_set_threads(PyObject *Py_UNUSED(module), PyObject *count) {
    ptrdiff_t value;
    if (!read_count(count, 1, &value)) return NULL;
    threads_set((int)value);
    Py_INCREF(Py_None);
    return Py_None;
}

PyObject *method_set_own_threads(PyObject *Py_UNUSED(module), PyObject *count) {
    ptrdiff_t value;
    if (!read_count(count, 0, &value)) return NULL;
    return PyLong_FromLong(threads_set_own((int)value));
}

PyObject *method_threads(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    return PyLong_FromLong(threads_limit());
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int fasteinsum_get_num_threads(void) {
    return threads_of_process();
}

EXPORTED void fasteinsum_set_num_threads(int count) {
    threads_set(count);
}

EXPORTED const char *fasteinsum_get_version(void) {
    return FASTEINSUM_VERSION;
}
