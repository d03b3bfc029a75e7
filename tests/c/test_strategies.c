/* Every strategy against `generic`, on random contractions: all classes of axes, strides permuted,
 * padded, negative and zero, extents around those of vectors and tiles, every dtype with kernels,
 * inputs of every other dtype that can be read as it. */
#include "base/half.h"
#include "base/memory.h"
#include "check.h"
#include "kernels/kernels.h"
#include "random.h"
#include "share.h"
#include "strategies/strategy.h"

#include <math.h>
#include <stdlib.h>

enum {
    TRIALS = 4000,
    MOST_AXES = 6,
    MOST_INPUTS = 3,
    MOST_ELEMENTS = 20000,
    LARGE_ELEMENTS = 1 << 20,
    LARGE_EVERY = 100,
    CANARY = 0x5C,
    CANARY_BYTES = 64
};

/* ---- one random case ---- */

/* The memory of one side: data is its element at index 0, bytes are all that belong to it. */
typedef struct Side {
    char *memory, *data;
    size_t bytes;
} Side;

typedef struct Case {
    Contraction contraction;
    Side sides[MOST_INPUTS + 1];
    DType dtype;      /* of the output, and of inputs that are not converted */
    ptrdiff_t summed; /* terms of one sum */
} Case;

static const DType dtypes[] = {DTYPE_F32, DTYPE_F64, DTYPE_C64, DTYPE_C128, DTYPE_I8,
                               DTYPE_I16, DTYPE_I32, DTYPE_I64, DTYPE_U8,   DTYPE_U16,
                               DTYPE_U32, DTYPE_U64, DTYPE_F16, DTYPE_BOOL};

static ptrdiff_t random_extent(ptrdiff_t at_most) {
    static const ptrdiff_t extents[] = {1,  2,  2,  3,  4,  5,  7,  8,   9,  13,
                                        16, 17, 31, 32, 33, 64, 65, 200, 700};
    ptrdiff_t extent = extents[random_below(sizeof extents / sizeof extents[0])];
    return extent < at_most ? extent : at_most;
}

/* Axes with the sides that move along them, strides still to come. Now and then there are so many
   elements that the work is cut into several tasks. */
static void random_axes(Axis axes[], int kept_count, int axis_count, int input_count) {
    ptrdiff_t most = random_below(LARGE_EVERY) ? MOST_ELEMENTS : LARGE_ELEMENTS;
    ptrdiff_t elements = 1;
    for (int i = 0; i < axis_count; i++) {
        axes[i].extent = random_extent(most / elements);
        elements *= axes[i].extent;
        int sides = 1 + random_below((1 << input_count) - 1);
        if (random_below(3) == 0) sides = (1 << input_count) - 1;
        for (int side = 0; side < input_count; side++) axes[i].strides[side] = sides >> side & 1;
        axes[i].strides[input_count] = i < kept_count;
    }
}

/* Lets a summed axis move a side as a kept one does, as the taps of a window do. */
static void make_window(Axis axes[], int kept_count, int axis_count, int side) {
    if (kept_count == 0 || kept_count == axis_count) return;
    const Axis *positions = &axes[random_below(kept_count)];
    Axis *taps = &axes[kept_count + random_below(axis_count - kept_count)];
    if (positions->strides[side] && taps->strides[side]) {
        taps->strides[side] = positions->strides[side];
    }
}

/* A random order of the axes, outermost first, with one of them last (if inner is not -1). */
static void random_order(int order[], int axis_count, int inner) {
    int count = 0;
    for (int i = 0; i < axis_count; i++) {
        if (i == inner) continue;
        int at = random_below(3) ? count : random_below(count + 1);
        order[count++] = order[at];
        order[at] = i;
    }
    if (inner >= 0) order[count] = inner;
}

/* Lays a side out: its axes in random order, some padded, some reversed. */
static void random_strides(Axis axes[], int axis_count, int side, ptrdiff_t element, int inner) {
    int order[MOST_AXES] = {0};
    random_order(order, axis_count, inner);
    ptrdiff_t step = element;
    for (int i = axis_count; i-- > 0;) {
        Axis *axis = &axes[order[i]];
        if (axis->strides[side] == 0) continue;
        if (random_below(6) == 0) step += element * random_below(5);
        axis->strides[side] = random_below(8) == 0 ? -step : step;
        step *= axis->extent;
    }
}

/* Memory from the lowest to the highest element. */
static Side take_side(const Axis axes[], int axis_count, int side, ptrdiff_t element) {
    ptrdiff_t below = 0, above = element;
    for (int i = 0; i < axis_count; i++) {
        ptrdiff_t reach = (axes[i].extent - 1) * axes[i].strides[side];
        *(reach < 0 ? &below : &above) += labs(reach);
    }
    Side laid = {.bytes = (size_t)(below + above)};
    laid.memory = malloc(laid.bytes);
    laid.data = laid.memory + below;
    return laid;
}

/* Real numbers and the parts of complex ones; integers are compared as bytes. */
typedef enum PartKind { PART_SINGLE, PART_DOUBLE, PART_BYTES } PartKind;

