/* The kernels of a dtype that is moved but not summed on one ISA. isa.tmpl.h defines
 *     SET         spelling of the dtype
 *     ELEMENT     the unsigned integer of its size
 *     STORED      what its bits mean */
#define PLANES 1

#include "kernels/set_begin.tmpl.h"

#include "kernels/copy.tmpl.h"

#if STORED == STORED_TRUTH
    #include "kernels/lanes.tmpl.h"

    #include "kernels/multiply.tmpl.h"
#endif

#include "kernels/set_end.tmpl.h"
