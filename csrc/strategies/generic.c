/* Plain nested loops over any contraction and every dtype: one output element after the other, the
 * sum over all summed axes for each. The fallback where nothing faster applies, and the oracle of
 * all other strategies. */
#include "base/extents.h"
#include "base/half.h"
#include "strategies/objects.h"
#include "strategies/strategy.h"
#include "strategies/walk.h"

#include <string.h>

enum { SUM_BLOCK = 256 };

/* The innermost summed axis: count products, one stride per input. */
typedef struct SumJob {
    int input_count;
    const DType *dtypes;
    char *const *inputs;
    const ptrdiff_t *strides;
    ptrdiff_t count;
} SumJob;

/* The widest sum: two planes of long double. */
typedef union Accumulator {
    longdouble part[2];
    uint64_t integer;
} Accumulator;

/* Integers of all sizes are summed modulo 2^64, which is also right modulo less. */
#define SUM integer
#define PART uint64_t
#define PLANES 1
#include "strategies/generic_sum.tmpl.h"

#define SUM f32
#define PART float
#define PLANES 1
#include "strategies/generic_sum.tmpl.h"

#define SUM f64
#define PART double
#define PLANES 1
#include "strategies/generic_sum.tmpl.h"

#define SUM longdouble
#define PART longdouble
#define PLANES 1
#include "strategies/generic_sum.tmpl.h"

#define SUM c64
#define PART float
#define PLANES 2
#include "strategies/generic_sum.tmpl.h"

#define SUM c128
#define PART double
#define PLANES 2
#include "strategies/generic_sum.tmpl.h"

#define SUM clongdouble
#define PART longdouble
#define PLANES 2
#include "strategies/generic_sum.tmpl.h"

typedef void Sum(const SumJob *job, void *accumulator);

static Sum *const sums[DTYPE_COUNT] = {
    [DTYPE_I8] = sum_integer,
    [DTYPE_I16] = sum_integer,
    [DTYPE_I32] = sum_integer,
    [DTYPE_I64] = sum_integer,
    [DTYPE_F32] = sum_f32,
    [DTYPE_F64] = sum_f64,
    [DTYPE_LONGDOUBLE] = sum_longdouble,
    [DTYPE_C64] = sum_c64,
    [DTYPE_C128] = sum_c128,
    [DTYPE_CLONGDOUBLE] = sum_clongdouble,
};

/* The low bytes of an integer are the integer modulo its size. */
static size_t low_bytes_start(DType dtype) {
    bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    bool is_integer = sums[dtype_arithmetic(dtype)] == sum_integer;
    return is_big_endian && is_integer ? sizeof(uint64_t) - dtype_size(dtype) : 0;
}

static void accumulator_store(const Accumulator *accumulator, DType dtype, char *out) {
    float sum;
    memcpy(&sum, accumulator, sizeof sum);
    if (dtype == DTYPE_F16) {
        uint16_t half = half_from_float(sum);
        memcpy(out, &half, sizeof half);
        return;
    }
    if (dtype == DTYPE_BOOL) {
        *out = sum != 0;
        return;
    }
    memcpy(out, (const char *)accumulator + low_bytes_start(dtype), dtype_size(dtype));
}

typedef struct GenericChoices {
    ptrdiff_t kept_per_task;
} GenericChoices;

/* The summed axes of one output element: all but the last are walked, the last is a SumJob. */
typedef struct Element {
    const Contraction *contraction;
    const Axis *summed;
    int summed_count;
    ptrdiff_t outer_count; /* how often the innermost loop runs */
} Element;

static Element element_of(const Contraction *contraction) {
    int kept = contraction->kept_count;
    Element element = {contraction, contraction->axes + kept, contraction->axis_count - kept, 1};
    if (element.summed_count > 0) {
        element.outer_count = axes_extent(element.summed, element.summed_count - 1);
    }
    if (contraction->is_empty) element.outer_count = 0;
    return element;
}

