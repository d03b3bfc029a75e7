/* The kernels that pack: every number of lanes of the panels that tiles read, from every layout. */
#include "check.h"
#include "fields.h"
#include "random.h"
#include "share.h"

#include <string.h>

enum { MOST_DEPTH = 33 };

static const ptrdiff_t depths[] = {0, 1, 2, 7, MOST_DEPTH};

/* Where the job finds its lanes and steps: both in two runs that have changed places, steps in
   either order. */
typedef struct Offsets {
    ptrdiff_t lanes[TILE_MAX_COLS], depth[MOST_DEPTH];
} Offsets;

static void offsets_make(Offsets *offsets, const Field *source) {
    int first = random_below(4);
    bool is_reversed = random_bits() % 2;
    ptrdiff_t lanes = source->rows, depth = source->cols, later = random_below(MOST_DEPTH);
    for (ptrdiff_t i = 0; i < lanes; i++) offsets->lanes[i] = (i + first) % lanes * source->row;
    for (ptrdiff_t k = 0; k < depth; k++) {
        ptrdiff_t step = (k + later) % depth;
        offsets->depth[k] = (is_reversed ? depth - 1 - step : step) * source->col;
    }
}

static bool panel_holds(const Suite *suite, const PackJob *job) {
    static const char zeros[16] = {0};
    const char *packed = job->panel;
    bool holds = true;
    for (ptrdiff_t k = 0; k < job->depth; k++) {
        for (int i = 0; i < job->width; i++, packed += suite->size) {
            const char *expected = zeros;
            if (i < job->lanes) {
                expected = job->source + job->lane_offsets[i] + job->depth_offsets[k];
            }
            holds &= memcmp(packed, expected, (size_t)suite->size) == 0;
        }
    }
    return holds;
}

static void test_pack(const Suite *suite, int lanes, int width, ptrdiff_t depth, int layout) {
    if (!share_takes_next()) return;
    Offsets offsets;
    Field source = field_make(suite, lanes, depth, layout);
    Guarded panel = guarded_make((size_t)(depth * width * suite->size), suite->side);
    offsets_make(&offsets, &source);
    PackJob job = {source.data, offsets.lanes, offsets.depth, depth, lanes, width, panel.data};
    suite->kernels->pack(&job);
    if (!CHECK(panel_holds(suite, &job) && guarded_is_intact(&panel))) {
        report(suite, "pack", (ptrdiff_t[]){lanes, width, depth}, layout);
    }
    guarded_free(&panel);
    field_free(&source);
}

/* Every number of lanes in any layout, and all lanes in every one. */
static void test_width(const Suite *suite, int width) {
    for (int d = 0; d < 5; d++) {
        for (int layout = 0; layout < LAYOUTS; layout++) {
            test_pack(suite, width, width, depths[d], layout);
            test_pack(suite, 1 + random_below(width), width, depths[d], layout);
        }
    }
    for (int lanes = 1; lanes <= width; lanes++) {
        test_pack(suite, lanes, width, depths[random_below(5)], any_layout());
    }
}

/* The widths are the rows and the columns of tiles. */
static void test_packs(const Suite *suite) {
    bool is_done[TILE_MAX_COLS + 1] = {false};
    if (suite->filling != FILLING_WHOLE) return; /* elements are moved as they are */
    for (int t = 0; t < suite->kernels->tile_count; t++) {
        const Tile *tile = &suite->kernels->tiles[t];
        for (int side = 0; side < 2; side++) {
            int width = side ? tile->cols : tile->rows;
            if (!is_done[width]) test_width(suite, width);
            is_done[width] = true;
        }
    }
}

int main(void) {
    suites_run(test_packs);
    return check_report();
}
