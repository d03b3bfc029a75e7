/* Python.h and numpy's headers, set up in one way for every file of the binding. Include this
   first. The extension runs on any NumPy from 1.26 on; it is built against the headers of NumPy 2.
 */
#ifndef FASTEINSUM_BINDING_NUMPY_API_H
#define FASTEINSUM_BINDING_NUMPY_API_H

#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_1_25_API_VERSION
#define NPY_TARGET_VERSION NPY_1_25_API_VERSION

/* One table of NumPy's functions for the whole extension; module.c fills it when it is imported. */
#define PY_ARRAY_UNIQUE_SYMBOL fasteinsum_numpy_api
#ifndef FASTEINSUM_IMPORTS_NUMPY
    #define NO_IMPORT_ARRAY
#endif

/* Their inline functions are not written for our set of warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#include <Python.h>
#include <numpy/arrayobject.h>
#pragma GCC diagnostic pop

#endif
