/* Steps around a step, which copy some of its sides: into the dtype that is computed with, or into
 * an order in which products are fast. */
#include "base/extents.h"
#include "planning/builder.h"
#include "strategies/conversion.h"
#include "strategies/nest.h"
#include "strategies/rates.h"

#include <math.h>
#include <string.h>

/* How a side takes part in a step: as it is, or as a copy of its own, in its order or in the one
   that products like best. */
typedef enum Copying { AS_IT_IS, CONVERTED, REARRANGED } Copying;

static const double REARRANGE_CYCLES = 1, COPY_STEP_SECONDS = 0.2e-6;

enum { LEAST_REARRANGED = 10000 }; /* products */

static bool is_plain(const Builder *builder, const Operand *operand) {
    return dtype_is_plain(operand->dtype, builder_arithmetic(builder));
}

/* Seconds to copy the elements of a side apart. INFINITY where they overlap, as those of windows
   do: these are never all written down. */
static double copy_seconds(const Contraction *contraction, int side, Copying copying,
                           const Machine *machine) {
    double elements = 1;
    for (int i = 0; i < contraction->axis_count; i++) {
        if (contraction->axes[i].strides[side] != 0) {
            elements *= (double)contraction->axes[i].extent;
        }
    }
    double stored = elements * (double)dtype_size(contraction->dtypes[side]);
    double computed = elements * (double)dtype_size(contraction->arithmetic);
    if (nest_side_bytes(contraction, side) < stored) return INFINITY;
    double cycles = elements * (copying == REARRANGED ? REARRANGE_CYCLES : CONVERSION_CYCLES);
    double traffic = rates_traffic(stored + computed, stored + computed, machine);
    return COPY_STEP_SECONDS + fmax(rates_cycles(cycles), traffic);
}

/* The place of an axis in a copy that is rearranged: entries of the batch outermost; the rest of an
   input as it was, of the output what comes from the left before what comes from the right. */
static int rank_in_product(const Contraction *contraction, int side, int axis) {
    if (axis_is_shared(&contraction->axes[axis], 3)) return 0;
    return side == 2 && contraction->axes[axis].strides[0] == 0 ? 2 : 1;
}

/* Makes a contraction what it would be with the copy in the place of the side. */
static void pretend_copied(Contraction *contraction, int side, Copying copying) {
    ptrdiff_t before[MAX_LABELS], step = (ptrdiff_t)dtype_size(contraction->arithmetic);
    int count = contraction->axis_count;
    for (int i = 0; i < count; i++) before[i] = magnitude(contraction->axes[i].strides[side]);
    for (int done = 0; done < count; done++) {
        int last = NO_AXIS, rank = -1;
        for (int i = 0; i < count; i++) {
            int own = copying == REARRANGED ? rank_in_product(contraction, side, i) : 0;
            if (before[i] == 0 || own < rank) continue;
            if (own > rank || before[i] < before[last]) {
                last = i;
                rank = own;
            }
        }
        if (last == NO_AXIS) break;
        before[last] = 0;
        contraction->axes[last].strides[side] = step;
        step *= contraction->axes[last].extent;
    }
    contraction->dtypes[side] = contraction->arithmetic;
}

/* Seconds of the step and of its copies. */
static double seconds_with(Builder *builder, const Copying copyings[]) {
    const Machine *machine = builder->options->machine;
    Contraction *copied = builder->pretended;
    memcpy(copied, builder->contraction, contraction_bytes(builder->contraction));
    double seconds = 0;
    for (int side = 0; side <= copied->input_count; side++) {
        if (copyings[side] == AS_IT_IS) continue;
        seconds += copy_seconds(copied, side, copyings[side], machine);
        pretend_copied(copied, side, copyings[side]);
    }
    return isfinite(seconds) ? seconds + strategy_least_seconds(copied, machine) : seconds;
}

