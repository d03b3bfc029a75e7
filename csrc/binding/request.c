#include "binding/request.h"

#include <string.h>

static bool fail(PyObject *exception, const char *message) {
    PyErr_SetString(exception, message);
    return false;
}

PyObject *arguments_keyword(const CallArguments *arguments, const char *name) {
    Py_ssize_t count = arguments->names ? PyTuple_Size(arguments->names) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *given = PyTuple_GetItem(arguments->names, i);
        if (PyUnicode_CompareWithASCIIString(given, name) == 0) {
            return arguments->values[arguments->count + i];
        }
    }
    return NULL;
}

/* ---- the string form ---- */

static bool read_bytes(Request *request, PyObject *bytes) {
    char *text;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(bytes, &text, &length) < 0) return false;
    for (Py_ssize_t i = 0; i < length; i++) {
        if (text[i] & 0x80) return fail(PyExc_OverflowError, "subscripts: a byte is not ASCII");
    }
    request->text = text;
    request->length = (size_t)length;
    return true;
}

static bool read_string(Request *request, PyObject *string) {
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(string, &length);
    if (!text) return false;
    if (length != PyUnicode_GetLength(string)) {
        Py_XDECREF(PyUnicode_AsASCIIString(string)); /* sets UnicodeEncodeError, a ValueError */
        return false;
    }
    request->text = text;
    request->length = (size_t)length;
    return true;
}

static bool read_string_form(Request *request, const CallArguments *arguments, Operands *operands,
                             Arena *arena) {
    PyObject *first = arguments->values[0];
    if (arguments->count < 2) {
        return fail(PyExc_ValueError,
                    "einsum: at least one operand is needed after the subscripts");
    }
    if (!(PyBytes_Check(first) ? read_bytes(request, first) : read_string(request, first))) {
        return false;
    }
    if (!operands_begin(operands, arguments->count - 1, arena)) return false;
    for (int i = 0; i < operands->count; i++) {
        if (!operands_take(operands, i, arguments->values[i + 1])) return false;
    }
    return true;
}

/* ---- the list form: labels become letters ---- */

/* A text that grows; old versions stay in the arena until the end of the call. */
typedef struct LabelText {
    Arena *arena;
    char *letters;
    size_t length, capacity;
    bool counts_from_end; /* whether labels -52 .. -1 are accepted */
} LabelText;

static bool append(LabelText *text, const char *letters) {
    size_t count = strlen(letters);
    if (text->length + count > text->capacity) {
        size_t capacity = 2 * text->capacity + 64;
        char *grown = arena_take(text->arena, capacity, 1);
        if (!grown) return PyErr_NoMemory() != NULL;
        if (text->length > 0) memcpy(grown, text->letters, text->length);
        text->letters = grown;
        text->capacity = capacity;
    }
    memcpy(text->letters + text->length, letters, count);
    text->length += count;
    return true;
}

/* NumPy's own booleans are no labels; before version 2 they are indices, which is deprecated. */
static bool is_label(PyObject *item) {
    return PyIndex_Check(item) && !PyArray_IsScalar(item, Bool);
}

/* `where` names the list in messages: "the sublist of operand 0". */
static bool append_label(LabelText *text, PyObject *item, const char *where) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    enum { LETTER_COUNT = sizeof letters - 1 };
    PyObject *index = is_label(item) ? PyNumber_Index(item) : NULL;
    if (!index) {
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError)) return false;
        PyErr_Format(PyExc_TypeError, "%s: %R is neither an integer label nor Ellipsis", where,
                     item);
        return false;
    }
    int overflow;
    long label = PyLong_AsLongAndOverflow(index, &overflow);
    Py_DECREF(index);
    if (text->counts_from_end && !overflow && label < 0) label += LETTER_COUNT;
    if (!overflow && label >= 0 && label < LETTER_COUNT) {
        return append(text, (char[]){letters[label], 0});
    }
    PyObject *exception = PyExc_ValueError;
    if (text->counts_from_end)
        exception = PyExc_IndexError;
    else if (overflow)
        exception = PyExc_TypeError;
    PyErr_Format(exception, "%s: label %R is not in the range 0..%d", where, item,
                 LETTER_COUNT - 1);
    return false;
}

