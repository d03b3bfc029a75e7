#include "binding/operands.h"

#include "binding/dtypes.h"
#include "binding/transfer.h"

bool operands_begin(Operands *operands, Py_ssize_t count, Arena *arena) {
    operands->count = 0;
    operands->is_constant = NULL;
    size_t room = (size_t)count;
    operands->arrays = arena_take(arena, room, sizeof *operands->arrays);
    operands->converted = arena_take(arena, room, sizeof *operands->converted);
    operands->tensors = arena_take(arena, room, sizeof *operands->tensors);
    if (!operands->arrays || !operands->converted || !operands->tensors) {
        PyErr_NoMemory();
        return false;
    }
    for (int i = 0; i < count; i++) operands->arrays[i] = operands->converted[i] = NULL;
    operands->count = (int)count;
    return true;
}

void operands_end(Operands *operands) {
    for (int i = 0; i < operands->count; i++) {
        Py_XDECREF((PyObject *)operands->arrays[i]);
        Py_XDECREF((PyObject *)operands->converted[i]);
    }
}

PyObject *operand_array(PyObject *object) {
    if (!PyArray_CheckExact(object)) return PyArray_FROM_OF(object, NPY_ARRAY_ENSUREARRAY);
    Py_INCREF(object);
    return object;
}

bool operands_take(Operands *operands, int at, PyObject *object) {
    PyObject *array = operand_array(object);
    if (!array) return false;
    operands->arrays[at] = (PyArrayObject *)array;
    tensor_from_array(&operands->tensors[at], operands->arrays[at]);
    return true;
}

/* What promotion looks at. Before NumPy 2 an array without axes counts by its value, so that these
   are passed as arrays; NumPy 2 looks at their dtypes alone. */
typedef struct Promotion {
    npy_intp array_count, descr_count;
    PyArrayObject **arrays;
    PyArray_Descr **descrs;
} Promotion;

static void promotion_add(Promotion *promotion, PyArrayObject *array) {
    if (PyArray_NDIM(array) == 0)
        promotion->arrays[promotion->array_count++] = array;
    else
        promotion->descrs[promotion->descr_count++] = PyArray_DESCR(array);
}

static PyArray_Descr *promoted(const Operands *operands, PyArrayObject *out) {
    size_t room = (size_t)operands->count + 1;
    Promotion promotion = {
        .arrays = PyMem_Malloc(sizeof *promotion.arrays * room),
        .descrs = PyMem_Malloc(sizeof *promotion.descrs * room),
    };
    PyArray_Descr *common = NULL;
    if (promotion.arrays && promotion.descrs) {
        for (int i = 0; i < operands->count; i++) promotion_add(&promotion, operands->arrays[i]);
        if (out) promotion_add(&promotion, out);
        common = PyArray_ResultType(promotion.array_count, promotion.arrays, promotion.descr_count,
                                    promotion.descrs);
    } else {
        PyErr_NoMemory();
    }
    PyMem_Free(promotion.arrays);
    PyMem_Free(promotion.descrs);
    return common;
}

static bool have_one_type(const Operands *operands, PyArrayObject *out) {
    int type = PyArray_TYPE(operands->arrays[0]);
    if (out && PyArray_TYPE(out) != type) return false;
    for (int i = 1; i < operands->count; i++) {
        if (PyArray_TYPE(operands->arrays[i]) != type) return false;
    }
    return true;
}

bool operands_promote_by_value(const Operands *operands, PyArrayObject *out) {
    if (have_one_type(operands, out)) return false;
    if (out && PyArray_NDIM(out) == 0) return true;
    for (int i = 0; i < operands->count; i++) {
        if (PyArray_NDIM(operands->arrays[i]) == 0) return true;
    }
    return false;
}

/* Nearly always all dtypes are one number type, and there is nothing to promote. */
static PyArray_Descr *common_descr(const Operands *operands, PyArrayObject *out) {
    PyArray_Descr *first = PyArray_DESCR(operands->arrays[0]);
    if (!PyTypeNum_ISNUMBER(first->type_num) || !have_one_type(operands, out)) {
        return promoted(operands, out);
    }
    Py_INCREF((PyObject *)first);
    return first;
}

bool operands_promote(const Operands *operands, PyArray_Descr *asked, PyArrayObject *out,
                      Computing *computing) {
    PyArray_Descr *common = asked;
    if (asked)
        Py_INCREF((PyObject *)asked);
    else
        common = common_descr(operands, out);
    if (!common) return false;
    if (dtype_from_descr(common, &computing->dtype)) {
        computing->descr = PyArray_DescrFromType(common->type_num);
    } else {
        PyErr_Format(PyExc_TypeError, "einsum: invalid data type, cannot compute with %R", common);
    }
    Py_DECREF((PyObject *)common);
    return computing->descr != NULL;
}

const char *casting_name(NPY_CASTING casting) {
    static const char *const names[] = {
        [NPY_NO_CASTING] = "no",         [NPY_EQUIV_CASTING] = "equiv",
        [NPY_SAFE_CASTING] = "safe",     [NPY_SAME_KIND_CASTING] = "same_kind",
        [NPY_UNSAFE_CASTING] = "unsafe",
    };
    return names[casting];
}

bool operands_check_casting(const Operands *operands, PyArray_Descr *descr, NPY_CASTING casting) {
    for (int i = 0; i < operands->count; i++) {
        PyArray_Descr *from = PyArray_DESCR(operands->arrays[i]);
        if (from == descr || PyArray_CanCastArrayTo(operands->arrays[i], descr, casting)) continue;
        PyErr_Format(PyExc_TypeError,
                     "einsum: operand %d cannot be cast from %R to %R according to the rule '%s'",
                     i, from, descr, casting_name(casting));
        return false;
    }
    return true;
}

/* Elements that are not read need no value: text that is no number may stay what it is. */
static void take_unread(Operands *operands, DType dtype, Einsum *einsum) {
    for (int i = 0; i < operands->count; i++) {
        operands->tensors[i].dtype = dtype;
        einsum_bind(einsum, i, &operands->tensors[i]);
    }
}

/* Whether the core can read the array itself. */
static bool is_readable(PyArrayObject *array, DType computing) {
    DType stored;
    return dtype_from_descr(PyArray_DESCR(array), &stored) && PyArray_ISBEHAVED_RO(array) &&
           dtype_is_readable(stored, computing);
}

static bool convert(Operands *operands, int at, const Computing *computing, Einsum *einsum) {
    Tensor *tensor = &operands->tensors[at];
    operands->converted[at] = transfer_view(operands->arrays[at], computing->descr, tensor);
    if (!operands->converted[at]) return false;
    einsum_bind(einsum, at, tensor);
    return true;
}

bool operands_convert(Operands *operands, const Computing *computing, Einsum *einsum) {
    if (problem_is_empty(&einsum->problem)) {
        take_unread(operands, computing->dtype, einsum);
        return true;
    }
    bool skips_constants = operands->is_constant && computing->dtype != DTYPE_OBJECT;
    for (int i = 0; i < operands->count; i++) {
        if (skips_constants && operands->is_constant[i]) continue;
        if (is_readable(operands->arrays[i], computing->dtype)) continue;
        if (!convert(operands, i, computing, einsum)) return false;
    }
    return true;
}

bool operands_convert_one(Operands *operands, int at, const Computing *computing, Einsum *einsum) {
    bool is_of_type = operands->tensors[at].dtype == computing->dtype;
    if (is_of_type && is_readable(operands->arrays[at], computing->dtype)) return true;
    return convert(operands, at, computing, einsum);
}
