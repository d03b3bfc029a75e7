/* sliding_window_view. */
#include "binding/arguments.h"
#include "binding/dtypes.h"
#include "binding/errors.h"
#include "binding/geometry.h"
#include "binding/state.h"
#include "binding/views.h"
#include "binding/windows_methods.h"

enum {
    SLIDING_X,
    SLIDING_WINDOW_SHAPE,
    SLIDING_AXIS,
    SLIDING_STRIDE,
    SLIDING_DILATION,
    SLIDING_SUBOK,
    SLIDING_WRITEABLE,
    SLIDING_PARAMETERS
};

static const char *const parameters[] = {"x",        "window_shape", "axis",     "stride",
                                         "dilation", "subok",        "writeable"};

static const Signature signature = {"sliding_window_view", 2, 3, SLIDING_PARAMETERS, parameters};

static GeometryArguments geometry_of(PyObject *const values[]) {
    return (GeometryArguments){
        .window_shape = values[SLIDING_WINDOW_SHAPE],
        .axis = values[SLIDING_AXIS],
        .stride = values[SLIDING_STRIDE],
        .dilation = values[SLIDING_DILATION],
    };
}

static PyObject *slide(PyArrayObject *array, PyObject *const values[], ViewKind kind) {
    Windows windows;
    Error error;
    Tensor tensor, view;
    GeometryArguments geometry = geometry_of(values);
    if (!geometry_read_sliding(&geometry, PyArray_NDIM(array), &windows)) return NULL;
    tensor_from_array(&tensor, array);
    if (windows_slide(&tensor, &windows, &view, &error)) return error_raise(&error);
    return view_make(array, &view, kind);
}

/* ----------------------------------------------------------------- arrays of other libraries */

/* 1 if the type answers through a protocol of its own, -1 with an exception set. */
static int is_foreign(PyObject *module, PyObject *object) {
    if (Py_TYPE(object) == &PyArray_Type) return 0;
    const ModuleState *state = PyModule_GetState(module);
    PyObject *protocol = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__array_function__");
    if (!protocol) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return -1;
        PyErr_Clear();
        return 0;
    }
    Py_DECREF(protocol);
    return protocol != state->ndarray_protocol;
}

static PyObject *numpy_function(void) {
    PyObject *module = PyImport_ImportModule("numpy.lib.stride_tricks");
    PyObject *function = module ? PyObject_GetAttrString(module, "sliding_window_view") : NULL;
    Py_XDECREF(module);
    return function;
}

/* What was passed of axis, subok and writeable, by keyword. */
static PyObject *numpy_keywords(PyObject *const values[]) {
    static const int passed_on[] = {SLIDING_AXIS, SLIDING_SUBOK, SLIDING_WRITEABLE};
    PyObject *keywords = PyDict_New();
    for (size_t i = 0; keywords && i < sizeof passed_on / sizeof *passed_on; i++) {
        PyObject *value = values[passed_on[i]];
        if (!value) continue;
        if (PyDict_SetItemString(keywords, parameters[passed_on[i]], value) < 0) {
            Py_CLEAR(keywords);
        }
    }
    return keywords;
}

static PyObject *call_numpy(PyObject *x, const Integers *extents, PyObject *const values[]) {
    PyObject *function = numpy_function();
    PyObject *shape = integers_tuple(extents->values, extents->count);
    PyObject *positional = shape ? PyTuple_New(2) : NULL;
    PyObject *keywords = numpy_keywords(values);
    PyObject *result = NULL;
    if (positional) {
        Py_INCREF(x); /* both are taken over by the tuple */
        PyTuple_SetItem(positional, 0, x);
        PyTuple_SetItem(positional, 1, shape);
        shape = NULL;
    }
    if (function && positional && keywords) result = PyObject_Call(function, positional, keywords);
    Py_XDECREF(keywords);
    Py_XDECREF(positional);
    Py_XDECREF(shape);
    Py_XDECREF(function);
    return result;
}

