#include "binding/optimize.h"

#include "binding/errors.h"
#include "binding/optimizer.h"
#include "binding/steps.h"

/* ---- the forms that the argument takes ---- */

static bool keep(PyObject **place, PyObject *object) {
    Py_XINCREF(object);
    *place = object;
    return object != NULL;
}

static bool refuse(PyObject *object) {
    PyErr_Format(
        PyExc_TypeError,
        "optimize: did not understand the path %R; it is a bool, None, the name of a method, "
        "(name, memory limit), ['einsum_path', (0, 1), ...] or a path optimizer",
        object);
    return false;
}

static PyObject *item_of(PyObject *sequence, long at) {
    PyObject *index = PyLong_FromLong(at);
    PyObject *item = index ? PyObject_GetItem(sequence, index) : NULL;
    Py_XDECREF(index);
    return item;
}

/* (name, limit): the limit is a number of elements, an int or a float that int() takes. */
static bool read_limited(Optimize *optimize, PyObject *sequence, PyObject *name) {
    PyObject *limit = item_of(sequence, 1);
    if (!limit) return false;
    bool is_number = PyLong_Check(limit) || PyFloat_Check(limit);
    if (is_number) optimize->limit = PyNumber_Long(limit);
    Py_DECREF(limit);
    if (!is_number) return refuse(sequence);
    return optimize->limit && keep(&optimize->name, name);
}

/* ["einsum_path", step, ...], of any type that has a length and items. */
static int is_path(PyObject *first) {
    PyObject *marker = PyUnicode_FromString("einsum_path");
    int equal = marker ? PyObject_RichCompareBool(first, marker, Py_EQ) : -1;
    Py_XDECREF(marker);
    return equal;
}

static bool read_items(Optimize *optimize, PyObject *sequence, PyObject *first, Py_ssize_t count) {
    int has_steps = is_path(first);
    if (has_steps < 0) return false;
    if (has_steps) {
        optimize->steps = PySequence_List(sequence);
        return optimize->steps && PyList_SetSlice(optimize->steps, 0, 1, NULL) == 0;
    }
    if (count != 2 || !PyUnicode_Check(first)) return refuse(sequence);
    return read_limited(optimize, sequence, first);
}

static bool read_sequence(Optimize *optimize, PyObject *object) {
    Py_ssize_t count = PyObject_Size(object);
    if (count < 0) return false;
    if (count == 0) return refuse(object);
    PyObject *first = item_of(object, 0);
    bool done = first && read_items(optimize, object, first, count);
    Py_XDECREF(first);
    return done;
}

/* A type that is called makes an object, not a path. */
static bool is_optimizer(PyObject *object) {
    return PyCallable_Check(object) && !PyType_Check(object) &&
           !PyObject_HasAttrString((PyObject *)Py_TYPE(object), "__len__");
}

bool optimize_read(Optimize *optimize, PyObject *object) {
    *optimize = (Optimize){.is_on = object && object != Py_False};
    if (!object || object == Py_None || object == Py_False) return true;
    if (object == Py_True) {
        optimize->name = PyUnicode_FromString("greedy");
        return optimize->name != NULL;
    }
    if (PyUnicode_Check(object)) return keep(&optimize->name, object);
    if (is_optimizer(object)) return keep(&optimize->optimizer, object);
    return read_sequence(optimize, object);
}

void optimize_end(Optimize *optimize) {
    Py_CLEAR(optimize->name);
    Py_CLEAR(optimize->limit);
    Py_CLEAR(optimize->steps);
    Py_CLEAR(optimize->optimizer);
}

/* ---- the planners ---- */

typedef struct Planner {
    const char *name;
    Status (*find)(const NumpyRequest *request, Arena *arena, NumpyPath *path, Error *error);
} Planner;

static const Planner *planner_named(PyObject *name) {
    static const Planner planners[] = {
        {"greedy", numpy_path_greedy},
        {"optimal", numpy_path_optimal},
    };
    for (size_t i = 0; i < sizeof planners / sizeof planners[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(name, planners[i].name) == 0) return &planners[i];
    }
    PyErr_Format(PyExc_KeyError, "optimize: path name %R not found; 'greedy' and 'optimal' are",
                 name);
    return NULL;
}

