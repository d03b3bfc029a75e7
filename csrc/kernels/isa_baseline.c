#define ISA baseline
#define VECTOR_BYTES 16
#define VECTOR_REGISTERS 16
#define FMAS_PER_CYCLE 1
#include "kernels/isa.tmpl.h"
