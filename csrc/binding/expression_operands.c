/* The operands of an expression as its constructor gets them: constants, arrays and shapes. */
#include "binding/dispatch.h"
#include "binding/dtypes.h"
#include "binding/expression.h"
#include "binding/integers.h"
#include "binding/transfer.h"
#include "binding/views.h"

/* ---- which operands are constants ---- */

static bool add_constant(Expression *expression, bool is_constant[], PyObject *position) {
    ptrdiff_t at;
    if (!integer_read(position, &at)) return false;
    if (at >= 0 && at < expression->operand_count) {
        expression->array_count -= !is_constant[at];
        is_constant[at] = true;
        return true;
    }
    PyErr_Format(PyExc_ValueError, "expression: constants has %zd, but the operands are 0 to %d",
                 at, expression->operand_count - 1);
    return false;
}

static bool take_constants(Expression *expression, const bool is_constant[]) {
    size_t room = (size_t)expression->operand_count;
    Constants *constants = arena_take(&expression->arena, 1, sizeof *constants);
    ptrdiff_t **strides = arena_take(&expression->arena, room, sizeof *strides);
    if (!constants || !strides) return PyErr_NoMemory() != NULL;
    *constants = (Constants){.is_constant = is_constant, .strides = strides};
    expression->constants = constants;
    return true;
}

static PyObject *positions_of(const bool is_constant[], int count) {
    PyObject *list = PyList_New(0);
    for (int i = 0; list && i < count; i++) {
        PyObject *position = is_constant[i] ? PyLong_FromLong(i) : NULL;
        bool has_failed = is_constant[i] && (!position || PyList_Append(list, position) < 0);
        Py_XDECREF(position);
        if (has_failed) Py_CLEAR(list);
    }
    PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

static bool read_constants(Expression *expression, PyObject *positions) {
    int count = expression->operand_count;
    bool *is_constant = arena_take(&expression->arena, (size_t)count, sizeof *is_constant);
    if (!is_constant) return PyErr_NoMemory() != NULL;
    for (int i = 0; i < count; i++) is_constant[i] = false;
    PyObject *list = positions && positions != Py_None ? PySequence_List(positions) : PyList_New(0);
    bool done = list != NULL;
    for (Py_ssize_t i = 0; done && i < PyList_Size(list); i++) {
        done = add_constant(expression, is_constant, PyList_GetItem(list, i));
    }
    Py_XDECREF(list);
    if (!done) return false;
    expression->positions = positions_of(is_constant, count);
    if (!expression->positions) return false;
    return expression->array_count == count || take_constants(expression, is_constant);
}

static bool is_held(const Expression *expression, int at) {
    return expression->constants && expression->constants->is_constant[at];
}

/* ---- what they are ---- */

/* Values as they are now: broadcast axes and overlapping windows take no more memory than they did.
 */
static PyArrayObject *private_copy(PyArrayObject *array) {
    DType dtype;
    PyArray_Descr *descr = PyArray_DESCR(array);
    if (!dtype_from_descr(descr, &dtype)) {
        return (PyArrayObject *)PyArray_NewCopy(array, NPY_KEEPORDER);
    }
    Tensor tensor;
    PyArrayObject *owner = transfer_view(array, descr, &tensor);
    PyObject *copy = owner ? view_make(owner, &tensor, (ViewKind){0}) : NULL;
    Py_XDECREF((PyObject *)owner);
    return (PyArrayObject *)copy;
}

static bool hold_array(Expression *expression, int at, PyArrayObject *array) {
    size_t room = (size_t)PyArray_NDIM(array);
    ptrdiff_t *strides = arena_take(&expression->arena, room, sizeof *strides);
    if (!strides) return PyErr_NoMemory() != NULL;
    for (size_t i = 0; i < room; i++) strides[i] = PyArray_STRIDE(array, (int)i);
    expression->constants->strides[at] = strides;
    expression->held[at] = private_copy(array);
    return expression->held[at] != NULL;
}

static PyObject *hold(Expression *expression, int at, PyObject *object) {
    if (PyTuple_Check(object)) {
        return PyErr_Format(PyExc_TypeError,
                            "expression: operand %d is a constant and must be an array, not %R", at,
                            object);
    }
    PyObject *array = operand_array(object);
    bool done = array && hold_array(expression, at, (PyArrayObject *)array);
    Py_XDECREF(array);
    if (!done) return NULL;
    Py_INCREF((PyObject *)expression->held[at]);
    return (PyObject *)expression->held[at];
}

/* The tuple of ints that a tuple of indices stands for. */
static PyObject *shape_from_tuple(PyObject *tuple, int at) {
    Integers shape;
    if (!integers_read(tuple, "shape", &shape)) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
        return PyErr_Format(PyExc_TypeError,
                            "expression: operand %d: a tuple is a shape, and %R is none", at,
                            tuple);
    }
    for (int axis = 0; axis < shape.count; axis++) {
        if (shape.values[axis] >= 0) continue;
        return PyErr_Format(PyExc_ValueError,
                            "expression: axis %d of operand %d has the negative extent %zd", axis,
                            at, shape.values[axis]);
    }
    return integers_tuple(shape.values, shape.count);
}

