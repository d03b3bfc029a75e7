/* cache_info and cache_clear. */
#ifndef FASTEINSUM_BINDING_CACHE_METHODS_H
#define FASTEINSUM_BINDING_CACHE_METHODS_H

#include "binding/numpy_api.h"

PyObject *method_cache_info(PyObject *module, PyObject *ignored);
PyObject *method_cache_clear(PyObject *module, PyObject *ignored);

#endif