/* An int of any size; what is beyond a Natural allows everything, what is negative nothing. */
static bool read_limit(NumpyRequest *request, PyObject *limit) {
    PyObject *bytes = PyObject_CallMethod(limit, "to_bytes", "is", (int)NATURAL_BYTES, "little");
    if (!bytes) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return false;
        PyErr_Clear();
        PyObject *zero = PyLong_FromLong(0);
        int is_negative = zero ? PyObject_RichCompareBool(limit, zero, Py_LT) : -1;
        Py_XDECREF(zero);
        request->forbidden_size = is_negative ? natural_from(0) : natural_largest();
        return is_negative >= 0;
    }
    const char *digits = PyBytes_AsString(bytes);
    Natural size = natural_from(0), one = natural_from(1);
    for (int i = NATURAL_BYTES; i-- > 0;) {
        Natural digit = natural_from((unsigned char)digits[i]);
        natural_multiply(&size, 256);
        natural_add(&size, &digit);
    }
    Py_DECREF(bytes);
    natural_add(&size, &one);
    request->forbidden_size = size;
    return true;
}

static bool is_interrupted(void) {
    return PyErr_CheckSignals() < 0;
}

static bool check(Status status, const Error *error) {
    if (status == STATUS_OK) return true;
    if (!PyErr_Occurred()) error_raise(error); /* else the interruption is what is raised */
    return false;
}

static bool plan_by_name(const Optimize *optimize, NumpyRequest *request, Arena *arena,
                         NumpyPath *path) {
    Error error;
    const Planner *planner = planner_named(optimize->name);
    if (!planner) return false;
    if (optimize->limit && !read_limit(request, optimize->limit)) return false;
    request->is_interrupted = is_interrupted;
    return check(planner->find(request, arena, path, &error), &error);
}

static bool plan_by_steps(PyObject *steps, const NumpyRequest *request, Arena *arena,
                          NumpyPath *path) {
    return steps && steps_read(steps, request->labels.input_count, arena, path);
}

bool optimize_plan(const Optimize *optimize, NumpyRequest *request, Arena *arena, NumpyPath *path,
                   PyObject **steps) {
    Error error;
    *steps = NULL;
    if (optimize->steps) {
        keep(steps, optimize->steps);
        return plan_by_steps(*steps, request, arena, path);
    }
    bool has_method = optimize->name || optimize->optimizer;
    if (!has_method || !numpy_request_has_choice(request)) {
        return check(numpy_path_single(request, arena, path, &error), &error);
    }
    if (optimize->name) return plan_by_name(optimize, request, arena, path);
    *steps = optimizer_call(optimize->optimizer, &request->labels);
    return plan_by_steps(*steps, request, arena, path);
}

/* ---- einsum ---- */

static bool check_optimizer(const Optimize *optimize, const Subscripts *subscripts,
                            const Tensor operands[], Arena *arena) {
    Spelling spelling;
    NumpyRequest request;
    Error error;
    if (!check(spelling_make(subscripts, operands, arena, &spelling, &error), &error) ||
        !check(numpy_request_make(&spelling, arena, &request, &error), &error)) {
        return false;
    }
    NumpyPath path;
    PyObject *steps = optimizer_call(optimize->optimizer, &request.labels);
    bool done = plan_by_steps(steps, &request, arena, &path);
    Py_XDECREF(steps);
    return done;
}

bool optimize_check(const Optimize *optimize, const Subscripts *subscripts, const Tensor operands[],
                    bool is_summed, Arena *arena) {
    int count = subscripts->input_count;
    if (optimize->steps) {
        NumpyPath path;
        return steps_read(optimize->steps, count, arena, &path);
    }
    if (count <= 2 || !is_summed) return true;
    if (optimize->name) return planner_named(optimize->name) != NULL;
    return !optimize->optimizer || check_optimizer(optimize, subscripts, operands, arena);
}
