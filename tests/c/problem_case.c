#include "problem_case.h"

#include "base/memory.h"
#include "check.h"

Tensor tensor_make(const ptrdiff_t shape[], DType dtype, Packing packing) {
    Tensor tensor = {.dtype = dtype};
    while (tensor.axis_count < MOST_AXES && shape[tensor.axis_count] >= 0) {
        tensor.shape[tensor.axis_count] = shape[tensor.axis_count];
        tensor.axis_count++;
    }
    ptrdiff_t stride = (ptrdiff_t)dtype_size(dtype);
    for (int i = 0; i < tensor.axis_count; i++) {
        int axis = packing == PACKED_F ? i : tensor.axis_count - 1 - i;
        tensor.strides[axis] = stride;
        if (tensor.shape[axis] < (ptrdiff_t)1 << HUGE_BITS) stride *= tensor.shape[axis];
    }
    return tensor;
}

Status case_resolve(Case *c, const char *text, int operand_count, const Tensor *out) {
    c->arena = (Arena){0};
    c->error = (Error){.message = ""};
    TRY(subscripts_parse(text, strlen(text), operand_count, &c->arena, &c->subscripts, &c->error));
    return problem_resolve(&c->subscripts, c->operands, out, &c->arena, &c->problem, &c->error);
}

void case_end(Case *c) {
    arena_free(&c->arena);
    CHECK_EQUAL_INT(memory_blocks(), 0);
}

int count_operands(const char *text) {
    int count = 1;
    for (; *text && *text != '-'; text++) count += *text == ',';
    return count;
}

void make_operands(Case *c, const char *text, const Shape shapes[]) {
    for (int i = 0; i < count_operands(text); i++) {
        c->operands[i] = tensor_make(shapes[i], DTYPE_F64, PACKED_C);
    }
}

void extents_write(const ptrdiff_t values[], int count, char *text) {
    *text = '\0';
    for (int i = 0; i < count; i++) text += sprintf(text, "%s%td", i > 0 ? " " : "", values[i]);
}