static PyObject *list_from_sublist(PyObject *sublist, const char *where) {
    PyObject *iterator = PyObject_GetIter(sublist);
    if (!iterator) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
        PyErr_Format(PyExc_TypeError, "%s must be a list or tuple of labels, not %R", where,
                     Py_TYPE(sublist));
        return NULL;
    }
    PyObject *list = PySequence_List(iterator);
    Py_DECREF(iterator);
    return list;
}

static bool append_items(LabelText *text, PyObject *list, const char *where) {
    bool has_ellipsis = false;
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        PyObject *item = PyList_GetItem(list, i);
        if (item != Py_Ellipsis) {
            if (!append_label(text, item, where)) return false;
            continue;
        }
        if (has_ellipsis) {
            PyErr_Format(PyExc_ValueError, "%s: a second Ellipsis", where);
            return false;
        }
        has_ellipsis = true;
        if (!append(text, "...")) return false;
    }
    return true;
}

static bool append_sublist(LabelText *text, PyObject *sublist, const char *where) {
    PyObject *list = list_from_sublist(sublist, where);
    bool done = list && append_items(text, list, where);
    Py_XDECREF(list);
    return done;
}

/* op0, list0, op1, list1, ...: converted from left to right. */
static bool read_pairs(LabelText *text, const CallArguments *arguments, Operands *operands) {
    for (int i = 0; i < operands->count; i++) {
        char where[48];
        PyOS_snprintf(where, sizeof where, "the sublist of operand %d", i);
        if (i > 0 && !append(text, ",")) return false;
        if (!operands_take(operands, i, arguments->values[2 * i])) return false;
        if (!append_sublist(text, arguments->values[2 * i + 1], where)) return false;
    }
    return true;
}

/* numpy's optimized path takes a lone argument for the list of the output, and complains of that.
 */
static bool refuse_lone_argument(LabelText *text, const CallArguments *arguments) {
    if (text->counts_from_end && arguments->count == 1 && arguments->values[0] != Py_None &&
        !append_sublist(text, arguments->values[0], "the only argument, an output list,")) {
        return false;
    }
    return fail(PyExc_ValueError,
                "einsum: a subscripts string and an operand, or an operand and the list of its "
                "labels, are needed");
}

static bool read_list_form(Request *request, const CallArguments *arguments, Operands *operands,
                           Arena *arena) {
    LabelText text = {.arena = arena, .counts_from_end = request->optimize.is_on};
    if (arguments->count < 2) return refuse_lone_argument(&text, arguments);
    if (!operands_begin(operands, arguments->count / 2, arena)) return false;
    if (!read_pairs(&text, arguments, operands)) return false;
    PyObject *last = arguments->values[arguments->count - 1];
    if (arguments->count % 2 == 1 && last != Py_None) {
        if (!append(&text, "->") || !append_sublist(&text, last, "the output list")) return false;
    }
    request->text = text.length > 0 ? text.letters : "";
    request->length = text.length;
    return true;
}

/* ---- the keywords; each function gets the value, never NULL or one that means "not given" ---- */

/* The text of a str or bytes object that fits into buffer, else "". TypeError for other types. */
static bool read_word(PyObject *object, const char *name, char buffer[16]) {
    buffer[0] = 0;
    PyObject *bytes = object;
    if (PyUnicode_Check(object))
        bytes = PyUnicode_AsUTF8String(object);
    else if (PyBytes_Check(object))
        Py_INCREF(object);
    else {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %R", name, Py_TYPE(object));
        return false;
    }
    if (!bytes) return false;
    char *text;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(bytes, &text, &length) == 0 && length < 16) {
        memcpy(buffer, text, (size_t)length + 1);
    }
    Py_DECREF(bytes);
    return !PyErr_Occurred();
}

