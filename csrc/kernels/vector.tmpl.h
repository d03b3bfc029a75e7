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

static inline Vector NAME(load)(const void *memory) {
    return *(const NAME(LooseVector) *)memory;
}

static inline void NAME(store)(void *memory, Vector vector) {
    *(NAME(LooseVector) *)memory = vector;
}

static inline Vector NAME(broadcast)(ELEMENT scalar) {
    return scalar - (Vector){0}; /* x - 0 is x for every x; x + 0 would have to be computed */
}
