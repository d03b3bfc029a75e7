/* How many threads a call may use, for Python and for threadpoolctl. */
#ifndef FASTEINSUM_BINDING_THREADS_METHODS_H
#define FASTEINSUM_BINDING_THREADS_METHODS_H

#include "binding/numpy_api.h"

/* _check_threads(count): the same number. ValueError unless 1 <= count <= POOL_MOST_THREADS. */
PyObject *method_check_threads(PyObject *module, PyObject *count);

/* _set_threads(count): the limit of the process; checked likewise. */
PyObject *method_set_threads(PyObject *module, PyObject *count);

/* _set_own_threads(count): the limit of the calling thread, or none with 0; returns the one before.
 */
PyObject *method_set_own_threads(PyObject *module, PyObject *count);

/* _threads(): the limit of the calling thread, or of the process if it has none. */
PyObject *method_threads(PyObject *module, PyObject *ignored);

/* What the extension exports besides its init function: the names that threadpoolctl looks for. */
int fasteinsum_get_num_threads(void);
void fasteinsum_set_num_threads(int count);
const char *fasteinsum_get_version(void);

#endif
