/* windows and output_shape. */
#include "binding/windows_methods.h"

#include "binding/arguments.h"
#include "binding/data_memory.h"
#include "binding/dtypes.h"
#include "binding/errors.h"
#include "binding/fill.h"
#include "binding/geometry.h"
#include "binding/views.h"

#include "pad.h"

/* --------------------------------------------------------------------------- the padded copy */

/* Items that can be moved as bytes, where need be with references counted afterwards. */
static bool check_movable(PyArray_Descr *descr) {
    bool has_references = PyDataType_REFCHK(descr);
    bool is_counted = descr->type_num == NPY_OBJECT || descr->type_num == NPY_VOID;
    if (!has_references || is_counted) return true;
    PyErr_Format(PyExc_TypeError, "windows cannot pad an array of dtype %S", (PyObject *)descr);
    return false;
}

static PyArrayObject *allocate_padded(PyArrayObject *array, const Tensor *tensor,
                                      const Windows *windows, bool is_zero) {
    ptrdiff_t shape[MAX_AXES];
    windows_padded_shape(windows, tensor->shape, tensor->axis_count, shape);
    PyArray_Descr *descr = PyArray_DESCR(array);
    Py_INCREF((PyObject *)descr); /* taken over by both constructors */
    if (is_zero) return (PyArrayObject *)PyArray_Zeros(tensor->axis_count, shape, descr, 0);
    return array_new(descr, tensor->axis_count, shape, NULL);
}

/* The array with its padding; fill is NULL for zeros. */
static PyArrayObject *pad_array(PyArrayObject *array, const Windows *windows, PadMode mode,
                                PyArrayObject *fill) {
    Tensor tensor;
    tensor_from_array(&tensor, array);
    if (!check_movable(PyArray_DESCR(array))) return NULL;
    bool is_zero = mode == PAD_CONSTANT && !fill;
    PyArrayObject *padded = allocate_padded(array, &tensor, windows, is_zero);
    if (!padded) return NULL;
    PadJob job = {&tensor, windows, mode, (size_t)PyArray_ITEMSIZE(array),
                  fill ? PyArray_BYTES(fill) : NULL};
    if (PyDataType_REFCHK(PyArray_DESCR(array))) {
        pad_copy(&job, PyArray_BYTES(padded));
        if (PyArray_INCREF(padded) < 0) Py_CLEAR(padded);
    } else {
        Py_BEGIN_ALLOW_THREADS;
        pad_copy(&job, PyArray_BYTES(padded));
        Py_END_ALLOW_THREADS;
    }
    return padded;
}

/* ----------------------------------------------------------------------------------- windows */

enum {
    WINDOWS_X,
    WINDOWS_WINDOW_SHAPE,
    WINDOWS_AXIS,
    WINDOWS_STRIDE,
    WINDOWS_DILATION,
    WINDOWS_PADDING,
    WINDOWS_MODE,
    WINDOWS_CONSTANT_VALUES,
    WINDOWS_REMAINDER,
    WINDOWS_PARAMETERS
};

static const Signature windows_signature = {
    "windows", 2, 3, WINDOWS_PARAMETERS,
    (const char *const[]){"x", "window_shape", "axis", "stride", "dilation", "padding", "mode",
                          "constant_values", "remainder"}};

static GeometryArguments windows_geometry(PyObject *const values[]) {
    return (GeometryArguments){
        .window_shape = values[WINDOWS_WINDOW_SHAPE],
        .axis = values[WINDOWS_AXIS],
        .stride = values[WINDOWS_STRIDE],
        .dilation = values[WINDOWS_DILATION],
        .padding = values[WINDOWS_PADDING],
        .remainder = values[WINDOWS_REMAINDER],
    };
}

/* Where zero is made of zero bytes; texts and objects have a zero of their own. */
static bool is_zero_bytes(PyArray_Descr *descr) {
    return descr->kind != 'U' && descr->kind != 'S' && !PyDataType_REFCHK(descr);
}

static bool make_fill(PyObject *value, PadMode mode, PyArray_Descr *descr, PyArrayObject **fill) {
    *fill = NULL;
    if (mode != PAD_CONSTANT || (!value && is_zero_bytes(descr))) return true;
    PyObject *zero = value ? NULL : PyLong_FromLong(0);
    if (!value && !zero) return false;
    *fill = fill_make(value ? value : zero, descr);
    Py_XDECREF(zero);
    return *fill != NULL;
}

