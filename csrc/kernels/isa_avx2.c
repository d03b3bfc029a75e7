#define ISA avx2
#define VECTOR_BYTES 32
#define VECTOR_REGISTERS 16
#define FMAS_PER_CYCLE 2
#include "kernels/isa.tmpl.h"