/* Without a summed axis there is one product; its strides do not matter. */
static SumJob element_job(const Element *element, const Walk *walk) {
    static const ptrdiff_t none[MAX_SIDES];
    int count = element->summed_count;
    const Axis *last = count > 0 ? &element->summed[count - 1] : NULL;
    return (SumJob){.input_count = element->contraction->input_count,
                    .dtypes = element->contraction->dtypes,
                    .inputs = walk->pointers,
                    .strides = last ? last->strides : none,
                    .count = last ? last->extent : 1};
}

static void element_sum(const Element *element, Walk *walk, char *out) {
    const Contraction *contraction = element->contraction;
    SumJob job = element_job(element, walk);
    Accumulator accumulator;
    memset(&accumulator, 0, sizeof accumulator);
    for (ptrdiff_t i = 0; i < element->outer_count; i++) {
        sums[contraction->arithmetic](&job, &accumulator);
        walk_next(walk);
    }
    accumulator_store(&accumulator, contraction->dtypes[contraction->input_count], out);
}

static void element_sum_objects(const Element *element, Walk *walk, char *out) {
    const ObjectArithmetic *objects = element->contraction->objects;
    SumJob job = element_job(element, walk);
    if (element->outer_count == 0) {
        objects->accumulate(objects->context, job.input_count, job.inputs, job.strides, 0, out, 1);
    }
    for (ptrdiff_t i = 0; i < element->outer_count; i++) {
        objects->accumulate(objects->context, job.input_count, job.inputs, job.strides, job.count,
                            out, i == 0);
        walk_next(walk);
    }
}

/* Slower than any other strategy that applies. */
static double cost(const Contraction *contraction, const Machine *machine) {
    (void)machine;
    double terms = 1;
    for (int i = 0; i < contraction->axis_count; i++) terms *= (double)contraction->axes[i].extent;
    return 100e-9 + terms * 2e-9 * (contraction->input_count + 1);
}

static Status prepare(const Contraction *contraction, const Machine *machine, Arena *arena,
                      StepPlan *step, Error *error) {
    (void)machine;
    GenericChoices *choices = arena_take(arena, 1, sizeof *choices);
    if (!choices) return error_memory(error);
    int kept_count = contraction->kept_count;
    ptrdiff_t kept = axes_extent(contraction->axes, kept_count);
    double terms = 1;
    for (int i = kept_count; i < contraction->axis_count; i++) {
        terms *= (double)contraction->axes[i].extent;
    }
    /* About a tenth of a millisecond each; objects are one task, since their sums run user code. */
    double elements = terms < 30e3 ? 30e3 / (terms + 1) + 1 : 1;
    bool is_whole = contraction->arithmetic == DTYPE_OBJECT || elements > (double)kept;
    choices->kept_per_task = is_whole ? (kept > 0 ? kept : 1) : (ptrdiff_t)elements;
    step->choices = choices;
    step->phases = phases_single(divide_up(kept, choices->kept_per_task));
    return STATUS_OK;
}

static void run(const StepPlan *step, char *const data[], const Task *task) {
    const Contraction *contraction = step->contraction;
    const GenericChoices *choices = step->choices;
    int kept_count = contraction->kept_count, side_count = contraction->input_count + 1;
    Element element = element_of(contraction);
    ptrdiff_t kept = axes_extent(contraction->axes, kept_count);
    ptrdiff_t first = task->number * choices->kept_per_task;
    ptrdiff_t left = kept - first;
    Walk outer, inner;
    walk_begin(&outer, contraction->axes, kept_count, side_count, data, first);
    for (ptrdiff_t i = 0; i < left && i < choices->kept_per_task; i++, walk_next(&outer)) {
        int walked = element.summed_count > 0 ? element.summed_count - 1 : 0;
        walk_begin(&inner, element.summed, walked, side_count - 1, outer.pointers, 0);
        char *out = outer.pointers[contraction->input_count];
        (contraction->arithmetic == DTYPE_OBJECT ? element_sum_objects : element_sum)(&element,
                                                                                      &inner, out);
    }
}

const Strategy strategy_generic = {"generic", cost, NULL, prepare, run};
