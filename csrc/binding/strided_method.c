/* as_strided. */
#include "strided.h"

#include "binding/arguments.h"
#include "binding/dtypes.h"
#include "binding/errors.h"
#include "binding/integers.h"
#include "binding/views.h"
#include "binding/windows_methods.h"

#include <string.h>

enum {
    STRIDED_X,
    STRIDED_SHAPE,
    STRIDED_STRIDES,
    STRIDED_SUBOK,
    STRIDED_WRITEABLE,
    STRIDED_OFFSET,
    STRIDED_ITEM_STRIDES,
    STRIDED_CHECK_BOUNDS,
    STRIDED_BOUNDS,
    STRIDED_ALLOW_OVERLAP,
    STRIDED_PARAMETERS
};

static const Signature signature = {
    "as_strided", 1, 5, STRIDED_PARAMETERS,
    (const char *const[]){"x", "shape", "strides", "subok", "writeable", "offset", "item_strides",
                          "check_bounds", "bounds", "allow_overlap"}};

/* The arguments, read. */
typedef struct StridedRequest {
    Tensor view;      /* data is that of x until the offset is checked */
    ptrdiff_t offset; /* bytes */
    ViewKind kind;
    bool check_bounds, uses_base, allow_overlap;
} StridedRequest;

/* ------------------------------------------------------------------------- reading arguments */

/* None stands for "not given", as in NumPy. */
static PyObject *given(PyObject *value) {
    return value == Py_None ? NULL : value;
}

static bool read_bounds(PyObject *value, bool *uses_base) {
    *uses_base = false;
    if (!value) return true;
    const char *name = arguments_text(value, "bounds");
    if (!name) return false;
    *uses_base = strcmp(name, "base") == 0;
    if (*uses_base || strcmp(name, "array") == 0) return true;
    PyErr_Format(PyExc_ValueError, "unknown bounds '%U'. Expected 'array' or 'base'", value);
    return false;
}

static bool read_flags(StridedRequest *request, PyObject *const values[]) {
    return arguments_flag(values[STRIDED_SUBOK], false, &request->kind.keeps_subclass) &&
           arguments_flag(values[STRIDED_WRITEABLE], false, &request->kind.is_writeable) &&
           arguments_flag(values[STRIDED_CHECK_BOUNDS], true, &request->check_bounds) &&
           arguments_flag(values[STRIDED_ALLOW_OVERLAP], false, &request->allow_overlap) &&
           read_bounds(values[STRIDED_BOUNDS], &request->uses_base);
}

static bool scale(ptrdiff_t *number, ptrdiff_t factor) {
    if (!__builtin_mul_overflow(*number, factor, number)) return true;
    PyErr_SetString(PyExc_ValueError, "item_strides and offset overflow the address range");
    return false;
}

static bool read_strides(StridedRequest *request, PyArrayObject *array, PyObject *const values[]) {
    PyObject *in_bytes = given(values[STRIDED_STRIDES]);
    PyObject *in_items = given(values[STRIDED_ITEM_STRIDES]);
    if (in_bytes && in_items) {
        PyErr_SetString(PyExc_TypeError,
                        "as_strided() takes strides (bytes) or item_strides (elements), not both");
        return false;
    }
    ptrdiff_t unit = in_items ? PyArray_ITEMSIZE(array) : 1;
    request->offset = 0;
    if (values[STRIDED_OFFSET] && !integer_read(values[STRIDED_OFFSET], &request->offset)) {
        return false;
    }
    if (!scale(&request->offset, unit)) return false;
    Integers strides = {.count = PyArray_NDIM(array)};
    PyObject *passed = in_items ? in_items : in_bytes;
    if (passed) {
        const char *name = in_items ? "item_strides" : "strides";
        if (!integers_read(passed, name, &strides)) return false;
    }
    if (strides.count != request->view.axis_count) {
        PyErr_Format(PyExc_ValueError, "shape has %d entries but strides has %d",
                     request->view.axis_count, strides.count);
        return false;
    }
    for (int i = 0; i < strides.count; i++) {
        request->view.strides[i] = passed ? strides.values[i] : PyArray_STRIDE(array, i);
        if (passed && !scale(&request->view.strides[i], unit)) return false;
    }
    return true;
}

