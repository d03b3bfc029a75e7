/* expression as a Python type: its life, its attributes, and how it is copied and pickled. */
#include "binding/expression.h"
#include "binding/expression_docs.h"

#include <stddef.h>
#include <structmember.h>

static int traverse(PyObject *self, visitproc visit, void *arg) {
    Expression *expression = (Expression *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(expression->subscripts);
    Py_VISIT(expression->shapes);
    Py_VISIT(expression->positions);
    Py_VISIT(expression->request.dtype);
    for (int i = 0; expression->held && i < expression->operand_count; i++) {
        Py_VISIT(expression->held[i]);
    }
    return 0;
}

static void deallocate(PyObject *self) {
    Expression *expression = (Expression *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    PyObject_ClearWeakRefs(self);
    for (int i = 0; i < EXPRESSION_PLANS; i++) plan_free(expression->kept[i].plan);
    for (int i = 0; expression->held && i < expression->operand_count; i++) {
        Py_XDECREF((PyObject *)expression->held[i]);
    }
    if (expression->constants) constants_end(expression->constants);
    request_end(&expression->request);
    Py_XDECREF(expression->subscripts);
    Py_XDECREF(expression->shapes);
    Py_XDECREF(expression->positions);
    arena_free(&expression->arena);
    PyObject_GC_Del(self);
    Py_DECREF((PyObject *)type);
}

static PyObject *represent(PyObject *self) {
    Expression *expression = (Expression *)self;
    if (!expression->constants) {
        return PyUnicode_FromFormat("<expression %R of %R>", expression->subscripts,
                                    expression->shapes);
    }
    return PyUnicode_FromFormat("<expression %R of %R, constants %R>", expression->subscripts,
                                expression->shapes, expression->positions);
}

/* ---- as arguments ---- */

/* Takes over the value. */
static bool add_option(PyObject *options, const char *name, PyObject *value) {
    bool done = value && PyDict_SetItemString(options, name, value) == 0;
    Py_XDECREF(value);
    return done;
}

static PyObject *new_reference(PyObject *object) {
    Py_INCREF(object);
    return object;
}

PyObject *expression_options(const Expression *expression) {
    const Request *request = &expression->request;
    PyObject *options = Py_BuildValue("{s:N}", "order", PyUnicode_FromFormat("%c", request->order));
    bool done = options != NULL;
    if (done && request->dtype) {
        done = add_option(options, "dtype", new_reference((PyObject *)request->dtype));
    }
    if (done && request->has_casting) {
        const char *name = casting_name(request->casting);
        done = add_option(options, "casting", PyUnicode_FromString(name));
    }
    if (done && request->optimize.is_on) {
        done = add_option(options, "optimize", new_reference(Py_True));
    }
    if (!done) Py_CLEAR(options);
    return options;
}

PyObject *expression_arguments(const Expression *expression, PyObject *const others[]) {
    PyObject *arguments = PyTuple_New(expression->operand_count + 1);
    if (!arguments) return NULL;
    PyTuple_SetItem(arguments, 0, new_reference(expression->subscripts));
    for (int i = 0; i < expression->operand_count; i++) {
        PyObject *held = (PyObject *)expression->held[i];
        PyTuple_SetItem(arguments, i + 1, new_reference(held ? held : *others++));
    }
    return arguments;
}

/* Shapes in place of the arrays that calls bring. */
static PyObject *declaration(const Expression *expression) {
    PyObject **shapes = PyMem_Malloc((size_t)expression->operand_count * sizeof *shapes);
    if (!shapes) return PyErr_NoMemory();
    int count = 0;
    for (int i = 0; i < expression->operand_count; i++) {
        if (!expression->held[i]) shapes[count++] = PyTuple_GetItem(expression->shapes, i);
    }
    PyObject *arguments = expression_arguments(expression, shapes);
    PyMem_Free(shapes);
    return arguments;
}

/* functools.partial, as an object has no other place for keywords in the oldest protocols. */
static PyObject *constructor(PyObject *self) {
    Expression *expression = (Expression *)self;
    PyObject *options = expression_options(expression);
    if (options && !add_option(options, "constants", new_reference(expression->positions))) {
        Py_CLEAR(options);
    }
    PyObject *module = options ? PyImport_ImportModule("functools") : NULL;
    PyObject *partial = module ? PyObject_GetAttrString(module, "partial") : NULL;
    PyObject *positional = partial ? Py_BuildValue("(O)", (PyObject *)Py_TYPE(self)) : NULL;
    PyObject *made = positional ? PyObject_Call(partial, positional, options) : NULL;
    Py_XDECREF(positional);
    Py_XDECREF(partial);
    Py_XDECREF(module);
    Py_XDECREF(options);
    return made;
}

static PyObject *reduce(PyObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *make = constructor(self);
    PyObject *arguments = make ? declaration((Expression *)self) : NULL;
    if (arguments) return Py_BuildValue("(NN)", make, arguments);
    Py_XDECREF(make);
    return NULL;
}

/* What cannot change is its own copy. */
static PyObject *copy(PyObject *self, PyObject *Py_UNUSED(ignored)) {
    return new_reference(self);
}

/* ---- the type ---- */

static PyMethodDef methods[] = {
    {"describe", (PyCFunction)(void (*)(void))expression_describe, METH_FASTCALL | METH_KEYWORDS,
     EXPRESSION_DESCRIBE_DOC},
    {"__reduce__", reduce, METH_NOARGS, EXPRESSION_REDUCE_DOC},
    {"__copy__", copy, METH_NOARGS, EXPRESSION_COPY_DOC},
    {"__deepcopy__", copy, METH_O, EXPRESSION_COPY_DOC},
    {0},
};

#define MEMBER(member, type) type, offsetof(Expression, member), READONLY

static PyMemberDef members[] = {
    {"subscripts", MEMBER(subscripts, T_OBJECT_EX), EXPRESSION_SUBSCRIPTS_DOC},
    {"shapes", MEMBER(shapes, T_OBJECT_EX), EXPRESSION_SHAPES_DOC},
    {"constants", MEMBER(positions, T_OBJECT_EX), EXPRESSION_CONSTANTS_DOC},
    {"__vectorcalloffset__", MEMBER(call, T_PYSSIZET), NULL},
    {"__weaklistoffset__", MEMBER(weak_references, T_PYSSIZET), NULL},
    {0},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, EXPRESSION_DOC}, {Py_tp_new, expression_new}, {Py_tp_call, PyVectorcall_Call},
    {Py_tp_traverse, traverse},  {Py_tp_dealloc, deallocate}, {Py_tp_repr, represent},
    {Py_tp_methods, methods},    {Py_tp_members, members},    {0, NULL},
};

static PyType_Spec spec = {
    .name = "fasteinsum.expression",
    .basicsize = sizeof(Expression),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = slots,
};

PyObject *expression_type(PyObject *module) {
    return PyType_FromModuleAndSpec(module, &spec, NULL);
}