/* Every step-th entry of each axis. */
static PyObject *take_steps(PyObject *array, const ptrdiff_t steps[], int count) {
    PyObject *index = PyTuple_New(count);
    for (int i = 0; index && i < count; i++) {
        PyObject *step = PyLong_FromSsize_t(steps[i]);
        PyObject *slice = step ? PySlice_New(NULL, NULL, step) : NULL;
        Py_XDECREF(step);
        if (!slice || PyTuple_SetItem(index, i, slice) < 0) Py_CLEAR(index);
    }
    PyObject *result = index ? PyObject_GetItem(array, index) : NULL;
    Py_XDECREF(index);
    return result;
}

static bool axis_count_of(PyObject *array, int *axis_count) {
    ptrdiff_t count = -1;
    PyObject *value = PyObject_GetAttrString(array, "ndim");
    bool done = value && integer_read(value, &count);
    Py_XDECREF(value);
    if (done && (count < 0 || count > MAX_AXES)) {
        PyErr_Format(PyExc_ValueError, "an array of %zd axes", count);
        return false;
    }
    *axis_count = (int)count;
    return done;
}

/* Windows at every position, as long as the real ones are with their gaps, and then every step-th
   of their positions and elements. Gaps count in elements of the array: a repeated axis has moved
   on by the strides before. */
static bool plan_slices(const Windows *windows, int axis_count, Integers *extents,
                        ptrdiff_t steps[]) {
    extents->count = windows->count;
    for (int i = 0; i < axis_count + windows->count; i++) steps[i] = 1;
    for (int i = 0; i < windows->count; i++) {
        const WindowAxis *window = &windows->axes[i];
        ptrdiff_t *position = &steps[window->axis], *element = &steps[axis_count + i];
        if (window->stride < 1 || window->dilation < 1) {
            PyErr_Format(PyExc_ValueError, "stride and dilation of axis %d must be at least 1",
                         window->axis);
            return false;
        }
        bool fits = !__builtin_mul_overflow(*position, window->dilation, element) &&
                    !__builtin_mul_overflow(*position, window->stride, position);
        ptrdiff_t extent = 0;
        if (window->size != 0) {
            fits = fits && !__builtin_mul_overflow(window->size - 1, *element, &extent) &&
                   !__builtin_add_overflow(extent, 1, &extent);
        }
        if (!fits) {
            PyErr_SetString(PyExc_ValueError,
                            "window shape cannot be larger than input array shape");
            return false;
        }
        extents->values[i] = extent;
    }
    return true;
}

static PyObject *slide_foreign(PyObject *x, PyObject *const values[]) {
    Windows windows;
    Integers extents;
    ptrdiff_t steps[2 * MAX_AXES];
    int axis_count;
    GeometryArguments geometry = geometry_of(values);
    if (!axis_count_of(x, &axis_count)) return NULL;
    if (!geometry_read_sliding(&geometry, axis_count, &windows)) return NULL;
    if (!plan_slices(&windows, axis_count, &extents, steps)) return NULL;
    PyObject *every = call_numpy(x, &extents, values);
    bool has_steps = values[SLIDING_STRIDE] || values[SLIDING_DILATION];
    if (!every || !has_steps) return every;
    PyObject *result = take_steps(every, steps, axis_count + windows.count);
    Py_DECREF(every);
    return result;
}

PyObject *method_sliding_window_view(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                                     PyObject *keyword_names) {
    PyObject *values[SLIDING_PARAMETERS];
    ViewKind kind;
    if (!arguments_bind(&signature, arguments, count, keyword_names, values)) return NULL;
    int foreign = is_foreign(module, values[SLIDING_X]);
    if (foreign < 0) return NULL;
    if (foreign) return slide_foreign(values[SLIDING_X], values);
    if (!arguments_flag(values[SLIDING_SUBOK], false, &kind.keeps_subclass)) return NULL;
    if (!arguments_flag(values[SLIDING_WRITEABLE], false, &kind.is_writeable)) return NULL;
    PyArrayObject *array = view_source(values[SLIDING_X], kind.keeps_subclass);
    if (!array) return NULL;
    PyObject *result = slide(array, values, kind);
    Py_DECREF((PyObject *)array);
    return result;
}
