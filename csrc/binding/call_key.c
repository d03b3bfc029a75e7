/* A key holds, in this order: the number of operands and the kernels in use, the strategy that is
 * forced, the subscripts, as text or as lists of labels; then type, number of axes, shape and
 * strides of each operand; then each keyword with its value. Texts come with their lengths, so that
 * no two calls have the same words by accident. Where all but the arrays is known, the key has
 * nothing of it. */
#include "binding/call_key.h"

#include <string.h>

static bool is_text(PyObject *object) {
    return PyUnicode_CheckExact(object);
}

static bool add_text(PlanKey *key, PyObject *text) {
    Py_ssize_t size;
    const char *letters = PyUnicode_AsUTF8AndSize(text, &size);
    if (!letters) {
        PyErr_Clear(); /* the long way says what is wrong with it */
        return false;
    }
    size_t length = (size_t)size;
    if (!plan_key_has_room(key, 1 + plan_key_text_words(length))) return false;
    plan_key_add(key, length);
    plan_key_add_text(key, letters, length);
    return true;
}

/* ---- lists of labels ----------------------------------------------------- */

static const uint64_t LISTS = UINT64_C(1) << 63; /* no text is so long */
enum { MOST_LABEL = 51, ELLIPSIS = 52 };

/* A label as a word; false if it is no plain one, which the long way looks at. */
static bool add_label(PlanKey *key, PyObject *label) {
    if (label == Py_Ellipsis) {
        plan_key_add(key, ELLIPSIS);
        return true;
    }
    if (!PyLong_CheckExact(label)) return false;
    int overflows;
    long value = PyLong_AsLongAndOverflow(label, &overflows);
    if (value < 0 || value > MOST_LABEL) return false;
    plan_key_add(key, (uint64_t)value);
    return true;
}

/* What the list holds in this call: nothing says that it will be so in the next one. */
static bool add_labels(PlanKey *key, PyObject *labels) {
    bool is_list = PyList_CheckExact(labels);
    if (!is_list && !PyTuple_CheckExact(labels)) return false;
    Py_ssize_t count = is_list ? PyList_Size(labels) : PyTuple_Size(labels);
    if (!plan_key_has_room(key, 1 + (size_t)count)) return false;
    plan_key_add(key, (uint64_t)count);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *label = is_list ? PyList_GetItem(labels, i) : PyTuple_GetItem(labels, i);
        if (!add_label(key, label)) return false;
    }
    return true;
}

/* The labels of each operand follow it; if there are any at the end, they are those of the result.
 */
static bool add_lists(PlanKey *key, const CallArguments *arguments) {
    Py_ssize_t count = arguments->count;
    plan_key_add(key, LISTS | (uint64_t)count);
    for (Py_ssize_t i = 1; i < count; i += 2) {
        if (!add_labels(key, arguments->values[i])) return false;
    }
    return count % 2 == 0 || add_labels(key, arguments->values[count - 1]);
}

/* ---- arrays and keywords ------------------------------------------------- */

static bool is_plain(PyObject *object) {
    if (!PyArray_CheckExact(object)) return false;
    PyArrayObject *array = (PyArrayObject *)object;
    return (PyArray_FLAGS(array) & NPY_ARRAY_ALIGNED) && PyArray_TYPE(array) <= NPY_HALF &&
           PyArray_ISNBO(PyArray_DESCR(array)->byteorder);
}

static uint64_t kind_word(PyArrayObject *array) {
    return (uint64_t)PyArray_TYPE(array) << 32 | (uint64_t)PyArray_NDIM(array);
}

static bool add_array(PlanKey *key, PyObject *object) {
    if (!is_plain(object)) return false;
    PyArrayObject *array = (PyArrayObject *)object;
    int axis_count = PyArray_NDIM(array);
    if (!plan_key_has_room(key, 1 + 2 * (size_t)axis_count)) return false;
    plan_key_add(key, kind_word(array));
    plan_key_add_axes(key, PyArray_DIMS(array), PyArray_STRIDES(array), axis_count);
    return true;
}

/* Whether the object stands for one and the same value as long as the process lives, so that its
   address says it all: True, None, float, numpy.float64, numpy.dtype("f8"). */
static bool is_constant(PyObject *object) {
    if (object == Py_None || PyBool_Check(object)) return true;
    if (PyType_Check(object))
        return !PyType_HasFeature((PyTypeObject *)object, Py_TPFLAGS_HEAPTYPE);
    if (!PyArray_DescrCheck(object)) return false;
    int type = ((PyArray_Descr *)object)->type_num;
    if (type < 0 || type > NPY_HALF) return false;
    PyArray_Descr *own = PyArray_DescrFromType(type); /* NumPy holds it for good */
    Py_DECREF(own);
    return (PyObject *)own == object;
}

