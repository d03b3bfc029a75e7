/* The operands of a call: arrays as passed, and as the core reads them. */
#ifndef FASTEINSUM_BINDING_OPERANDS_H
#define FASTEINSUM_BINDING_OPERANDS_H

#include "binding/numpy_api.h"

#include "einsum.h"

/* The arrays lie in the call's arena, the references in them are owned: operands_end. */
typedef struct Operands {
    int count;
    PyArrayObject **arrays;    /* base ndarrays */
    PyArrayObject **converted; /* NULL where the core reads the array itself */
    Tensor *tensors;           /* what the core reads */
    const bool *is_constant;   /* borrowed: which ones an expression holds; or NULL */
} Operands;

/* What a call computes in: a native dtype of NumPy, and the core's name for it. */
typedef struct Computing {
    PyArray_Descr *descr; /* owned */
    DType dtype;
} Computing;

/* Room for count operands, none of them there yet. */
bool operands_begin(Operands *operands, Py_ssize_t count, Arena *arena);
void operands_end(Operands *operands);

/* Takes what numpy.asarray makes of an object as operand number `at`; a subclass is reduced to the
   base class. */
bool operands_take(Operands *operands, int at, PyObject *object);

/* What numpy.asarray makes of an object, with a short way for what is an array. A new reference. */
PyObject *operand_array(PyObject *object);

/* The common dtype of the operands and of out (may be NULL), as the running NumPy promotes them, or
   `asked` in native byte order if that is given. TypeError where the core cannot compute with it.
 */
bool operands_promote(const Operands *operands, PyArray_Descr *asked, PyArrayObject *out,
                      Computing *computing);

/* Whether their common dtype may depend on values: before NumPy 2, where one has no axes. */
bool operands_promote_by_value(const Operands *operands, PyArrayObject *out);

/* A casting rule as NumPy spells it; NPY_NO_CASTING .. NPY_UNSAFE_CASTING are in use. */
const char *casting_name(NPY_CASTING casting);

/* TypeError unless every operand may be cast to descr. */
bool operands_check_casting(const Operands *operands, PyArray_Descr *descr, NPY_CASTING casting);

/* Gives the core native, aligned operands that it can read as the computing type: converts what is
   not. Constants that are no Python objects are left as they are. */
bool operands_convert(Operands *operands, const Computing *computing, Einsum *einsum);

/* Gives the core a native, aligned operand of that very type. */
bool operands_convert_one(Operands *operands, int at, const Computing *computing, Einsum *einsum);

#endif