/* A shape, or an object of another library, of which no more is looked at. NULL with or without an
   exception for anything else. */
static PyObject *shape_from(const Expression *expression, PyObject *object, int at) {
    if (PyTuple_Check(object)) return shape_from_tuple(object, at);
    CallArguments alone = {&object, 1, NULL};
    if (dispatch_is_foreign(expression->state, &alone) != 1) return NULL;
    PyObject *shape = PyObject_GetAttrString(object, "shape");
    PyObject *tuple = shape ? shape_from_tuple(shape, at) : NULL;
    Py_XDECREF(shape);
    return tuple;
}

/* Gives the shape of an operand and, but for those that are shapes alone, its array. */
static bool read_operand(Expression *expression, int at, PyObject *object, PyObject **shape,
                         PyObject **array) {
    *array = NULL;
    if (is_held(expression, at)) {
        *array = hold(expression, at, object);
    } else {
        *shape = shape_from(expression, object, at);
        if (*shape) return true;
        if (!PyErr_Occurred()) *array = operand_array(object);
    }
    if (!*array) return false;
    PyArrayObject *known = (PyArrayObject *)*array;
    *shape = integers_tuple(PyArray_DIMS(known), PyArray_NDIM(known));
    return *shape != NULL;
}

/* arrays: a list that gets None for shapes. */
static bool read_operands(Expression *expression, PyObject *arguments, PyObject *arrays) {
    int count = expression->operand_count;
    expression->shapes = PyTuple_New(count);
    if (!expression->shapes) return false;
    for (int i = 0; i < count; i++) {
        PyObject *shape = NULL, *array = NULL;
        bool done = read_operand(expression, i, PyTuple_GetItem(arguments, 1 + i), &shape, &array);
        done = done && PyList_Append(arrays, array ? array : Py_None) == 0;
        Py_XDECREF(array);
        if (shape && PyTuple_SetItem(expression->shapes, i, shape) < 0) return false;
        if (!done) return false;
    }
    return true;
}

/* ---- stand-ins for operands of which only the shape is known ---- */

/* The common type of the arrays that are there; float64 where there are none. */
static PyArray_Descr *common_descr(PyObject *arrays) {
    PyArrayObject **known = PyMem_Malloc((size_t)PyList_Size(arrays) * sizeof *known);
    if (!known) {
        PyErr_NoMemory();
        return NULL;
    }
    npy_intp count = 0;
    for (Py_ssize_t i = 0; i < PyList_Size(arrays); i++) {
        PyObject *array = PyList_GetItem(arrays, i);
        if (array != Py_None) known[count++] = (PyArrayObject *)array;
    }
    PyArray_Descr *descr =
        count > 0 ? PyArray_ResultType(count, known, 0, NULL) : PyArray_DescrFromType(NPY_DOUBLE);
    PyMem_Free(known);
    return descr;
}

/* The type that calls will probably compute in. */
static PyArray_Descr *likely_descr(PyObject *arrays, PyObject *asked) {
    PyArray_Descr *descr = NULL;
    if (asked && PyArray_DescrConverter2(asked, &descr) != NPY_SUCCEED) return NULL;
    if (!descr) descr = common_descr(arrays);
    if (!descr || !PyTypeNum_ISNUMBER(descr->type_num)) return descr;
    PyArray_Descr *native = PyArray_DescrFromType(descr->type_num);
    Py_DECREF((PyObject *)descr);
    return native;
}

/* An array in C order of which nothing may be read but the element at index 0. */
static PyObject *stand_in(PyObject *shape, PyArray_Descr *descr) {
    static _Alignas(64) char zeros[1024];
    int axis_count = (int)PyTuple_Size(shape);
    npy_intp extents[MAX_AXES];
    for (int i = 0; i < axis_count; i++) {
        extents[i] = PyLong_AsSsize_t(PyTuple_GetItem(shape, i));
    }
    Py_INCREF((PyObject *)descr); /* taken over by the constructor */
    return PyArray_NewFromDescr(&PyArray_Type, descr, axis_count, extents, NULL, zeros, 0, NULL);
}

static bool add_stand_ins(const Expression *expression, PyObject *arrays, PyObject *asked) {
    PyArray_Descr *descr = NULL;
    bool done = true;
    for (Py_ssize_t i = 0; done && i < expression->operand_count; i++) {
        if (PyList_GetItem(arrays, i) != Py_None) continue;
        if (!descr) descr = likely_descr(arrays, asked);
        PyObject *array = descr ? stand_in(PyTuple_GetItem(expression->shapes, i), descr) : NULL;
        done = array && PyList_SetItem(arrays, i, array) == 0;
    }
    Py_XDECREF((PyObject *)descr);
    return done;
}

/* ---- the whole ---- */

PyObject *expression_read_operands(Expression *expression, PyObject *arguments, PyObject *positions,
                                   PyObject *asked) {
    PyObject *arrays = PyList_New(0);
    bool done = arrays && read_constants(expression, positions) &&
                read_operands(expression, arguments, arrays) &&
                add_stand_ins(expression, arrays, asked);
    if (!done) Py_CLEAR(arrays);
    return arrays;
}