/* Copies of what is not stored as computed with. */
static bool propose_conversions(const Builder *builder, Operand *const sides[],
                                Copying copyings[]) {
    bool has_any = false;
    for (int side = 0; side <= builder->contraction->input_count; side++) {
        copyings[side] = is_plain(builder, sides[side]) ? AS_IT_IS : CONVERTED;
        has_any |= copyings[side] != AS_IT_IS;
    }
    return has_any;
}

/* And of those sides of a product whose neighbours in memory belong to different entries of the
   batch. */
static bool propose_rearrangement(const Builder *builder, Copying copyings[]) {
    const Contraction *contraction = builder->contraction;
    bool is_product =
        contraction->input_count == 2 && contraction->axis_count > contraction->kept_count;
    if (!is_product || nest_elements(contraction) < LEAST_REARRANGED) return false;
    bool has_any = false;
    for (int side = 0; side <= 2; side++) {
        if (!nest_is_lone(contraction, side)) continue;
        copyings[side] = REARRANGED;
        has_any = true;
    }
    return has_any;
}

/* The cheapest way for the builder's contraction. */
static void choose_copies(Builder *builder, Operand *const sides[], Copying copyings[]) {
    int side_count = builder->contraction->input_count + 1;
    Copying proposed[MAX_SIDES];
    for (int side = 0; side < side_count; side++) copyings[side] = AS_IT_IS;
    if (builder->options->strategy || side_count == 1) return;
    bool converts = propose_conversions(builder, sides, proposed);
    double least = INFINITY;
    for (int turn = 0; turn < 2; turn++) {
        bool is_proposed = turn == 0 ? converts : propose_rearrangement(builder, proposed);
        if (!is_proposed) continue;
        if (least == INFINITY) least = seconds_with(builder, copyings);
        double seconds = seconds_with(builder, proposed);
        if (seconds >= least) continue;
        least = seconds;
        memcpy(copyings, proposed, (size_t)side_count * sizeof *copyings);
    }
}

/* A new operand in the workspace for a side of a step. */
static Status take_copy(Builder *builder, Operand *const sides[], int side_count, int side,
                        Copying copying) {
    DType dtype = builder_arithmetic(builder);
    const LabelSet *labels = &sides[side]->labels;
    if (copying == CONVERTED) return operand_from_step(builder, sides + side, 1, labels, dtype);
    if (side == side_count - 1) return operand_from_step(builder, sides, 2, labels, dtype);
    Operand *product[] = {sides[side], sides[1 - side], sides[2]};
    return operand_from_step(builder, product, 3, labels, dtype);
}

static Status append_copy(Builder *builder, Operand *from, Operand *to) {
    const LabelSet none = {{0}};
    Operand *sides[] = {from, to};
    make_contraction(builder, sides, 2, &none);
    return append_step(builder, sides, 2);
}

static Status add_with_copies(Builder *builder, Operand *const sides[], int side_count,
                              const LabelSet *summed, const Copying copyings[]) {
    Operand *copies[MAX_SIDES];
    int output = side_count - 1;
    for (int side = 0; side < side_count; side++) {
        copies[side] = sides[side];
        if (copyings[side] == AS_IT_IS) continue;
        TRY(take_copy(builder, sides, side_count, side, copyings[side]));
        copies[side] = &builder->operands[builder->operand_count - 1];
        if (side < output) TRY(append_copy(builder, sides[side], copies[side]));
    }
    make_contraction(builder, copies, side_count, summed);
    TRY(append_step(builder, copies, side_count));
    if (copies[output] != sides[output]) {
        TRY(append_copy(builder, copies[output], sides[output]));
    }
    for (int side = 0; side < side_count; side++) {
        if (copies[side] != sides[side]) operand_release(builder, copies[side]);
    }
    return STATUS_OK;
}

Status add_step(Builder *builder, Operand *const sides[], int side_count, const LabelSet *summed) {
    Copying copyings[MAX_SIDES];
    make_contraction(builder, sides, side_count, summed);
    choose_copies(builder, sides, copyings);
    for (int side = 0; side < side_count; side++) {
        if (copyings[side] == AS_IT_IS) continue;
        return add_with_copies(builder, sides, side_count, summed, copyings);
    }
    return append_step(builder, sides, side_count);
}
