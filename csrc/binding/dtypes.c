#include "binding/dtypes.h"

#include <assert.h>

_Static_assert(sizeof(npy_intp) == sizeof(ptrdiff_t),
               "shapes are shared with NumPy without a copy");

typedef struct DtypeRow {
    char kind;
    size_t size;
    DType dtype;
} DtypeRow;

/* Where two types have the same size (long double on some machines), the first row wins. */
static const DtypeRow rows[] = {
    {'f', 8, DTYPE_F64},
    {'f', 4, DTYPE_F32},
    {'f', 2, DTYPE_F16},
    {'f', sizeof(longdouble), DTYPE_LONGDOUBLE},
    {'i', 8, DTYPE_I64},
    {'i', 4, DTYPE_I32},
    {'i', 2, DTYPE_I16},
    {'i', 1, DTYPE_I8},
    {'u', 8, DTYPE_U64},
    {'u', 4, DTYPE_U32},
    {'u', 2, DTYPE_U16},
    {'u', 1, DTYPE_U8},
    {'b', 1, DTYPE_BOOL},
    {'c', 16, DTYPE_C128},
    {'c', 8, DTYPE_C64},
    {'c', sizeof(clongdouble), DTYPE_CLONGDOUBLE},
    {'O', sizeof(PyObject *), DTYPE_OBJECT},
};

/* User types may claim any kind and size; only NumPy's own numbers are trusted. */
static bool is_builtin(int type_number) {
    return type_number >= 0 && type_number <= NPY_HALF;
}

bool dtype_from_descr(PyArray_Descr *descr, DType *dtype) {
    if (!is_builtin(descr->type_num)) return false;
    size_t size = (size_t)PyDataType_ELSIZE(descr);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].kind != descr->kind || rows[i].size != size) continue;
        *dtype = rows[i].dtype;
        return true;
    }
    return false;
}

/* For what the core never reads, a type of the same size: the layout of a result depends on it. */
static DType stand_in(size_t size) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].size == size) return rows[i].dtype;
    }
    return DTYPE_U8;
}

void tensor_from_array(Tensor *tensor, PyArrayObject *array) {
    int axis_count = PyArray_NDIM(array);
    assert(axis_count <= MAX_AXES);
    tensor->data = PyArray_BYTES(array);
    tensor->axis_count = axis_count;
    PyArray_Descr *descr = PyArray_DESCR(array);
    if (!dtype_from_descr(descr, &tensor->dtype)) {
        tensor->dtype = stand_in((size_t)PyDataType_ELSIZE(descr));
    }
    for (int i = 0; i < axis_count; i++) {
        tensor->shape[i] = PyArray_DIM(array, i);
        tensor->strides[i] = PyArray_STRIDE(array, i);
    }
}
