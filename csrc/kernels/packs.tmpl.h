/* Packing for every size of an element. Included once per ISA. */
#include <string.h>

#define SIZE 1
#include "kernels/pack.tmpl.h"

#define SIZE 2
#include "kernels/pack.tmpl.h"

#define SIZE 4
#define SQUARE PASTE(ISA_NAME(square_gather), 4)
#define QUAD PASTE(ISA_NAME(quad_gather), 4)
#if VECTOR_BYTES >= 64
    #define OCTET PASTE(ISA_NAME(octet_gather), 4)
#else
    #define OCTET SQUARE
#endif
#define LANE uint32_t
#include "kernels/pack.tmpl.h"

#define SIZE 8
#define SQUARE PASTE(ISA_NAME(square_gather), 8)
#define QUAD PASTE(ISA_NAME(quad_gather), 8)
#define OCTET SQUARE
#define LANE uint64_t
#include "kernels/pack.tmpl.h"

#define SIZE 16
#include "kernels/pack.tmpl.h"

/* The kernel for elements of so many bytes, a constant. */
#define PACK_OF(size)                         \
    ((size) == 1   ? PASTE(ISA_NAME(pack), 1) \
     : (size) == 2 ? PASTE(ISA_NAME(pack), 2) \
     : (size) == 4 ? PASTE(ISA_NAME(pack), 4) \
     : (size) == 8 ? PASTE(ISA_NAME(pack), 8) \
                   : PASTE(ISA_NAME(pack), 16))
