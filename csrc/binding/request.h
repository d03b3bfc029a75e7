/* What the caller of einsum asks for: the arguments, read and checked one by one. */
#ifndef FASTEINSUM_BINDING_REQUEST_H
#define FASTEINSUM_BINDING_REQUEST_H

#include "binding/numpy_api.h"

#include "binding/operands.h"
#include "binding/optimize.h"

/* The arguments as METH_FASTCALL | METH_KEYWORDS passes them: count positional ones, then one value
   for each of names (a tuple, or NULL). Borrowed from the caller, who outlives the call. */
typedef struct CallArguments {
    PyObject *const *values;
    Py_ssize_t count;
    PyObject *names;
} CallArguments;

/* The value passed for a keyword, or NULL. */
PyObject *arguments_keyword(const CallArguments *arguments, const char *name);

typedef struct Request {
    const char *text; /* the subscripts, ASCII; in the arena or in the first argument */
    size_t length;
    PyArrayObject *out;   /* borrowed, or NULL */
    PyArray_Descr *dtype; /* owned, or NULL; as asked for, so in any byte order */
    char order;           /* K A C F */
    NPY_CASTING casting;  /* 'safe' unless ... */
    bool has_casting;     /* ... the caller said something */
    Optimize optimize;
} Request;

/* Reads the positional arguments, in either form, as request->optimize allows. */
bool request_read_expression(Request *request, const CallArguments *arguments, Operands *operands,
                             Arena *arena);

/* TypeError unless it is an array. */
bool request_read_out(Request *request, PyObject *object);

/* Reads everything, in the order in which numpy.einsum does. True if all is well, else an exception
   is set; request_end in either case. */
bool request_read(Request *request, const CallArguments *arguments, Operands *operands,
                  Arena *arena);
void request_end(Request *request);

/* The same request once more, to end as well. Of optimize, which has been checked, it keeps no more
   than that there is one; the text is borrowed from the same owner. */
void request_copy(Request *copy, const Request *request);

#endif
