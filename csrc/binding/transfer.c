#include "binding/transfer.h"

#include "binding/dtypes.h"
#include "binding/views.h"

#include <string.h>

/* A plain array over the memory of base. */
static PyArrayObject *array_view(PyArrayObject *base, const Tensor *tensor) {
    return (PyArrayObject *)view_make(base, tensor, (ViewKind){.is_writeable = true});
}

/* The same: count adjacent elements from data on. */
static PyArrayObject *array_span(PyArrayObject *base, char *data, npy_intp count) {
    Tensor tensor;
    tensor.data = data;
    tensor.axis_count = 1;
    tensor.shape[0] = count;
    tensor.strides[0] = PyArray_ITEMSIZE(base);
    return array_view(base, &tensor);
}

/* Both pointers advance over elements that already have the same type. */
static void move_elements(char *const data[2], const npy_intp strides[2], npy_intp count,
                          size_t size) {
    char *to = data[0];
    const char *from = data[1];
    for (npy_intp i = 0; i < count; i++, to += strides[0], from += strides[1]) {
        memcpy(to, from, size);
    }
}

/* The casts happen in the buffers of NumPy's iterator, which reports no floating-point errors. */
static bool iterate(NpyIter *iterator, size_t size) {
    NpyIter_IterNextFunc *next = NpyIter_GetIterNext(iterator, NULL);
    if (!next) return false;
    if (NpyIter_GetIterSize(iterator) == 0) return true;
    char **data = NpyIter_GetDataPtrArray(iterator);
    npy_intp *strides = NpyIter_GetInnerStrideArray(iterator);
    npy_intp *count = NpyIter_GetInnerLoopSizePtr(iterator);
    do { move_elements(data, strides, *count, size); } while (next(iterator));
    return !PyErr_Occurred();
}

static NpyIter *make_iterator(PyArrayObject *arrays[2], PyArray_Descr *native) {
    npy_uint32 flags = NPY_ITER_EXTERNAL_LOOP | NPY_ITER_BUFFERED | NPY_ITER_GROWINNER |
                       NPY_ITER_ZEROSIZE_OK | NPY_ITER_REFS_OK;
    npy_uint32 sides[2] = {
        NPY_ITER_WRITEONLY | NPY_ITER_NO_BROADCAST | NPY_ITER_NBO | NPY_ITER_ALIGNED,
        NPY_ITER_READONLY | NPY_ITER_NBO | NPY_ITER_ALIGNED,
    };
    PyArray_Descr *descrs[2] = {native, native};
    return NpyIter_MultiNew(2, arrays, flags, NPY_KEEPORDER, NPY_UNSAFE_CASTING, sides, descrs);
}

/* An array without axes would be cast when the iterator is made, by other code: it gets an axis. */
static PyArrayObject *with_axis(PyArrayObject *array) {
    if (PyArray_NDIM(array) == 0) return array_span(array, PyArray_BYTES(array), 1);
    Py_INCREF((PyObject *)array);
    return array;
}

static bool transfer_silently(PyArrayObject *to, PyArrayObject *from) {
    PyArrayObject *arrays[2] = {with_axis(to), with_axis(from)};
    PyArray_Descr *native = PyArray_DescrNewByteorder(PyArray_DESCR(to), NPY_NATIVE);
    bool is_ready = arrays[0] && arrays[1] && native;
    NpyIter *iterator = is_ready ? make_iterator(arrays, native) : NULL;
    bool done = iterator && iterate(iterator, (size_t)PyDataType_ELSIZE(native));
    if (iterator && NpyIter_Deallocate(iterator) != NPY_SUCCEED) done = false;
    Py_XDECREF((PyObject *)native);
    Py_XDECREF((PyObject *)arrays[0]);
    Py_XDECREF((PyObject *)arrays[1]);
    return done;
}

/* A cast that keeps every value raises no floating-point error, and one to Python objects has none.
 */
static bool is_silent(PyArrayObject *to, PyArrayObject *from) {
    return PyDataType_REFCHK(PyArray_DESCR(to)) ||
           PyArray_CanCastTypeTo(PyArray_DESCR(from), PyArray_DESCR(to), NPY_SAFE_CASTING);
}