static bool add_option(PlanKey *key, PyObject *value) {
    if (is_text(value)) return add_text(key, value);
    if (!is_constant(value) || !plan_key_has_room(key, 1)) return false;
    plan_key_add(key, (uintptr_t)value);
    return true;
}

static bool add_out(CallKey *key, PyObject *value) {
    if (value == Py_None) return true;
    key->sides.out = (PyArrayObject *)value;
    return add_array(&key->plan, value);
}

static bool add_keywords(CallKey *key, const CallArguments *arguments) {
    PyObject *names = arguments->names;
    Py_ssize_t count = names ? PyTuple_Size(names) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(names, i);
        PyObject *value = arguments->values[arguments->count + i];
        if (!is_text(name) || !add_text(&key->plan, name)) return false;
        bool is_out = PyUnicode_CompareWithASCIIString(name, "out") == 0;
        if (!(is_out ? add_out(key, value) : add_option(&key->plan, value))) return false;
    }
    return true;
}

static bool add_operands(PlanKey *key, const Sides *sides) {
    for (int i = 0; i < sides->operand_count; i++) {
        if (!add_array(key, (PyObject *)sides->operands[i])) return false;
    }
    return true;
}

/* ---- the whole ---- */

static uint64_t machine_word(const ModuleState *state, const Sides *sides) {
    return (uint64_t)state->machine.isa << 32 | (uint64_t)sides->operand_count;
}

static void add_state(PlanKey *key, const ModuleState *state, const Sides *sides) {
    plan_key_add(key, machine_word(state, sides));
    plan_key_add(key, (uintptr_t)state->strategy);
}

/* The operands of a call with lists, side by side; false if there are too many. */
static bool gather_operands(CallKey *key, const CallArguments *arguments) {
    Py_ssize_t count = arguments->count / 2;
    if (count > MOST_LISTED) return false;
    for (Py_ssize_t i = 0; i < count; i++) {
        key->listed[i] = (PyArrayObject *)arguments->values[2 * i];
    }
    key->sides = (Sides){.operands = key->listed, .operand_count = (int)count};
    return true;
}

bool call_key_make(CallKey *key, const ModuleState *state, const CallArguments *arguments) {
    plan_key_begin(&key->plan);
    if (arguments->count < 2) return false;
    bool has_text = is_text(arguments->values[0]);
    key->sides = (Sides){.operands = (PyArrayObject *const *)(arguments->values + 1),
                         .operand_count = (int)(arguments->count - 1)};
    if (!has_text && !gather_operands(key, arguments)) return false;
    add_state(&key->plan, state, &key->sides);
    bool has_subscripts =
        has_text ? add_text(&key->plan, arguments->values[0]) : add_lists(&key->plan, arguments);
    return has_subscripts && add_operands(&key->plan, &key->sides) && add_keywords(key, arguments);
}

bool sides_key_make(PlanKey *key, const ModuleState *state, const Sides *sides) {
    plan_key_begin(key);
    add_state(key, state, sides);
    return add_operands(key, sides) && (!sides->out || add_array(key, (PyObject *)sides->out));
}

/* The words that follow those of the array; NULL if the array has others. */
static const uint64_t *after_array(const uint64_t *word, PyObject *object) {
    PyArrayObject *array = (PyArrayObject *)object;
    if (!is_plain(object) || *word++ != kind_word(array)) return NULL;
    const npy_intp *shape = PyArray_DIMS(array), *strides = PyArray_STRIDES(array);
    uint64_t difference = 0;
    for (int i = 0; i < PyArray_NDIM(array); i++, word += 2) {
        difference |= (word[0] ^ (uint64_t)shape[i]) | (word[1] ^ (uint64_t)strides[i]);
    }
    return difference == 0 ? word : NULL;
}

bool sides_have_key_of(const Plan *plan, const ModuleState *state, const Sides *sides) {
    const uint64_t *word = plan->key, *end = plan->key + plan->key_length;
    if (*word++ != machine_word(state, sides)) return false;
    if (*word++ != (uintptr_t)state->strategy) return false;
    for (int i = 0; i < sides->operand_count; i++) {
        word = after_array(word, (PyObject *)sides->operands[i]);
        if (!word) return false;
    }
    if (sides->out && word < end)
        word = after_array(word, (PyObject *)sides->out);
    else if (sides->out)
        return false;
    return word == end;
}
