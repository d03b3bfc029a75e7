/* What a call of einsum returns: a view of its operand, a new array, or `out`. */
#ifndef FASTEINSUM_BINDING_RESULTS_H
#define FASTEINSUM_BINDING_RESULTS_H

#include "binding/numpy_api.h"

#include "binding/operands.h"

/* Where the sums go. Begin with {0}; end with target_end. */
typedef struct Target {
    PyArrayObject *result;  /* owned: what the caller gets */
    PyArrayObject *written; /* owned: what the core writes, result itself or a temporary */
    bool is_out;            /* result is the caller's `out` */
} Target;

/* The view of a single operand with nothing summed: writeable if the operand is. Without axes it is
   a scalar. */
PyObject *result_view(PyArrayObject *operand, const Layout *layout);

/* A new array for the result of a plan. */
PyArrayObject *result_allocate(const Layout *layout, PyArray_Descr *descr);

/* A new array that owns its memory, packed in the order that the strides say. */
PyArrayObject *result_from_geometry(const Tensor *geometry, PyArray_Descr *descr);

/* A new array in the given order. It has the dtype `asked` for, in its byte order, or the one that
   is computed in if that is NULL. */
bool target_allocate(Target *target, Problem *problem, const Computing *computing,
                     PyArray_Descr *asked, char order);

/* ValueError unless results can go into out: not read-only, no element twice. */
bool target_check_out(PyArrayObject *out);

/* `out`, by way of a temporary unless it can be written while the operands are read. fits: the
   problem was resolved with it. */
bool target_take_out(Target *target, PyArrayObject *out, const Operands *operands,
                     const Computing *computing, Einsum *einsum, bool fits);

/* Moves a temporary to its place and returns what the caller gets (a new reference). */
PyObject *target_finish(Target *target);
void target_end(Target *target);

#endif
