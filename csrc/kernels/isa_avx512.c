#define ISA avx512
#define VECTOR_BYTES 64
#define VECTOR_REGISTERS 32
#define FMAS_PER_CYCLE 2
#include "kernels/isa.tmpl.h"
