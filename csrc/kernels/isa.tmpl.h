/* All kernels of one ISA. Included once by each isa_<name>.c, which defines
 *     ISA                 its spelling, the suffix of every symbol
 *     VECTOR_BYTES        of a register
 *     VECTOR_REGISTERS    how many of them the tiles may fill
 *     FMAS_PER_CYCLE      vector multiply-adds that a typical core starts per cycle
 * To add a dtype: three lines here. */
#include "kernels/kernels.h"

#include <string.h>

#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)
#define ISA_NAME(name) PASTE(name, ISA)

#include "kernels/masks.h"
#include "kernels/stored.h"
#include "kernels/transposes.tmpl.h"

#include "kernels/packs.tmpl.h"

#include "kernels/convert.tmpl.h"

#define SET f32
#define ELEMENT float
#define PLANES 1
#include "kernels/set.tmpl.h"

#define SET f64
#define ELEMENT double
#define PLANES 1
#include "kernels/set.tmpl.h"

#define SET c64
#define ELEMENT float
#define PLANES 2
#include "kernels/set.tmpl.h"

#define SET c128
#define ELEMENT double
#define PLANES 2
#include "kernels/set.tmpl.h"

#define SET i8
#define ELEMENT uint8_t
#define PLANES 1
#include "kernels/set.tmpl.h"

#define SET i16
#define ELEMENT uint16_t
#define PLANES 1
#include "kernels/set.tmpl.h"

#define SET i32
#define ELEMENT uint32_t
#define PLANES 1
#include "kernels/set.tmpl.h"

#define SET i64
#define ELEMENT uint64_t
#define PLANES 1
#include "kernels/set.tmpl.h"

#define SET f16
#define ELEMENT uint16_t
#define STORED STORED_HALF
#include "kernels/stored.tmpl.h"

#define SET bool
#define ELEMENT uint8_t
#define STORED STORED_TRUTH
#include "kernels/stored.tmpl.h"

#define SET_OF(name) &PASTE(PASTE(kernel_set, name), ISA)
const KernelSet *const ISA_NAME(kernel_sets)[DTYPE_COUNT] = {
    [DTYPE_F32] = SET_OF(f32),   [DTYPE_F64] = SET_OF(f64), [DTYPE_C64] = SET_OF(c64),
    [DTYPE_C128] = SET_OF(c128), [DTYPE_I8] = SET_OF(i8),   [DTYPE_I16] = SET_OF(i16),
    [DTYPE_I32] = SET_OF(i32),   [DTYPE_I64] = SET_OF(i64),
};

#define COPY_OF(name) PASTE(PASTE(copy, name), ISA)
CopyKernel *const ISA_NAME(copy_kernels)[DTYPE_COUNT] = {
    [DTYPE_F32] = COPY_OF(f32),   [DTYPE_F64] = COPY_OF(f64),   [DTYPE_C64] = COPY_OF(c64),
    [DTYPE_C128] = COPY_OF(c128), [DTYPE_I8] = COPY_OF(i8),     [DTYPE_I16] = COPY_OF(i16),
    [DTYPE_I32] = COPY_OF(i32),   [DTYPE_I64] = COPY_OF(i64),   [DTYPE_U8] = COPY_OF(i8),
    [DTYPE_U16] = COPY_OF(i16),   [DTYPE_U32] = COPY_OF(i32),   [DTYPE_U64] = COPY_OF(i64),
    [DTYPE_F16] = COPY_OF(f16),   [DTYPE_BOOL] = COPY_OF(bool),
};

#define MULTIPLY_OF(name) PASTE(PASTE(multiply, name), ISA)
MultiplyKernel *const ISA_NAME(multiply_kernels)[DTYPE_COUNT] = {
    [DTYPE_F32] = MULTIPLY_OF(f32),   [DTYPE_F64] = MULTIPLY_OF(f64),
    [DTYPE_C64] = MULTIPLY_OF(c64),   [DTYPE_C128] = MULTIPLY_OF(c128),
    [DTYPE_I8] = MULTIPLY_OF(i8),     [DTYPE_I16] = MULTIPLY_OF(i16),
    [DTYPE_I32] = MULTIPLY_OF(i32),   [DTYPE_I64] = MULTIPLY_OF(i64),
    [DTYPE_BOOL] = MULTIPLY_OF(bool),
};
