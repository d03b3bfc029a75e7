/* The functions of the module that deal with windows, as its table of methods lists them. */
#ifndef FASTEINSUM_BINDING_WINDOWS_METHODS_H
#define FASTEINSUM_BINDING_WINDOWS_METHODS_H

#include "binding/numpy_api.h"

PyObject *method_sliding_window_view(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                                     PyObject *keyword_names);
PyObject *method_windows(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                         PyObject *keyword_names);
PyObject *method_output_shape(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                              PyObject *keyword_names);
PyObject *method_window_axes(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                             PyObject *keyword_names);
PyObject *method_fold(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                      PyObject *keyword_names);
PyObject *method_as_strided(PyObject *module, PyObject *const *arguments, Py_ssize_t count,
                            PyObject *keyword_names);

#endif