static PartKind part_kind(DType dtype) {
    if (dtype == DTYPE_F32 || dtype == DTYPE_C64) return PART_SINGLE;
    return dtype == DTYPE_F64 || dtype == DTYPE_C128 ? PART_DOUBLE : PART_BYTES;
}

static bool is_integer(DType dtype) {
    return dtype >= DTYPE_I8 && dtype <= DTYPE_U64;
}

/* Whole numbers whose sums are exact in every type, or numbers between 1/2 and 1; 0 or 1 where
   neither can be. */
static double random_value(DType stored, bool whole) {
    uint32_t bits = random_bits();
    if (is_integer(stored)) return bits % 2;
    return whole ? (double)(bits % 9) - 4 : 0.5 + (bits >> 12) * 0x1p-21;
}

static void fill(Side *side, DType stored, bool whole) {
    static const size_t part_sizes[] = {sizeof(float), sizeof(double), 1};
    PartKind kind = part_kind(stored);
    size_t size = kind == PART_BYTES ? dtype_size(stored) : part_sizes[kind];
    for (size_t at = 0; at + size <= side->bytes; at += size) {
        char *element = side->memory + at;
        double value = random_value(stored, whole);
        float single = (float)value;
        half_bits half = half_from_float(single);
        uint64_t integer = (uint64_t)(int64_t)value; /* its low bytes come first */
        if (stored == DTYPE_BOOL) integer = random_below(4) ? 0 : random_bits();
        bool is_single = kind == PART_SINGLE, is_double = kind == PART_DOUBLE;
        const void *from = is_single             ? (const void *)&single
                           : is_double           ? (const void *)&value
                           : stored == DTYPE_F16 ? (const void *)&half
                                                 : (const void *)&integer;
        memcpy(element, from, size);
    }
}

static void fill_with_any_bytes(Side *side) {
    for (size_t i = 0; i < side->bytes; i++) side->memory[i] = (char)random_bits();
}

/* Now and then another dtype that is read as this one. */
static DType random_stored(DType computing) {
    DType stored = (DType)random_below(DTYPE_OBJECT);
    return random_below(2) && dtype_is_readable(stored, computing) ? stored : computing;
}

static int longest_axis(const Axis axes[], int count) {
    int longest = 0;
    for (int i = 1; i < count; i++) {
        if (axes[i].extent > axes[longest].extent) longest = i;
    }
    return longest;
}

static void case_make(Case *c, bool whole) {
    bool is_batch = random_below(6) == 0; /* entries side by side, nothing to convert */
    int input_count = is_batch ? 2 : 1 + random_below(MOST_INPUTS);
    int kept_count = is_batch + random_below(4 - is_batch);
    int axis_count = kept_count + random_below(4);
    c->dtype = dtypes[random_below(sizeof dtypes / sizeof dtypes[0])];
    DType stored[MOST_INPUTS + 1];
    Axis axes[MOST_AXES];
    random_axes(axes, kept_count, axis_count, input_count);
    int lanes = -1;
    if (is_batch || (kept_count > 0 && random_below(3) == 0)) { /* inputs and the output meet */
        int meeting = is_batch ? 2 : 1;
        lanes = is_batch ? longest_axis(axes, kept_count) : random_below(kept_count);
        for (int side = 0; side < input_count; side++) axes[lanes].strides[side] = side < meeting;
    }
    for (int side = 0; side <= input_count; side++) {
        bool is_output = side == input_count;
        stored[side] = is_output || is_batch ? c->dtype : random_stored(c->dtype);
        ptrdiff_t element = (ptrdiff_t)dtype_size(stored[side]);
        bool is_lane = lanes >= 0 && axes[lanes].strides[side] != 0;
        random_strides(axes, axis_count, side, element, is_lane ? lanes : -1);
        if (side < input_count && random_below(3) == 0) {
            make_window(axes, kept_count, axis_count, side);
        }
        c->sides[side] = take_side(axes, axis_count, side, element);
        if (is_integer(c->dtype) && stored[side] != DTYPE_BOOL) {
            fill_with_any_bytes(&c->sides[side]);
        } else {
            fill(&c->sides[side], stored[side], whole || c->dtype == DTYPE_F16);
        }
    }
    c->summed = 1;
    for (int i = kept_count; i < axis_count; i++) c->summed *= axes[i].extent;
    contraction_begin(&c->contraction, dtype_arithmetic(c->dtype), input_count);
    for (int side = 0; side <= input_count; side++) c->contraction.dtypes[side] = stored[side];
    for (int i = 0; i < axis_count; i++) {
        contraction_add(&c->contraction, &axes[i], i < kept_count);
    }
    contraction_normalise(&c->contraction);
}

static void case_free(Case *c) {
    for (int side = 0; side <= c->contraction.input_count; side++) free(c->sides[side].memory);
}

/* ---- running and comparing ---- */

static bool is_canary(const char *memory, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (memory[i] != CANARY) return false;
    }
    return true;
}

static long cut_count; /* steps of several tasks */

