/* fold. */
#include "fold.h"

#include "binding/arguments.h"
#include "binding/data_memory.h"
#include "binding/dtypes.h"
#include "binding/errors.h"
#include "binding/geometry.h"
#include "binding/transfer.h"
#include "binding/views.h"
#include "binding/windows_methods.h"

enum {
    FOLD_WINDOWS,
    FOLD_SHAPE,
    FOLD_AXIS,
    FOLD_STRIDE,
    FOLD_DILATION,
    FOLD_PADDING,
    FOLD_MODE,
    FOLD_REMAINDER,
    FOLD_AVERAGE,
    FOLD_OUT,
    FOLD_ACCUMULATE,
    FOLD_PARAMETERS
};

static const Signature signature = {
    "fold", 2, 3, FOLD_PARAMETERS,
    (const char *const[]){"windows", "shape", "axis", "stride", "dilation", "padding", "mode",
                          "remainder", "average", "out", "accumulate"}};

/* A call under way. fold_call_end gives back what is owned. */
typedef struct FoldCall {
    PyArrayObject *windows;   /* owned: as passed */
    PyArrayObject *converted; /* owned: aligned and native, NULL if windows is */
    Tensor windows_tensor;    /* of whichever of the two is read */
    Windows geometry;
    Integers shape;
    FoldJob job;
    DType dtype;           /* of the result */
    PyArrayObject *result; /* owned: what the caller gets */
    PyArrayObject *target; /* owned: what the core writes, result itself or a temporary */
} FoldCall;

static void fold_call_end(FoldCall *call) {
    Py_XDECREF((PyObject *)call->windows);
    Py_XDECREF((PyObject *)call->converted);
    Py_XDECREF((PyObject *)call->result);
    Py_XDECREF((PyObject *)call->target);
}

/* Every stage returns true, or false with an exception set. */

/* ------------------------------------------------------------------------------ what to fold */

static bool refuse_dtype(PyArray_Descr *descr) {
    PyErr_Format(PyExc_TypeError,
                 "fold adds overlapping elements, which dtype %S does not support%s",
                 (PyObject *)descr, descr->kind == 'b' ? "; cast to an integer type first" : "");
    return false;
}

static bool read_dtype(FoldCall *call) {
    Error error;
    DType dtype;
    PyArray_Descr *descr = PyArray_DESCR(call->windows);
    bool is_number = dtype_from_descr(descr, &dtype) && dtype != DTYPE_OBJECT;
    if (!is_number || dtype == DTYPE_BOOL) return refuse_dtype(descr);
    return error_check(fold_dtype(dtype, call->job.average, &call->dtype, &error), &error);
}

static bool read_windows(FoldCall *call, PyObject *object) {
    call->windows = view_source(object, false);
    return call->windows && read_dtype(call);
}

/* Reads from another copy of the windows: a native one, or one that out does not overlap. */
static bool convert_windows(FoldCall *call) {
    PyArray_Descr *native = PyArray_DescrNewByteorder(PyArray_DESCR(call->windows), NPY_NATIVE);
    if (!native) return false;
    call->converted = transfer_view(call->windows, native, &call->windows_tensor);
    Py_DECREF((PyObject *)native);
    return call->converted != NULL;
}

static bool read_geometry(FoldCall *call, PyObject *const values[]) {
    GeometryArguments arguments = {NULL,
                                   values[FOLD_AXIS],
                                   values[FOLD_STRIDE],
                                   values[FOLD_DILATION],
                                   values[FOLD_PADDING],
                                   values[FOLD_REMAINDER]};
    Error error;
    if (!integers_read_shape(values[FOLD_SHAPE], &call->shape)) return false;
    int window_count = PyArray_NDIM(call->windows) - call->shape.count;
    if (window_count < 0) {
        PyErr_Format(PyExc_ValueError, "windows has %d axes, fewer than the %d of shape",
                     PyArray_NDIM(call->windows), call->shape.count);
        return false;
    }
    if (!geometry_read_sizeless(&arguments, call->shape.count, window_count, &call->geometry)) {
        return false;
    }
    tensor_from_array(&call->windows_tensor, call->windows);
    return error_check(fold_resolve(&call->windows_tensor, &call->geometry, call->shape.values,
                                    call->shape.count, &error),
                       &error);
}

static bool read_mode(FoldCall *call, PyObject *value) {
    Error error;
    call->job.mode = PAD_CONSTANT;
    if (value) {
        const char *name = arguments_text(value, "mode");
        if (!name || !error_check(pad_mode_from_name(name, &call->job.mode, &error), &error)) {
            return false;
        }
    }
    return error_check(pad_check(&call->geometry, call->job.mode, &error), &error);
}

/* ----------------------------------------------------------------------------- where it goes */

static PyArray_Descr *descr_of_result(const FoldCall *call) {
    PyArray_Descr *descr = PyArray_DESCR(call->windows);
    bool is_mean_of_integers = call->job.average && PyTypeNum_ISINTEGER(descr->type_num);
    return PyArray_DescrFromType(is_mean_of_integers ? NPY_DOUBLE : descr->type_num);
}

