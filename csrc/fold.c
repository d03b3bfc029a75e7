/* The sums are made in the result itself where that can be done. A scratch total is needed where
 * the sums have another type than the result (halves), where elements fall into a padding that is
 * folded back (the total has the padded shape), and where the mean is added to what is there. */
#include "fold.h"

#include "base/checked.h"
#include "base/memory.h"
#include "fold_walk.h"

#include <string.h>

/* ------------------------------------------------------------------------------ checks first */

static bool is_integer(DType dtype) {
    return dtype >= DTYPE_I8 && dtype <= DTYPE_U64;
}

Status fold_dtype(DType windows, bool average, DType *result, Error *error) {
    if (windows == DTYPE_BOOL || windows == DTYPE_OBJECT) {
        return error_set(error, STATUS_DTYPE,
                         "fold adds overlapping elements, which dtype %s does not support; cast to "
                         "an integer type first",
                         dtype_name(windows));
    }
    *result = average && is_integer(windows) ? DTYPE_F64 : windows;
    return STATUS_OK;
}

static Status check_positions(const Tensor *windows, const WindowAxis *window, Error *error) {
    ptrdiff_t positions = windows->shape[window->axis];
    if (positions == window->positions) return STATUS_OK;
    return error_set(error, STATUS_SHAPE,
                     "windows has %td positions on axis %d, but length %td with window extent %td, "
                     "stride %td, padding %td+%td gives %td",
                     positions, window->axis, window->length, window->extent, window->stride,
                     window->before, window->after, window->positions);
}

Status fold_resolve(const Tensor *windows, Windows *geometry, const ptrdiff_t shape[],
                    int axis_count, Error *error) {
    if (windows->axis_count != axis_count + geometry->count) {
        return error_set(
            error, STATUS_SHAPE, "windows has %d axes, but shape has %d and %d of them %s windowed",
            windows->axis_count, axis_count, geometry->count, geometry->count == 1 ? "is" : "are");
    }
    bool is_windowed[MAX_AXES] = {false};
    for (int i = 0; i < geometry->count; i++) {
        geometry->axes[i].size = windows->shape[axis_count + i];
        is_windowed[geometry->axes[i].axis] = true;
    }
    TRY(windows_resolve(geometry, shape, axis_count, error));
    for (int i = 0; i < geometry->count; i++) {
        TRY(check_positions(windows, &geometry->axes[i], error));
    }
    for (int i = 0; i < axis_count; i++) {
        if (is_windowed[i] || windows->shape[i] == shape[i]) continue;
        return error_set(error, STATUS_SHAPE,
                         "windows has length %td on axis %d, but shape has %td", windows->shape[i],
                         i, shape[i]);
    }
    return STATUS_OK;
}

/* ----------------------------------------------------------------------------- whole tensors */

/* A tensor that owns its memory. */
static Status take_zeros(const ptrdiff_t shape[], int axis_count, DType dtype, Tensor *tensor,
                         Error *error) {
    ptrdiff_t bytes = (ptrdiff_t)dtype_size(dtype);
    tensor->dtype = dtype;
    tensor->axis_count = axis_count;
    for (int i = axis_count - 1; i >= 0; i--) {
        tensor->shape[i] = shape[i];
        tensor->strides[i] = bytes;
        if (!checked_multiply(bytes, shape[i], &bytes)) return error_memory(error);
    }
    tensor->data = memory_take((size_t)bytes);
    if (!tensor->data) return error_memory(error);
    memset(tensor->data, 0, (size_t)bytes);
    return STATUS_OK;
}

static void clear_axes(const Tensor *tensor, const int order[], int depth, char *data) {
    ptrdiff_t item = (ptrdiff_t)dtype_size(tensor->dtype);
    if (depth == tensor->axis_count) {
        memset(data, 0, (size_t)item);
        return;
    }
    ptrdiff_t length = tensor->shape[order[depth]], stride = tensor->strides[order[depth]];
    if (depth == tensor->axis_count - 1 && stride == item) {
        memset(data, 0, (size_t)(length * item));
        return;
    }
    for (ptrdiff_t i = 0; i < length; i++) clear_axes(tensor, order, depth + 1, data + i * stride);
}

