/* expression: an einsum whose subscripts, shapes and options are known before its arrays. */
#ifndef FASTEINSUM_BINDING_EXPRESSION_H
#define FASTEINSUM_BINDING_EXPRESSION_H

#include "binding/call.h"
#include "binding/call_key.h"
#include "binding/vectorcall.h"

enum { EXPRESSION_PLANS = 4 }; /* for arrays of so many kinds */

/* A plan and what it reads beside the arrays of a call. */
typedef struct KeptPlan {
    Plan *plan;               /* NULL behind the last one */
    const Products *products; /* of the constants, or NULL */
} KeptPlan;

/* Does not change but for what it has kept, which is used with the GIL held. */
typedef struct Expression {
    PyObject_HEAD vectorcallfunc call;
    PyObject *weak_references;
    ModuleState *state;              /* of the module, which the type holds */
    KeptPlan kept[EXPRESSION_PLANS]; /* the one used last comes first */
    int operand_count;               /* constants included */
    int array_count;                 /* what a call brings */
    Request request;                 /* without out; its text is that of subscripts */
    Arena arena;                     /* in which the arrays of this struct lie */
    PyArrayObject **held;            /* [operand]: a private copy of a constant, or NULL */
    Constants *constants;            /* NULL if there are none */
    PyObject *subscripts;            /* a str */
    PyObject *shapes;                /* a tuple of tuples, one for each operand */
    PyObject *positions;             /* a tuple: the numbers of the constants */
} Expression;

/* The constructor. */
PyObject *expression_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords);

/* Reads the operands as they are declared, behind the subscripts in a tuple, of which those at the
   given positions (NULL: none) are constants. Gives a list with an array for each: the copy of a
   constant, the array itself, or one that stands for a shape, of the type that is asked for (NULL:
   a likely one) and not to be read.
 */
PyObject *expression_read_operands(Expression *expression, PyObject *arguments, PyObject *positions,
                                   PyObject *asked);

/* Keeps the plan of a call that has been prepared, as the first one, if it can come again. */
void expression_keep(Expression *expression, const Call *call, const Sides *sides);

/* The options of einsum that were given, as a dict. */
PyObject *expression_options(const Expression *expression);

/* The subscripts and an object for each operand: a constant, or for the others one of the given
   ones after the other. A tuple. */
PyObject *expression_arguments(const Expression *expression, PyObject *const others[]);

/* A call: what PyVectorcall_Call finds. */
PyObject *expression_call(PyObject *self, PyObject *const *values, size_t count, PyObject *names);

/* describe(*arrays, out=None): the plan of the same call, as text. */
PyObject *expression_describe(PyObject *self, PyObject *const *values, Py_ssize_t count,
                              PyObject *names);

/* The type as the module offers it. */
PyObject *expression_type(PyObject *module);

#endif