static PyArrayObject *allocate_result(const FoldCall *call) {
    PyArray_Descr *descr = descr_of_result(call);
    if (!descr) return NULL;
    return array_new(descr, call->shape.count, call->shape.values, NULL);
}

static bool check_out_shape(const FoldCall *call, PyArrayObject *out) {
    int axis_count = call->shape.count;
    if (PyArray_NDIM(out) == axis_count &&
        PyArray_CompareLists(PyArray_DIMS(out), call->shape.values, axis_count)) {
        return true;
    }
    PyObject *has = integers_tuple(PyArray_DIMS(out), PyArray_NDIM(out));
    PyObject *needs = integers_tuple(call->shape.values, axis_count);
    if (has && needs) PyErr_Format(PyExc_ValueError, "out has shape %S, not %S", has, needs);
    Py_XDECREF(needs);
    Py_XDECREF(has);
    return false;
}

static bool check_out(const FoldCall *call, PyObject *object) {
    if (!PyArray_Check(object)) {
        PyErr_Format(PyExc_TypeError, "out must be an ndarray, got %R",
                     (PyObject *)Py_TYPE(object));
        return false;
    }
    PyArrayObject *out = (PyArrayObject *)object;
    DType dtype;
    if (!dtype_from_descr(PyArray_DESCR(out), &dtype) || dtype != call->dtype) {
        PyErr_Format(PyExc_TypeError, "out has dtype %S, but this fold gives %s",
                     (PyObject *)PyArray_DESCR(out), dtype_name(call->dtype));
        return false;
    }
    if (!check_out_shape(call, out) || PyArray_FailUnlessWriteable(out, "out") < 0) return false;
    Tensor tensor;
    tensor_from_array(&tensor, out);
    if (!tensor_may_overlap_itself(&tensor)) return true;
    PyErr_SetString(PyExc_ValueError, "elements of out overlap each other");
    return false;
}

/* Whether the stretches of memory of the two overlap; what lies between elements counts too. */
static bool shares_memory(const Tensor *left, const Tensor *right) {
    ptrdiff_t left_low, left_high, right_low, right_high;
    tensor_byte_span(left, &left_low, &left_high);
    tensor_byte_span(right, &right_low, &right_high);
    return (uintptr_t)left->data + (size_t)left_low < (uintptr_t)right->data + (size_t)right_high &&
           (uintptr_t)right->data + (size_t)right_low < (uintptr_t)left->data + (size_t)left_high;
}

static bool take_out(FoldCall *call, PyObject *object) {
    if (!check_out(call, object)) return false;
    Py_INCREF(object);
    call->result = (PyArrayObject *)object;
    Tensor out;
    tensor_from_array(&out, call->result);
    bool must_convert = !call->converted && shares_memory(&out, &call->windows_tensor);
    if (must_convert && !convert_windows(call)) return false;
    if (PyArray_ISBEHAVED(call->result)) {
        Py_INCREF(object);
        call->target = call->result;
        return true;
    }
    call->target = allocate_result(call);
    return call->target && (!call->job.accumulate || transfer(call->target, call->result));
}

static bool make_result(FoldCall *call) {
    call->result = call->target = allocate_result(call);
    Py_XINCREF((PyObject *)call->target);
    return call->result != NULL;
}

/* --------------------------------------------------------------------------------- the whole */

static bool read_call(FoldCall *call, PyObject *const values[]) {
    if (!arguments_flag(values[FOLD_AVERAGE], false, &call->job.average)) return false;
    if (!arguments_flag(values[FOLD_ACCUMULATE], false, &call->job.accumulate)) return false;
    PyObject *out = values[FOLD_OUT] == Py_None ? NULL : values[FOLD_OUT];
    if (call->job.accumulate && !out) {
        PyErr_SetString(PyExc_ValueError, "accumulate=True needs an out to add to");
        return false;
    }
    if (!read_windows(call, values[FOLD_WINDOWS]) || !read_geometry(call, values)) return false;
    if (!read_mode(call, values[FOLD_MODE])) return false;
    if (!PyArray_ISBEHAVED_RO(call->windows) && !convert_windows(call)) return false;
    return out ? take_out(call, out) : make_result(call);
}

static bool run_call(FoldCall *call) {
    Tensor target;
    Error error;
    Status status;
    tensor_from_array(&target, call->target);
    call->job.windows = &call->windows_tensor;
    call->job.geometry = &call->geometry;
    Py_BEGIN_ALLOW_THREADS;
    status = fold_run(&call->job, &target, &error);
    Py_END_ALLOW_THREADS;
    if (!error_check(status, &error)) return false;
    return call->target == call->result || transfer(call->result, call->target);
}

PyObject *method_fold(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                      PyObject *keyword_names) {
    (void)module;
    PyObject *values[FOLD_PARAMETERS];
    if (!arguments_bind(&signature, arguments, count, keyword_names, values)) return NULL;
    FoldCall call;
    call.windows = call.converted = call.result = call.target = NULL;
    PyObject *result = NULL;
    if (read_call(&call, values) && run_call(&call)) {
        result = (PyObject *)call.result;
        Py_INCREF(result);
    }
    fold_call_end(&call);
    return result;
}