/* Large strides outside, and all at once if there are no gaps. */
static void clear(const Tensor *tensor) {
    ptrdiff_t low, high;
    tensor_byte_span(tensor, &low, &high);
    if (high - low == tensor_element_count(tensor) * (ptrdiff_t)dtype_size(tensor->dtype)) {
        memset(tensor->data + low, 0, (size_t)(high - low));
        return;
    }
    int order[MAX_AXES];
    fold_walk_order(tensor, order);
    clear_axes(tensor, order, 0, tensor->data);
}

static const Windows no_windows = {.count = 0};

/* total += source, of one shape. */
static Status add(const Tensor *source, const Tensor *total, Arena *arena, Error *error) {
    FoldWalk walk;
    TRY(fold_walk_make(&walk, source, &no_windows, total, arena, error));
    fold_walk_run(&walk, source->data, total->data, fold_kernel_add(source->dtype, total->dtype));
    return STATUS_OK;
}

/* ----------------------------------------------------------------------- padding folded back */

/* total keeps `length` entries of an axis, from entry first on. */
static void narrow(Tensor *total, int axis, ptrdiff_t first, ptrdiff_t length) {
    total->data += first * total->strides[axis];
    total->shape[axis] = length;
}

/* Adds the entries of one axis that are copies to those they were copied from. */
static Status fold_border(Tensor *total, const WindowAxis *window, PadMode mode, Arena *arena,
                          Error *error) {
    for (ptrdiff_t i = -window->before; i < window->length + window->after; i++) {
        if (i >= 0 && i < window->length) continue;
        Tensor copy = *total, original = *total;
        narrow(&copy, window->axis, window->before + i, 1);
        narrow(&original, window->axis, window->before + pad_source(mode, i, window->length), 1);
        TRY(add(&copy, &original, arena, error));
    }
    narrow(total, window->axis, window->before, window->length);
    return STATUS_OK;
}

/* The windows as seen from the padded array: nothing is outside. */
static void pad_geometry(Windows *geometry) {
    for (int i = 0; i < geometry->count; i++) {
        WindowAxis *window = &geometry->axes[i];
        window->length += window->before + window->after;
        window->before = window->after = 0;
    }
}

/* ------------------------------------------------------------------------------------- means */

/* How often each element of an axis is looked at. */
static void count_visits(const WindowAxis *window, PadMode mode, ptrdiff_t visits[]) {
    memset(visits, 0, (size_t)window->length * sizeof *visits);
    for (ptrdiff_t position = 0; position < window->positions; position++) {
        for (ptrdiff_t tap = 0; tap < window->size; tap++) {
            ptrdiff_t at = position * window->stride + tap * window->dilation - window->before;
            bool is_inside = at >= 0 && at < window->length;
            if (!is_inside && mode == PAD_CONSTANT) continue;
            visits[is_inside ? at : pad_source(mode, at, window->length)]++;
        }
    }
}

typedef struct Mean {
    Tensor total; /* complex numbers as pairs of real ones */
    FoldDivide *divide;
    const ptrdiff_t *visits[MAX_AXES]; /* NULL: 1 everywhere */
} Mean;

static void divide_axes(const Mean *mean, int axis, char *data, double factor) {
    const Tensor *total = &mean->total;
    if (axis == total->axis_count - 1) {
        FoldQuotient quotient = {data, total->shape[axis], total->strides[axis], mean->visits[axis],
                                 factor};
        mean->divide(&quotient);
        return;
    }
    for (ptrdiff_t i = 0; i < total->shape[axis]; i++) {
        double visits = mean->visits[axis] ? (double)mean->visits[axis][i] : 1.0;
        divide_axes(mean, axis + 1, data + i * total->strides[axis], factor * visits);
    }
}

/* The real type of the parts, which become one more axis; window axes have left room for it. */
static void split_complex(Tensor *total) {
    static const DType parts[DTYPE_COUNT] = {
        [DTYPE_C64] = DTYPE_F32, [DTYPE_C128] = DTYPE_F64, [DTYPE_CLONGDOUBLE] = DTYPE_LONGDOUBLE};
    DType part = parts[total->dtype];
    if (part == DTYPE_BOOL) return; /* 0: not complex */
    int last = total->axis_count++;
    total->shape[last] = 2;
    total->strides[last] = (ptrdiff_t)dtype_size(part);
    total->dtype = part;
}