bool transfer(PyArrayObject *to, PyArrayObject *from) {
    if (is_silent(to, from)) return PyArray_CopyInto(to, from) == 0;
    return transfer_silently(to, from);
}

/* The view without repetition: extent 1 along axes that do not move. */
static PyArrayObject *without_broadcast(PyArrayObject *view) {
    Tensor tensor;
    tensor_from_array(&tensor, view);
    for (int i = 0; i < tensor.axis_count; i++) {
        if (tensor.strides[i] == 0 && tensor.shape[i] > 1) tensor.shape[i] = 1;
    }
    return array_view(view, &tensor);
}

/* The stretch of memory from the lowest to the highest element of a view. */
typedef struct Stretch {
    char *data;
    npy_intp count;    /* in elements */
    npy_intp position; /* of the view's element at index 0 */
} Stretch;

/* Whether the view is made of whole elements of one stretch that holds no more of them than the
   view itself. What lies between may be no objects, so these are never taken so. */
static bool stretch_from_view(PyArrayObject *view, Stretch *stretch) {
    npy_intp size = PyArray_ITEMSIZE(view);
    if (size == 0 || PyArray_SIZE(view) == 0 || PyDataType_REFCHK(PyArray_DESCR(view)))
        return false;
    npy_intp low = 0, high = 0;
    for (int i = 0; i < PyArray_NDIM(view); i++) {
        npy_intp stride = PyArray_STRIDE(view, i);
        if (stride % size != 0) return false;
        npy_intp reach = (PyArray_DIM(view, i) - 1) * (stride / size);
        *(reach < 0 ? &low : &high) += reach;
    }
    *stretch = (Stretch){PyArray_BYTES(view) + low * size, high - low + 1, -low};
    return stretch->count <= PyArray_SIZE(view);
}

static PyArrayObject *converted(PyArrayObject *from, PyArray_Descr *descr) {
    Py_INCREF((PyObject *)descr); /* taken over by the constructor */
    PyArrayObject *to = (PyArrayObject *)PyArray_NewLikeArray(from, NPY_KEEPORDER, descr, 0);
    if (to && !transfer(to, from)) Py_CLEAR(to);
    return to;
}

static PyArrayObject *convert_stretch(PyArrayObject *view, const Stretch *stretch,
                                      PyArray_Descr *descr, Tensor *tensor) {
    PyArrayObject *from = array_span(view, stretch->data, stretch->count);
    PyArrayObject *to = from ? converted(from, descr) : NULL;
    Py_XDECREF((PyObject *)from);
    if (!to) return NULL;
    npy_intp old_size = PyArray_ITEMSIZE(view), new_size = PyArray_ITEMSIZE(to);
    tensor->data = PyArray_BYTES(to) + stretch->position * new_size;
    for (int i = 0; i < tensor->axis_count; i++) {
        tensor->strides[i] = tensor->strides[i] / old_size * new_size;
    }
    return to;
}

static PyArrayObject *convert_elements(PyArrayObject *view, PyArray_Descr *descr, Tensor *tensor) {
    PyArrayObject *to = converted(view, descr);
    if (!to) return NULL;
    tensor->data = PyArray_BYTES(to);
    for (int i = 0; i < tensor->axis_count; i++) {
        if (tensor->strides[i] != 0) tensor->strides[i] = PyArray_STRIDE(to, i);
    }
    return to;
}

PyArrayObject *transfer_view(PyArrayObject *view, PyArray_Descr *descr, Tensor *tensor) {
    PyArrayObject *distinct = without_broadcast(view);
    if (!distinct) return NULL;
    tensor_from_array(tensor, view);
    Stretch stretch;
    PyArrayObject *to = stretch_from_view(distinct, &stretch)
                            ? convert_stretch(distinct, &stretch, descr, tensor)
                            : convert_elements(distinct, descr, tensor);
    Py_DECREF((PyObject *)distinct);
    if (to && !dtype_from_descr(descr, &tensor->dtype)) Py_CLEAR(to);
    return to;
}