/* Memory of a step with a canary behind it, and rubbish inside. */
static char *rubbish_take(size_t bytes) {
    char *memory = memory_take(bytes + CANARY_BYTES);
    return memset(memory, CANARY, bytes + CANARY_BYTES);
}

/* All tasks of a phase, last first, each with scratch full of rubbish. */
static void run_phase(const StepPlan *step, char *const data[], Task task) {
    for (task.number = step->phases.tasks[task.phase % 2]; task.number-- > 0;) {
        memset(task.scratch, CANARY, step->scratch_bytes + CANARY_BYTES);
        step->strategy->run(step, data, &task);
        CHECK(is_canary(task.scratch + step->scratch_bytes, CANARY_BYTES));
        CHECK(is_canary(task.shared + step->shared_bytes, CANARY_BYTES));
    }
}

/* Prepares and runs all phases. */
static void run(const Strategy *strategy, const Case *c, const Machine *machine, char *out) {
    Arena arena = {0};
    StepPlan step;
    Error error;
    CHECK_EQUAL_INT(strategy_prepare(strategy, &c->contraction, machine, &arena, &step, &error),
                    STATUS_OK);
    CHECK(step.strategy == strategy);
    char *data[MOST_INPUTS + 1];
    int output = c->contraction.input_count;
    for (int side = 0; side <= output; side++) {
        char *first = side == output ? out + (c->sides[side].data - c->sides[side].memory)
                                     : c->sides[side].data;
        data[side] = first + c->contraction.origins[side];
    }
    cut_count += phases_total(&step.phases) > 1;
    Task task = {.scratch = rubbish_take(step.scratch_bytes),
                 .shared = rubbish_take(step.shared_bytes)};
    for (; task.phase < step.phases.count; task.phase++) run_phase(&step, data, task);
    memory_give(task.shared);
    memory_give(task.scratch);
    arena_free(&arena);
}

static double part_at(const char *memory, PartKind kind, size_t i) {
    return kind == PART_SINGLE ? (double)((const float *)(const void *)memory)[i]
                               : ((const double *)(const void *)memory)[i];
}

/* Compares all bytes of the output's memory, gaps included. The bound is the a-priori one for sums
   of products of up to three factors, each of size 1, or the square root of 2 if complex. */
static bool outputs_agree(const Case *c, const char *actual, const char *expected, bool whole) {
    size_t bytes = c->sides[c->contraction.input_count].bytes;
    PartKind kind = part_kind(c->dtype);
    if (kind == PART_BYTES) return memcmp(actual, expected, bytes) == 0;
    double epsilon = kind == PART_SINGLE ? 0x1p-24 : 0x1p-53, terms = (double)c->summed;
    double bound = whole ? 0 : 3 * terms * (terms + 4) * epsilon;
    size_t count = bytes / (kind == PART_SINGLE ? sizeof(float) : sizeof(double));
    for (size_t i = 0; i < count; i++) {
        double difference = part_at(actual, kind, i) - part_at(expected, kind, i);
        if (!(fabs(difference) <= bound)) return false;
    }
    return true;
}

/* Copies of the output's memory, so that what must not be written can be compared too. */
static char *output_copy(const Case *c) {
    const Side *output = &c->sides[c->contraction.input_count];
    char *copy = malloc(output->bytes);
    return memcpy(copy, output->memory, output->bytes);
}

static long applied[16]; /* by strategy: how often it was compared */

static void compare_all(const Case *c, const Machine *machine, bool whole, int trial) {
    char *expected = output_copy(c);
    run(strategy_from_name("generic"), c, machine, expected);
    for (int i = 0; strcmp(strategies[i]->name, "generic") != 0; i++) {
        if (!isfinite(strategies[i]->cost(&c->contraction, machine))) continue;
        applied[i]++;
        char *actual = output_copy(c);
        run(strategies[i], c, machine, actual);
        if (!CHECK(outputs_agree(c, actual, expected, whole))) {
            printf("    trial %d: %s, %s, %s\n", trial, strategies[i]->name, dtype_name(c->dtype),
                   isa_name(machine->isa));
        }
        free(actual);
    }
    free(expected);
}

static void test_isa(Isa isa) {
    static Case c;
    Machine machine = machine_with_isa(isa);
    random_state = 1;
    for (int trial = 0; trial < TRIALS; trial++) {
        if (!share_takes_next()) continue;
        bool whole = trial % 2 == 0;
        case_make(&c, whole);
        if (!c.contraction.is_empty) compare_all(&c, &machine, whole, trial);
        case_free(&c);
    }
}

int main(void) {
    for (Isa isa = 0; isa < ISA_COUNT; isa++) {
        if (isa_is_built(isa) && isa_is_present(isa)) test_isa(isa);
    }
    /* enough, on however few ISAs */
    for (int i = 0; strcmp(strategies[i]->name, "generic") != 0; i++) {
        if (CHECK(applied[i] > 50 / share_divisor())) continue;
        printf("    %s was compared %ld times\n", strategies[i]->name, applied[i]);
    }
    CHECK(cut_count > 20 / share_divisor());
    return check_report();
}