static Status divide_by_visits(const FoldJob *job, const Tensor *total, Arena *arena,
                               Error *error) {
    const Windows *geometry = job->geometry;
    if (geometry->count == 0)
        return STATUS_OK; /* each element once; this also keeps an axis free */
    Mean mean;
    mean.total = *total;
    split_complex(&mean.total);
    mean.divide = fold_kernel_divide(mean.total.dtype);
    for (int i = 0; i < mean.total.axis_count; i++) mean.visits[i] = NULL;
    for (int i = 0; i < geometry->count; i++) {
        const WindowAxis *window = &geometry->axes[i];
        ptrdiff_t *visits = arena_take(arena, (size_t)window->length, sizeof *visits);
        if (!visits) return error_memory(error);
        count_visits(window, job->mode, visits);
        mean.visits[window->axis] = visits;
    }
    divide_axes(&mean, 0, mean.total.data, 1.0);
    return STATUS_OK;
}

/* ---------------------------------------------------------------------------------- the fold */

static bool folds_back(const FoldJob *job) {
    return job->mode != PAD_CONSTANT && windows_are_padded(job->geometry);
}

/* Sums into *total, of the array's shape or, with padding to fold back, of the padded one; that is
   narrowed to the array then. total starts as zero. */
static Status sum_windows(const FoldJob *job, Tensor *total, Arena *arena, Error *error) {
    const Windows *geometry = job->geometry;
    Windows padded = *geometry;
    if (folds_back(job)) pad_geometry(&padded);
    FoldWalk walk;
    TRY(fold_walk_make(&walk, job->windows, &padded, total, arena, error));
    fold_walk_run(&walk, job->windows->data, total->data,
                  fold_kernel_add(job->windows->dtype, total->dtype));
    for (int i = 0; folds_back(job) && i < geometry->count; i++) {
        TRY(fold_border(total, &geometry->axes[i], job->mode, arena, error));
    }
    return STATUS_OK;
}

static Status fold_directly(const FoldJob *job, const Tensor *result, Arena *arena, Error *error) {
    Tensor total = *result;
    if (!job->accumulate) clear(result);
    TRY(sum_windows(job, &total, arena, error));
    return job->average ? divide_by_visits(job, &total, arena, error) : STATUS_OK;
}

/* total is scratch of the padded shape and zero. A result of another type is rounded to once, from
   the complete sum. */
static Status fold_through(const FoldJob *job, Tensor *total, const Tensor *result, Arena *arena,
                           Error *error) {
    bool is_rounded = total->dtype != result->dtype;
    TRY(sum_windows(job, total, arena, error));
    if (job->average) TRY(divide_by_visits(job, total, arena, error));
    if (job->accumulate && is_rounded) TRY(add(result, total, arena, error));
    if (!job->accumulate || is_rounded) clear(result);
    return add(total, result, arena, error);
}

static Status fold_with_scratch(const FoldJob *job, DType sum, const Tensor *result, Arena *arena,
                                Error *error) {
    ptrdiff_t shape[MAX_AXES];
    windows_padded_shape(folds_back(job) ? job->geometry : &no_windows, result->shape,
                         result->axis_count, shape);
    Tensor total;
    TRY(take_zeros(shape, result->axis_count, sum, &total, error));
    char *memory = total.data; /* folding the padding back moves total.data */
    Status status = fold_through(job, &total, result, arena, error);
    memory_give(memory);
    return status;
}

Status fold_run(const FoldJob *job, const Tensor *result, Error *error) {
    DType sum = result->dtype == DTYPE_F16 ? DTYPE_F32 : result->dtype;
    bool is_direct = sum == result->dtype && !folds_back(job) && !(job->average && job->accumulate);
    Arena arena = {0};
    Status status = is_direct ? fold_directly(job, result, &arena, error)
                              : fold_with_scratch(job, sum, result, &arena, error);
    arena_free(&arena);
    return status;
}
