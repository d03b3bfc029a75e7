/* The words in which the kernels of one dtype are written: a register, an element, and moving them.
 * Memory is only aligned to the element; these are the only places that touch it. */
#define Vector NAME(Vector)
#define Element NAME(Element)

typedef ELEMENT Vector __attribute__((vector_size(VECTOR_BYTES)));
typedef ELEMENT NAME(LooseVector)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(ELEMENT)), may_alias));

/* One element as stored; its arithmetic is written per plane. */
typedef struct Element {
    ELEMENT plane[PLANES];
} __attribute__((may_alias)) Element;

enum { NAME(IS_FLOAT) = (ELEMENT)0.5 != 0 };

static inline Vector NAME(load)(const void *memory) {
    return *(const NAME(LooseVector) *)memory;
}

static inline void NAME(store)(void *memory, Vector vector) {
    *(NAME(LooseVector) *)memory = vector;
}

#if HAS_MASKS
/* Less than a vector: so many bytes of memory, which alone are read or written. */
static inline __attribute__((always_inline)) Vector NAME(load_first)(const void *memory,
                                                                     ptrdiff_t bytes) {
    return (Vector)_mm512_maskz_loadu_epi8(first_bytes(bytes), memory);
}

static inline __attribute__((always_inline)) void NAME(store_first)(void *memory, Vector vector,
                                                                    ptrdiff_t bytes) {
    _mm512_mask_storeu_epi8(memory, first_bytes(bytes), (__m512i)vector);
}
#endif

/* Past the caches, to an address that is a multiple of VECTOR_BYTES; fence_streams() before anybody
   else may look. */
static inline __attribute__((always_inline)) void NAME(stream)(void *memory, Vector vector) {
#if defined(__clang__)
    __builtin_nontemporal_store(vector, (Vector *)memory);
#elif defined(__x86_64__) && VECTOR_BYTES == 64
    typedef float Floats __attribute__((vector_size(64)));
    __builtin_ia32_movntps512((float *)memory, (Floats)vector);
#elif defined(__x86_64__) && VECTOR_BYTES == 32
    typedef float Floats __attribute__((vector_size(32)));
    __builtin_ia32_movntps256((float *)memory, (Floats)vector);
#elif defined(__x86_64__)
    typedef float Floats __attribute__((vector_size(16)));
    __builtin_ia32_movntps((float *)memory, (Floats)vector);
#else
    NAME(store)(memory, vector);
#endif
}

static inline Vector NAME(broadcast)(ELEMENT scalar) {
    return scalar - (Vector){0}; /* x - 0 is x for every x; x + 0 would have to be computed */
}

/* a * b, lane by lane. Intel's processors let the 64-bit multiplication of AVX-512 wait for the
 * register it overwrites; with the product in the place of a factor there is nothing else to wait
 * for. */
static inline __attribute__((always_inline)) Vector NAME(times)(Vector a, Vector b) {
#if defined(__AVX512DQ__) && VECTOR_BYTES == 64
    if (sizeof(ELEMENT) == 8 && !NAME(IS_FLOAT)) {
        __asm__("vpmullq %1, %0, %0" : "+v"(a) : "v"(b));
        return a;
    }
#endif
    return a * b;
}

/* 0 + a: results are sums that begin with +0, even where nothing is summed, so that none is -0. For
   types that are only stored, and computed with in another, it is done on their bits: HALF has a
   zero with a sign, TRUTH is anything but 0. */
static inline __attribute__((always_inline)) Vector NAME(from_zero)(Vector a) {
#if STORED == STORED_HALF
    return a & (Vector)(a != 0x8000);
#elif STORED == STORED_TRUTH
    return (Vector)(a != 0) & 1;
#else
    return a + (Vector){0};
#endif
}

static inline __attribute__((always_inline)) Element NAME(element_from_zero)(Element a) {
#if STORED == STORED_HALF
    if (a.plane[0] == 0x8000) a.plane[0] = 0;
#elif STORED == STORED_TRUTH
    a.plane[0] = a.plane[0] != 0;
#else
    for (int plane = 0; plane < PLANES; plane++) a.plane[plane] = (ELEMENT)(a.plane[plane] + 0);
#endif
    return a;
}