static bool read_order(Request *request, PyObject *object) {
    char word[16];
    if (!read_word(object, "order", word)) return false;
    char letter = word[0];
    if (letter >= 'a' && letter <= 'z') letter = (char)(letter - 'a' + 'A');
    if (letter == 0 || word[1] != 0 || !strchr("KACF", letter)) {
        PyErr_Format(PyExc_ValueError, "order must be one of 'K', 'A', 'C' and 'F', not %R",
                     object);
        return false;
    }
    request->order = letter;
    return true;
}

static bool read_casting(Request *request, PyObject *object) {
    char word[16];
    if (!read_word(object, "casting", word)) return false;
    for (NPY_CASTING casting = NPY_NO_CASTING; casting <= NPY_UNSAFE_CASTING; casting++) {
        if (strcmp(word, casting_name(casting)) != 0) continue;
        request->casting = casting;
        request->has_casting = true;
        return true;
    }
    PyErr_Format(PyExc_ValueError,
                 "casting must be one of 'no', 'equiv', 'safe', 'same_kind' and 'unsafe', not %R",
                 object);
    return false;
}

static bool read_dtype(Request *request, PyObject *object) {
    return PyArray_DescrConverter2(object, &request->dtype) == NPY_SUCCEED;
}

bool request_read_out(Request *request, PyObject *object) {
    if (!PyArray_Check(object)) {
        PyErr_Format(PyExc_TypeError, "out must be an array, not %R", Py_TYPE(object));
        return false;
    }
    request->out = (PyArrayObject *)object;
    return true;
}

typedef struct Keyword {
    const char *name;
    bool (*read)(Request *request, PyObject *object);
    bool takes_none; /* None is a value and not the same as nothing */
} Keyword;

/* In the order in which they are checked. optimize is read before anything else. */
static const Keyword keywords[] = {
    {"order", read_order, false},
    {"casting", read_casting, true},
    {"dtype", read_dtype, false},
    {"out", request_read_out, false},
};
enum { KEYWORD_COUNT = sizeof keywords / sizeof keywords[0] };

static bool is_known(PyObject *name) {
    for (int i = 0; i < KEYWORD_COUNT; i++) {
        if (PyUnicode_CompareWithASCIIString(name, keywords[i].name) == 0) return true;
    }
    return PyUnicode_CompareWithASCIIString(name, "optimize") == 0;
}

static bool check_keyword_names(const CallArguments *arguments) {
    Py_ssize_t count = arguments->names ? PyTuple_Size(arguments->names) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(arguments->names, i);
        if (is_known(name)) continue;
        PyErr_Format(PyExc_TypeError, "einsum() got an unexpected keyword argument %R", name);
        return false;
    }
    return true;
}

static bool read_keywords(Request *request, const CallArguments *arguments) {
    if (!arguments->names) return true;
    for (int i = 0; i < KEYWORD_COUNT; i++) {
        PyObject *value = arguments_keyword(arguments, keywords[i].name);
        if (!value || (value == Py_None && !keywords[i].takes_none)) continue;
        if (!keywords[i].read(request, value)) return false;
    }
    return true;
}

bool request_read_expression(Request *request, const CallArguments *arguments, Operands *operands,
                             Arena *arena) {
    PyObject *first = arguments->count > 0 ? arguments->values[0] : NULL;
    bool is_string = first && (PyUnicode_Check(first) || PyBytes_Check(first));
    return is_string ? read_string_form(request, arguments, operands, arena)
                     : read_list_form(request, arguments, operands, arena);
}

bool request_read(Request *request, const CallArguments *arguments, Operands *operands,
                  Arena *arena) {
    *request = (Request){.order = 'K', .casting = NPY_SAFE_CASTING};
    if (!check_keyword_names(arguments)) return false;
    if (!optimize_read(&request->optimize, arguments_keyword(arguments, "optimize"))) return false;
    return request_read_expression(request, arguments, operands, arena) &&
           read_keywords(request, arguments);
}

void request_copy(Request *copy, const Request *request) {
    *copy = *request;
    copy->optimize = (Optimize){.is_on = request->optimize.is_on};
    Py_XINCREF((PyObject *)copy->dtype);
}

void request_end(Request *request) {
    optimize_end(&request->optimize);
    Py_XDECREF((PyObject *)request->dtype);
}
