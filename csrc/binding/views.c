#include "binding/views.h"

PyArrayObject *view_source(PyObject *object, bool keeps_subclass) {
    int flags = keeps_subclass ? 0 : NPY_ARRAY_ENSUREARRAY;
    return (PyArrayObject *)PyArray_FromAny(object, NULL, 0, 0, flags, NULL);
}

PyObject *view_make(PyArrayObject *source, const Tensor *tensor, ViewKind kind) {
    PyTypeObject *type = kind.keeps_subclass ? Py_TYPE((PyObject *)source) : &PyArray_Type;
    PyArray_Descr *descr = PyArray_DESCR(source);
    int flags = kind.is_writeable ? PyArray_FLAGS(source) & NPY_ARRAY_WRITEABLE : 0;
    Py_INCREF((PyObject *)descr); /* taken over by the constructor */
    PyObject *view =
        PyArray_NewFromDescr(type, descr, tensor->axis_count, tensor->shape, tensor->strides,
                             tensor->data, flags, kind.keeps_subclass ? (PyObject *)source : NULL);
    if (!view) return NULL;
    Py_INCREF((PyObject *)source); /* taken over, on failure too */
    if (PyArray_SetBaseObject((PyArrayObject *)view, (PyObject *)source) < 0) Py_CLEAR(view);
    return view;
}
