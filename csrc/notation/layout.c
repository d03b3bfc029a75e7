/* The memory layout of a new output: the axis orders K, A, C and F of numpy.einsum. */
#include "notation/problem.h"

#include "base/extents.h"

#include <assert.h>
#include <string.h>

typedef enum Verdict { UNDECIDED, STAY, SWAP } Verdict;

/* Whether label should come to lie inside (faster than) the neighbour that now does. Every input
   that moves along both has a say; one "stay" outweighs all others. */
static Verdict compare(const Problem *problem, int label, int neighbour) {
    Verdict verdict = UNDECIDED;
    if (problem->extents[label] == 1 || problem->extents[neighbour] == 1) return UNDECIDED;
    for (int side = 0; side < problem->input_count; side++) {
        ptrdiff_t own = magnitude(problem->strides[side][label]);
        ptrdiff_t other = magnitude(problem->strides[side][neighbour]);
        if (own == 0 || other == 0) continue;
        if (other <= own) return STAY;
        verdict = SWAP;
    }
    return verdict;
}

/* Where order[from] belongs among order[0 .. from), fastest first. */
static int place_of(const Problem *problem, const int order[], int from) {
    int place = from;
    for (int i = from - 1; i >= 0; i--) {
        Verdict verdict = compare(problem, order[from], order[i]);
        if (verdict == STAY) break;
        if (verdict == SWAP) place = i;
    }
    return place;
}

/* All labels, fastest first: an insertion sort of C order. As the comparison is no total order,
   this very algorithm is the definition. */
static void order_by_inputs(const Problem *problem, int order[]) {
    for (int i = 0; i < problem->label_count; i++) {
        order[i] = problem->label_count - 1 - i;
        int label = order[i], place = place_of(problem, order, i);
        memmove(order + place + 1, order + place, (size_t)(i - place) * sizeof *order);
        order[place] = label;
    }
}

static bool output_is_empty(const Problem *problem) {
    for (int label = 0; label < problem->kept_count; label++) {
        if (problem->extents[label] == 0) return true;
    }
    return false;
}

void problem_set_layout(Problem *problem, char order, DType dtype) {
    assert(order == 'K' || order == 'A' || order == 'C' || order == 'F');
    if (order == 'A') order = problem->inputs_are_fortran ? 'F' : 'C';
    int labels[MAX_LABELS];
    int count = order == 'K' ? problem->label_count : problem->kept_count;
    if (order == 'K') order_by_inputs(problem, labels);
    if (order == 'C') {
        for (int i = 0; i < count; i++) labels[i] = count - 1 - i;
    }
    if (order == 'F') {
        for (int i = 0; i < count; i++) labels[i] = i;
    }
    problem->dtypes[problem->input_count] = dtype;
    /* As in NumPy, the strides of an empty array are 0; nor could they overflow then. */
    ptrdiff_t stride = output_is_empty(problem) ? 0 : (ptrdiff_t)dtype_size(dtype);
    for (int i = 0; i < count; i++) {
        if (labels[i] >= problem->kept_count) continue;
        problem->strides[problem->input_count][labels[i]] = stride;
        stride *= problem->extents[labels[i]];
    }
}

void problem_output(const Problem *problem, Tensor *tensor) {
    int side = problem->is_view ? 0 : problem->input_count;
    size_t bytes = (size_t)problem->kept_count * sizeof(ptrdiff_t);
    tensor->data = NULL;
    tensor->dtype = problem->dtypes[side];
    tensor->axis_count = problem->kept_count;
    memcpy(tensor->shape, problem->extents, bytes);
    memcpy(tensor->strides, problem->strides[side], bytes);
}
