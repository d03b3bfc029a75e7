#include "runtime/workspace.h"

#include "base/memory.h"

#include <stdatomic.h>
#include <stdint.h>

enum { KEPT_BLOCKS = 8 };
#define KEPT_BYTES ((size_t)64 << 20) /* larger blocks go back to the system at once */

/* A block lies in front of its header, so that one pointer swap takes or leaves it. */
typedef struct Header {
    size_t bytes;
} Header;

static _Atomic(Header *) kept[KEPT_BLOCKS];

static Workspace from_header(Header *header) {
    return (Workspace){(char *)header + MEMORY_ALIGNMENT, header->bytes};
}

static Header *to_header(Workspace workspace) {
    return (Header *)(void *)(workspace.memory - MEMORY_ALIGNMENT);
}

Workspace workspace_take(size_t bytes) {
    for (int i = 0; i < KEPT_BLOCKS; i++) {
        Header *header = atomic_exchange(&kept[i], NULL);
        if (!header) continue;
        if (header->bytes >= bytes) return from_header(header);
        memory_give(header);
    }
    size_t grown = bytes < 4096 ? 4096 : bytes;
    if (grown > PTRDIFF_MAX - MEMORY_ALIGNMENT) return (Workspace){NULL, 0};
    Header *header = memory_take(grown + MEMORY_ALIGNMENT);
    if (!header) return (Workspace){NULL, 0};
    header->bytes = grown;
    return from_header(header);
}

void workspace_give(Workspace workspace) {
    if (!workspace.memory) return;
    Header *header = to_header(workspace);
    for (int i = 0; i < KEPT_BLOCKS && header && header->bytes <= KEPT_BYTES; i++) {
        Header *none = NULL;
        if (atomic_compare_exchange_strong(&kept[i], &none, header)) header = NULL;
    }
    memory_give(header);
}

void workspace_trim(void) {
    for (int i = 0; i < KEPT_BLOCKS; i++) memory_give(atomic_exchange(&kept[i], NULL));
}
