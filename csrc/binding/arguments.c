#include "binding/arguments.h"

#include <stdio.h>

static int find_parameter(const Signature *signature, PyObject *name) {
    for (int i = 0; i < signature->count; i++) {
        if (PyUnicode_CompareWithASCIIString(name, signature->parameters[i]) == 0) return i;
    }
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'",
                 signature->function, name);
    return -1;
}

static bool refuse_count(const Signature *signature, Py_ssize_t given) {
    char allowed[48];
    if (signature->required == signature->positional) {
        snprintf(allowed, sizeof allowed, "%d positional argument%s", signature->positional,
                 signature->positional == 1 ? "" : "s");
    } else {
        snprintf(allowed, sizeof allowed, "from %d to %d positional arguments", signature->required,
                 signature->positional);
    }
    PyErr_Format(PyExc_TypeError, "%s() takes %s but %zd %s given", signature->function, allowed,
                 given, given == 1 ? "was" : "were");
    return false;
}

static bool bind_keywords(const Signature *signature, PyObject *const *given, PyObject *names,
                          PyObject *values[]) {
    Py_ssize_t count = names ? PyTuple_Size(names) : 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        int parameter = find_parameter(signature, PyTuple_GetItem(names, i));
        if (parameter < 0) return false;
        if (values[parameter]) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%s'",
                         signature->function, signature->parameters[parameter]);
            return false;
        }
        values[parameter] = given[i];
    }
    return true;
}

/* "'a'", "'a' and 'b'", "'a', 'b', and 'c'": the missing ones, as Python lists them. */
static bool check_required(const Signature *signature, PyObject *values[]) {
    int missing = 0, listed = 0;
    for (int i = 0; i < signature->required; i++) missing += !values[i];
    if (missing == 0) return true;
    char list[256] = "";
    size_t length = 0;
    for (int i = 0; i < signature->required && length < sizeof list - 64; i++) {
        if (values[i]) continue;
        const char *between = listed == 0            ? ""
                              : listed + 1 < missing ? ", "
                              : missing == 2         ? " and "
                                                     : ", and ";
        length += (size_t)snprintf(list + length, sizeof list - length, "%s'%s'", between,
                                   signature->parameters[i]);
        listed++;
    }
    PyErr_Format(PyExc_TypeError, "%s() missing %d required positional argument%s: %s",
                 signature->function, missing, missing == 1 ? "" : "s", list);
    return false;
}

bool arguments_bind(const Signature *signature, PyObject *const *arguments, Py_ssize_t count,
                    PyObject *keyword_names, PyObject *values[]) {
    if (count > signature->positional) return refuse_count(signature, count);
    for (int i = 0; i < signature->count; i++) values[i] = i < count ? arguments[i] : NULL;
    return bind_keywords(signature, arguments + count, keyword_names, values) &&
           check_required(signature, values);
}

bool arguments_flag(PyObject *value, bool absent, bool *flag) {
    *flag = absent;
    if (!value) return true;
    int truth = PyObject_IsTrue(value);
    *flag = truth > 0;
    return truth >= 0;
}

const char *arguments_text(PyObject *value, const char *parameter) {
    if (PyUnicode_Check(value)) return PyUnicode_AsUTF8AndSize(value, NULL);
    PyErr_Format(PyExc_TypeError, "%s must be a string, got %R", parameter, value);
    return NULL;
}