/* The array itself, or its padded copy; a new reference. */
static PyArrayObject *padded_source(PyArrayObject *array, const Windows *windows,
                                    PyObject *const values[]) {
    Error error;
    PadMode mode = PAD_CONSTANT;
    if (values[WINDOWS_MODE]) {
        const char *name = arguments_text(values[WINDOWS_MODE], "mode");
        if (!name) return NULL;
        if (pad_mode_from_name(name, &mode, &error)) return (void *)error_raise(&error);
    }
    if (pad_check(windows, mode, &error)) return (void *)error_raise(&error);
    bool is_padded = windows_are_padded(windows);
    PyArrayObject *fill = NULL, *source = array;
    if (is_padded || values[WINDOWS_CONSTANT_VALUES]) {
        if (!make_fill(values[WINDOWS_CONSTANT_VALUES], mode, PyArray_DESCR(array), &fill)) {
            return NULL;
        }
    }
    if (is_padded) {
        source = pad_array(array, windows, mode, fill);
    } else {
        Py_INCREF((PyObject *)source);
    }
    Py_XDECREF((PyObject *)fill);
    return source;
}

static PyObject *windows_of_array(PyArrayObject *array, PyObject *const values[]) {
    Windows windows;
    Error error;
    GeometryArguments geometry = windows_geometry(values);
    if (!geometry_read(&geometry, PyArray_NDIM(array), &windows)) return NULL;
    if (windows_resolve(&windows, PyArray_DIMS(array), PyArray_NDIM(array), &error)) {
        return error_raise(&error);
    }
    PyArrayObject *source = padded_source(array, &windows, values);
    if (!source) return NULL;
    Tensor tensor, view;
    PyObject *result = NULL;
    tensor_from_array(&tensor, source);
    if (windows_view(&tensor, &windows, &view, &error)) {
        error_raise(&error);
    } else {
        result = view_make(source, &view, (ViewKind){false, false});
    }
    Py_DECREF((PyObject *)source);
    return result;
}

PyObject *method_windows(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                         PyObject *keyword_names) {
    (void)module;
    PyObject *values[WINDOWS_PARAMETERS];
    if (!arguments_bind(&windows_signature, arguments, count, keyword_names, values)) return NULL;
    PyArrayObject *array = view_source(values[WINDOWS_X], false);
    if (!array) return NULL;
    PyObject *result = windows_of_array(array, values);
    Py_DECREF((PyObject *)array);
    return result;
}

/* ------------------------------------------------------------------------------ output_shape */

enum {
    OUTPUT_SHAPE,
    OUTPUT_WINDOW_SHAPE,
    OUTPUT_AXIS,
    OUTPUT_STRIDE,
    OUTPUT_DILATION,
    OUTPUT_PADDING,
    OUTPUT_REMAINDER,
    OUTPUT_PARAMETERS
};

static const Signature output_shape_signature = {"output_shape", 2, 3, OUTPUT_PARAMETERS,
                                                 (const char *const[]){"shape", "window_shape",
                                                                       "axis", "stride", "dilation",
                                                                       "padding", "remainder"}};

static bool resolve_shape(PyObject *const values[], Windows *windows) {
    GeometryArguments geometry = {values[OUTPUT_WINDOW_SHAPE], values[OUTPUT_AXIS],
                                  values[OUTPUT_STRIDE],       values[OUTPUT_DILATION],
                                  values[OUTPUT_PADDING],      values[OUTPUT_REMAINDER]};
    Integers shape;
    Error error;
    if (!integers_read_shape(values[OUTPUT_SHAPE], &shape)) return false;
    if (!geometry_read(&geometry, shape.count, windows)) return false;
    if (windows_resolve(windows, shape.values, shape.count, &error) == STATUS_OK) return true;
    error_raise(&error);
    return false;
}

/* The geometry that the arguments of a call describe. */
static bool bind_shape(PyObject *const *arguments, Py_ssize_t count, PyObject *keyword_names,
                       Windows *windows) {
    PyObject *values[OUTPUT_PARAMETERS];
    return arguments_bind(&output_shape_signature, arguments, count, keyword_names, values) &&
           resolve_shape(values, windows);
}

PyObject *method_output_shape(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                              PyObject *keyword_names) {
    (void)module;
    Windows windows;
    if (!bind_shape(arguments, count, keyword_names, &windows)) return NULL;
    ptrdiff_t positions[MAX_AXES];
    for (int i = 0; i < windows.count; i++) positions[i] = windows.axes[i].positions;
    return integers_tuple(positions, windows.count);
}

PyObject *method_window_axes(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                             PyObject *keyword_names) {
    (void)module;
    Windows windows;
    if (!bind_shape(arguments, count, keyword_names, &windows)) return NULL;
    PyObject *axes = PyList_New(0);
    for (int i = 0; axes && i < windows.count; i++) {
        const WindowAxis *window = &windows.axes[i];
        ptrdiff_t numbers[] = {window->length, window->size,   window->stride,   window->dilation,
                               window->before, window->extent, window->positions};
        PyObject *axis = integers_tuple(numbers, (int)(sizeof numbers / sizeof *numbers));
        if (!axis || PyList_Append(axes, axis) < 0) Py_CLEAR(axes);
        Py_XDECREF(axis);
    }
    return axes;
}
