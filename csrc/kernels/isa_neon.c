#define ISA neon
#define VECTOR_BYTES 16
#define VECTOR_REGISTERS 32
#define FMAS_PER_CYCLE 2
#include "kernels/isa.tmpl.h"
