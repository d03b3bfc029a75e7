#include "binding/results.h"

#include "binding/data_memory.h"
#include "binding/dtypes.h"
#include "binding/transfer.h"
#include "binding/views.h"
#include "runtime/recycle.h"

#include <string.h>

PyObject *result_view(PyArrayObject *operand, const Layout *layout) {
    if (layout->axis_count == 0) {
        return PyArray_Scalar(PyArray_DATA(operand), PyArray_DESCR(operand), (PyObject *)operand);
    }
    Tensor geometry;
    size_t bytes = (size_t)layout->axis_count * sizeof *layout->shape;
    geometry.data = PyArray_BYTES(operand);
    geometry.axis_count = layout->axis_count;
    memcpy(geometry.shape, layout->shape, bytes);
    memcpy(geometry.strides, layout->strides, bytes);
    return view_make(operand, &geometry, (ViewKind){.is_writeable = true});
}

PyArrayObject *result_allocate(const Layout *layout, PyArray_Descr *descr) {
    Py_INCREF((PyObject *)descr); /* taken over by the constructor */
    ptrdiff_t *strides = layout->is_packed ? NULL : layout->strides; /* NumPy's own are faster */
    return layout->bytes < RECYCLE_LEAST
               ? array_new_small(descr, layout->axis_count, layout->shape, strides)
               : array_new_large(descr, layout->axis_count, layout->shape, strides);
}

PyArrayObject *result_from_geometry(const Tensor *geometry, PyArray_Descr *descr) {
    Py_INCREF((PyObject *)descr); /* taken over by the constructor */
    return array_new(descr, geometry->axis_count, geometry->shape, geometry->strides);
}

bool target_allocate(Target *target, Problem *problem, const Computing *computing,
                     PyArray_Descr *asked, char order) {
    Tensor geometry;
    problem_set_layout(problem, order, computing->dtype);
    problem_output(problem, &geometry);
    bool is_native = !asked || PyArray_ISNBO(asked->byteorder);
    target->written = result_from_geometry(&geometry, computing->descr);
    if (!target->written) return false;
    if (is_native) {
        target->result = target->written;
        Py_INCREF((PyObject *)target->result);
    } else {
        target->result = result_from_geometry(&geometry, asked);
    }
    return target->result != NULL;
}

bool target_check_out(PyArrayObject *out) {
    if (PyArray_FailUnlessWriteable(out, "out") < 0) return false;
    Tensor tensor;
    tensor_from_array(&tensor, out);
    if (!tensor_may_overlap_itself(&tensor)) return true;
    PyErr_SetString(
        PyExc_ValueError,
        "einsum: elements of out overlap each other, so that the result is not defined; "
        "use fold to add up overlapping windows");
    return false;
}

/* By the memory that they span: interleaved arrays count as overlapping. */
static bool overlaps(const Tensor *out, const Tensor *input) {
    ptrdiff_t out_low, out_high, low, high;
    tensor_byte_span(out, &out_low, &out_high);
    tensor_byte_span(input, &low, &high);
    return out->data + out_low < input->data + high && input->data + low < out->data + out_high;
}

/* Operands that were converted are private copies and hold nothing up. */
static bool overlaps_any(const Tensor *out, const Operands *operands) {
    for (int i = 0; i < operands->count; i++) {
        if (!operands->converted[i] && overlaps(out, &operands->tensors[i])) return true;
    }
    return false;
}

static bool is_writable_at_once(PyArrayObject *out, const Operands *operands,
                                const Computing *computing) {
    Tensor tensor;
    tensor_from_array(&tensor, out);
    return tensor.dtype == computing->dtype && PyArray_ISBEHAVED(out) &&
           PyArray_EquivTypes(PyArray_DESCR(out), computing->descr) &&
           !overlaps_any(&tensor, operands);
}

bool target_take_out(Target *target, PyArrayObject *out, const Operands *operands,
                     const Computing *computing, Einsum *einsum, bool fits) {
    if (!fits || !is_writable_at_once(out, operands, computing)) {
        if (!target_allocate(target, &einsum->problem, computing, NULL, 'K')) return false;
        Py_CLEAR(target->result); /* the temporary itself */
    } else {
        Py_INCREF((PyObject *)out);
        target->written = out;
    }
    Py_INCREF((PyObject *)out);
    target->result = out;
    target->is_out = true;
    return true;
}

PyObject *target_finish(Target *target) {
    if (target->written != target->result && !transfer(target->result, target->written))
        return NULL;
    Py_INCREF((PyObject *)target->result);
    return target->is_out ? (PyObject *)target->result : PyArray_Return(target->result);
}

void target_end(Target *target) {
    Py_XDECREF((PyObject *)target->result);
    Py_XDECREF((PyObject *)target->written);
}
