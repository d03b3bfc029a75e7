/* The names that the kernels of one dtype on one ISA share; set_end.tmpl.h takes them back. */
#define NAME(name) PASTE(PASTE(name, SET), ISA)
#define LANES ((int)(VECTOR_BYTES / sizeof(ELEMENT)))
#define ELEMENT_BYTES ((ptrdiff_t)(PLANES * sizeof(ELEMENT)))

#include "kernels/vector.tmpl.h"
