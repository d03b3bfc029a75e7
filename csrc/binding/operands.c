#include "binding/operands.h"

#include "binding/dtypes.h"
#include "binding/transfer.h"

bool operands_begin(Operands *operands, Py_ssize_t count, Arena *arena) {
    operands->count = 0;
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

/* numpy.asarray, with a short way for what is an array already. A new reference. */
static PyObject *base_array(PyObject *object) {
    if (!PyArray_CheckExact(object)) return PyArray_FROM_OF(object, NPY_ARRAY_ENSUREARRAY);
    Py_INCREF(object);
    return object;
}

bool operands_take(Operands *operands, int at, PyObject *object) {
    PyObject *array = base_array(object);
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

/* Whether no element is ever read: some label has extent 0. */
static bool is_empty(const Problem *problem) {
    for (int label = 0; label < problem->label_count; label++) {
        if (problem->extents[label] == 0) return true;
    }
    return false;
}

/* Elements that are not read need no value: text that is no number may stay what it is. */
static void take_unread(Operands *operands, DType dtype, Einsum *einsum) {
    for (int i = 0; i < operands->count; i++) {
        operands->tensors[i].dtype = dtype;
        einsum_bind(einsum, i, &operands->tensors[i]);
    }
}

bool operands_convert(Operands *operands, const Computing *computing, Einsum *einsum) {
    if (is_empty(&einsum->problem)) {
        take_unread(operands, computing->dtype, einsum);
        return true;
    }
    for (int i = 0; i < operands->count; i++) {
        PyArrayObject *array = operands->arrays[i];
        Tensor *tensor = &operands->tensors[i];
        DType stored;
        if (dtype_from_descr(PyArray_DESCR(array), &stored) && PyArray_ISBEHAVED_RO(array) &&
            dtype_is_readable(stored, computing->dtype)) {
            continue;
        }
        operands->converted[i] = transfer_view(array, computing->descr, tensor);
        if (!operands->converted[i]) return false;
        einsum_bind(einsum, i, tensor);
    }
    return true;
}
