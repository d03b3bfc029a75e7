/* _spell: an expression with every axis as a letter, for those who rearrange expressions. */
#ifndef FASTEINSUM_BINDING_SPELL_METHOD_H
#define FASTEINSUM_BINDING_SPELL_METHOD_H

#include "binding/numpy_api.h"

PyObject *method_spell(PyObject *module, PyObject *const *values, Py_ssize_t count,
                       PyObject *names);

#endif
