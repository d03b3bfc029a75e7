/* The kernels of a dtype that is moved but not computed with on one ISA. isa.tmpl.h defines
 *     SET         spelling of the dtype
 *     ELEMENT     the unsigned integer of its size
 *     STORED      what its bits mean */
#define PLANES 1
#define NAME(name) PASTE(PASTE(name, SET), ISA)
#define LANES ((int)(VECTOR_BYTES / sizeof(ELEMENT)))
#define ELEMENT_BYTES ((ptrdiff_t)(PLANES * sizeof(ELEMENT)))

#include "kernels/vector.tmpl.h"

#include "kernels/copy.tmpl.h"

#undef Vector
#undef Element
#undef ELEMENT_BYTES
#undef LANES
#undef NAME
#undef SET
#undef ELEMENT
#undef PLANES
#undef STORED