static bool read_shape(StridedRequest *request, PyArrayObject *array, PyObject *const values[]) {
    tensor_from_array(&request->view, array);
    PyObject *passed = given(values[STRIDED_SHAPE]);
    if (!passed) return true;
    Integers shape;
    if (!integers_read(passed, "shape", &shape)) return false;
    request->view.axis_count = shape.count;
    memcpy(request->view.shape, shape.values, (size_t)shape.count * sizeof *shape.values);
    return true;
}

/* ------------------------------------------------------------------------------------ checks */

/* The array at the end of the chain of bases. Borrowed. */
static PyArrayObject *last_base(PyArrayObject *array) {
    PyObject *base = PyArray_BASE(array);
    while (base && PyArray_Check(base)) {
        array = (PyArrayObject *)base;
        base = PyArray_BASE(array);
    }
    return array;
}

/* The bytes of an array, counted from the first element of x. */
static ByteRange range_of(PyArrayObject *array, PyArrayObject *x) {
    Tensor tensor;
    tensor_from_array(&tensor, array);
    ptrdiff_t low = 0, high = 0, origin = PyArray_BYTES(array) - PyArray_BYTES(x);
    if (PyArray_SIZE(array) == 0) return (ByteRange){0, -1};
    for (int i = 0; i < tensor.axis_count; i++) {
        ptrdiff_t reach = (tensor.shape[i] - 1) * tensor.strides[i];
        *(reach < 0 ? &low : &high) += reach;
    }
    return (ByteRange){origin + low, origin + high + PyArray_ITEMSIZE(array) - 1};
}

/* References may only be looked for where the array that sets the bounds has them. */
static Status check_items(const StridedView *view, PyArrayObject *owner, PyArrayObject *x,
                          Error *error) {
    if (!PyDataType_REFCHK(PyArray_DESCR(x))) return STATUS_OK;
    bool is_alike = PyArray_EquivTypes(PyArray_DESCR(owner), PyArray_DESCR(x));
    PyArrayObject *holder = is_alike ? owner : x;
    Tensor items;
    tensor_from_array(&items, holder);
    return strided_check_items(view, &items, PyArray_BYTES(holder) - PyArray_BYTES(x), error);
}

static Status check_request(const StridedRequest *request, PyArrayObject *x, Error *error) {
    StridedView view = {&request->view, request->offset, (size_t)PyArray_ITEMSIZE(x)};
    PyArrayObject *owner = request->uses_base ? last_base(x) : x;
    ByteRange range;
    TRY(strided_range(&view, &range, error));
    if (request->check_bounds) {
        const char *name = request->uses_base ? "the base of x" : "x";
        TRY(strided_check_bounds(&view, range, range_of(owner, x), name, error));
    }
    TRY(check_items(&view, owner, x, error));
    bool is_writeable = request->kind.is_writeable && PyArray_ISWRITEABLE(x);
    if (!is_writeable || request->allow_overlap) return STATUS_OK;
    return strided_check_overlap(&view, error);
}

static bool has_elements(const Tensor *view) {
    for (int i = 0; i < view->axis_count; i++) {
        if (view->shape[i] == 0) return false;
    }
    return true;
}

static PyObject *stride(PyArrayObject *x, StridedRequest *request, PyObject *const values[]) {
    Error error;
    if (!read_shape(request, x, values) || !read_strides(request, x, values)) return NULL;
    if (check_request(request, x, &error)) return error_raise(&error);
    if (has_elements(&request->view)) request->view.data += request->offset;
    return view_make(x, &request->view, request->kind);
}

PyObject *method_as_strided(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                            PyObject *keyword_names) {
    (void)module;
    PyObject *values[STRIDED_PARAMETERS];
    StridedRequest request;
    if (!arguments_bind(&signature, arguments, count, keyword_names, values)) return NULL;
    if (!read_flags(&request, values)) return NULL;
    PyArrayObject *x = view_source(values[STRIDED_X], request.kind.keeps_subclass);
    if (!x) return NULL;
    PyObject *result = stride(x, &request, values);
    Py_DECREF((PyObject *)x);
    return result;
}
