/* numpy's planners and its report, from numbers beyond 64 bits to the text. */
#include "base/memory.h"
#include "base/natural.h"
#include "check.h"
#include "planning/numpy_report.h"

#include <math.h>

enum { MOST_OPERANDS = 64 };

/* ---- large numbers ---- */

static Natural power(uint64_t base, int exponent) {
    Natural number = natural_from(1);
    while (exponent-- > 0) natural_multiply(&number, base);
    return number;
}

static void naturals_compare(void) {
    Natural zero = natural_from(0), one = natural_from(1), large = power(10, 30);
    Natural larger = large;
    natural_add(&larger, &one);
    CHECK(natural_compare(&zero, &one) < 0);
    CHECK(natural_compare(&one, &zero) > 0);
    CHECK(natural_compare(&large, &one) > 0);
    CHECK(natural_compare(&large, &larger) < 0);
    CHECK(natural_compare(&large, &large) == 0);
    natural_multiply(&larger, 0);
    CHECK(natural_compare(&larger, &zero) == 0);
    natural_add(&larger, &large);
    CHECK(natural_compare(&larger, &large) == 0);
}

static void naturals_carry(void) {
    Natural number = natural_from(UINT64_MAX), one = natural_from(1), expected = power(2, 64);
    natural_add(&number, &one);
    CHECK(natural_compare(&number, &expected) == 0);
    number = natural_from(UINT64_MAX);
    natural_multiply(&number, UINT64_MAX);
    Natural twice = natural_from(UINT64_MAX);
    natural_multiply(&twice, 2);
    natural_add(&number, &twice);
    natural_add(&number, &one); /* (m + 1)^2 = m^2 + 2 m + 1 */
    expected = power(2, 128);
    CHECK(natural_compare(&number, &expected) == 0);
}

static void naturals_end(void) {
    Natural largest = natural_largest(), number = power(2, 64 * NATURAL_WORDS - 1);
    CHECK(natural_compare(&number, &largest) < 0);
    natural_multiply(&number, 2);
    CHECK(natural_compare(&number, &largest) == 0);
    number = largest;
    natural_add(&number, &largest);
    CHECK(natural_compare(&number, &largest) == 0);
}

static void naturals_become_doubles(void) {
    Natural three = natural_from(3), seven = natural_from(7), zero = natural_from(0);
    Natural large = power(10, 22), larger = power(10, 40), beyond = power(2, 1024);
    CHECK(natural_value(&zero) == 0);
    CHECK(natural_value(&seven) == 7);
    CHECK(natural_value(&large) == 1e22);
    CHECK(natural_value(&larger) == 1e40);
    CHECK(isinf(natural_value(&beyond)));
    CHECK(natural_ratio(&seven, &three) == 7.0 / 3.0);
    CHECK(natural_ratio(&three, &seven) == 3.0 / 7.0);
    CHECK(natural_ratio(&zero, &seven) == 0);
    CHECK(natural_ratio(&larger, &large) == 1e18);
    CHECK(natural_ratio(&beyond, &beyond) == 1);
    /* Halfway between two doubles, and just beside it. */
    Natural tie = natural_from((UINT64_C(1) << 53) + 1), above = tie, one = natural_from(1);
    CHECK(natural_value(&tie) == 0x1p53);
    natural_multiply(&above, UINT64_C(1) << 32);
    natural_add(&above, &one);
    CHECK(natural_value(&above) == (0x1p53 + 2) * 0x1p32);
}

/* ---- expressions ---- */

/* An expression with all that is made of it. */
typedef struct Example {
    Arena arena;
    Spelling spelling;
    NumpyRequest request;
    NumpyPath path;
    Error error;
} Example;

static int count_terms(const char *text) {
    int count = 1;
    for (; *text && *text != '-'; text++) count += *text == ',';
    return count;
}

/* The extents of a, b, c, ...; the shapes follow from the terms. */
static void make_operands(const char *text, const ptrdiff_t extents[], Tensor operands[]) {
    operands->axis_count = 0;
    for (; *text && *text != '-'; text++) {
        if (*text == ',') {
            (++operands)->axis_count = 0;
        } else {
            operands->shape[operands->axis_count++] = extents[*text - 'a'];
        }
    }
}

static Status example_spell(Example *example, const char *text, const Tensor operands[]) {
    Subscripts subscripts;
    example->arena = (Arena){0};
    TRY(subscripts_parse(text, strlen(text), count_terms(text), &example->arena, &subscripts,
                         &example->error));
    TRY(spelling_make(&subscripts, operands, &example->arena, &example->spelling, &example->error));
    return numpy_request_make(&example->spelling, &example->arena, &example->request,
                              &example->error);
}

static Status example_begin(Example *example, const char *text, const ptrdiff_t extents[]) {
    static Tensor operands[MOST_OPERANDS];
    make_operands(text, extents, operands);
    return example_spell(example, text, operands);
}

static void example_end(Example *example) {
    arena_free(&example->arena);
}

/* "(0,2)(0,1)" */
static const char *path_text(const NumpyPath *path) {
    static char text[512];
    char *end = text;
    for (int i = 0; i < path->step_count; i++) {
        for (int k = 0; k < path->steps[i].count; k++) {
            end += sprintf(end, "%c%d", k > 0 ? ',' : '(', path->steps[i].positions[k]);
        }
        end = stpcpy(end, ")");
    }
    return text;
}

static const ptrdiff_t mixed[26] = {2, 3, 4, 5, 4, 3, 2, 6, 5, 4};
static const ptrdiff_t alike[26] = {20, 20, 20, 20};
static const ptrdiff_t huge[26] = {100001, 100003, 100019, 100043, 100049,
                                   100057, 100069, 100103, 100109, 100129};

typedef struct Plan {
    const char *text;
    const ptrdiff_t *extents;
    const char *greedy, *optimal;
} Plan;

static const Plan plans[] = {
    {"acdf,jbje,gihb,hfac,gfac,gifabc,hfac", mixed, "(3,6)(3,4)(2,4)(2,3)(0,2)(0,1)",
     "(3,6)(3,4)(2,4)(2,3)(0,2)(0,1)"},
    {"chd,bde,agbc,hiad,bdi,cgh,agdb", mixed, "(3,4)(0,3)(3,4)(1,3)(1,2)(0,1)",
     "(0,5)(1,4)(3,4)(1,3)(1,2)(0,1)"},
    {"eb,cb,fb->cef", mixed, "(0,2)(0,1)", "(0,2)(0,1)"},
    {"dd,fb,be,cdb->cef", mixed, "(0,3)(0,1)(0,1)", "(0,3)(0,1)(0,1)"},
    {"bca,cdb,dbf,afc->", mixed, "(1,2)(0,2)(0,1)", "(1,2)(0,2)(0,1)"},
    {"dcc,fce,ea,dbf->ab", mixed, "(1,2)(0,1)(0,1)", "(1,2)(0,2)(0,1)"},
    {"a,ac,ab,ad,cd,bd,bc->", alike, "(0,1)(0,1,2,3,4,5)", "(0,1)(0,1,2,3,4,5)"},
};

static void plans_as_numpy(void) {
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        const Plan *plan = &plans[i];
        Example e;
        CHECK_EQUAL_INT(example_begin(&e, plan->text, plan->extents), STATUS_OK);
        CHECK(numpy_request_has_choice(&e.request));
        CHECK_EQUAL_INT(numpy_path_greedy(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
        CHECK_EQUAL_TEXT(path_text(&e.path), plan->greedy);
        CHECK_EQUAL_INT(numpy_path_optimal(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
        CHECK_EQUAL_TEXT(path_text(&e.path), plan->optimal);
        example_end(&e);
    }
}

static void limits_forbid_steps(void) {
    Example e;
    CHECK_EQUAL_INT(example_begin(&e, "acdf,jbje,gihb,hfac", mixed), STATUS_OK);
    e.request.forbidden_size = natural_from(0);
    CHECK_EQUAL_INT(numpy_path_greedy(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
    CHECK_EQUAL_TEXT(path_text(&e.path), "(0,1,2,3)");
    CHECK_EQUAL_INT(numpy_path_optimal(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
    CHECK_EQUAL_TEXT(path_text(&e.path), "(0,1,2,3)");
    CHECK_EQUAL_INT(numpy_path_single(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
    CHECK_EQUAL_TEXT(path_text(&e.path), "(0,1,2,3)");
    example_end(&e);
}

static void the_default_limit_counts_repeated_labels(void) {
    Example e;
    Natural expected = natural_from(4 * 3 * 4 * 4 + 1); /* jbje */
    CHECK_EQUAL_INT(example_begin(&e, "jbje,ab->a", mixed), STATUS_OK);
    CHECK(natural_compare(&e.request.forbidden_size, &expected) == 0);
    CHECK(!numpy_request_has_choice(&e.request));
    example_end(&e);
}

static bool always(void) {
    return true;
}

static void the_optimal_planner_can_be_interrupted(void) {
    Example e;
    CHECK_EQUAL_INT(example_begin(&e, "ab,bc,cd,de,ef,fg,gh,hi,ij,ja,ac,bd,ce,df->", mixed),
                    STATUS_OK);
    e.request.forbidden_size = natural_largest();
    e.request.is_interrupted = always;
    CHECK_EQUAL_INT(numpy_path_optimal(&e.request, &e.arena, &e.path, &e.error), STATUS_LIMIT);
    example_end(&e);
}

/* ---- the report ---- */

static void report_as_numpy(void) {
    static const ptrdiff_t extents[26] = {['i' - 'a'] = 2, 3, 4, 2};
    const char *text = NULL;
    Example e;
    CHECK_EQUAL_INT(example_begin(&e, "ij,jk,kl->il", extents), STATUS_OK);
    CHECK_EQUAL_INT(numpy_path_greedy(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
    CHECK_EQUAL_INT(numpy_report_make(&e.spelling, &e.request, &e.path, &e.arena, &text, &e.error),
                    STATUS_OK);
    CHECK_EQUAL_TEXT(text,
                     "  Complete contraction:  ij,jk,kl->il\n"
                     "         Naive scaling:  4\n"
                     "     Optimized scaling:  3\n"
                     "      Naive FLOP count:  1.440e+02\n"
                     "  Optimized FLOP count:  7.300e+01\n"
                     "   Theoretical speedup:  1.973\n"
                     "  Largest intermediate:  6.000e+00 elements\n"
                     "--------------------------------------------------------------------------\n"
                     "scaling                  current                                remaining\n"
                     "--------------------------------------------------------------------------\n"
                     "   3                   kl,jk->lj                                ij,lj->il\n"
                     "   3                   lj,ij->il                                   il->il");
    e.path.step_count = 0;
    CHECK_EQUAL_INT(numpy_report_make(&e.spelling, &e.request, &e.path, &e.arena, &text, &e.error),
                    STATUS_RANGE);
    example_end(&e);
}

/* 26 extents of 2^62 multiply to more than a double holds. */
static void report_refuses_infinite_numbers(void) {
    ptrdiff_t extents[26];
    for (int i = 0; i < 26; i++) extents[i] = (ptrdiff_t)1 << 62;
    const char *text;
    Example e;
    CHECK_EQUAL_INT(
        example_begin(&e, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z->", extents),
        STATUS_OK);
    CHECK_EQUAL_INT(numpy_path_single(&e.request, &e.arena, &e.path, &e.error), STATUS_OK);
    CHECK_EQUAL_INT(numpy_report_make(&e.spelling, &e.request, &e.path, &e.arena, &text, &e.error),
                    STATUS_LIMIT);
    example_end(&e);
}

/* ---- the spelling ---- */

static void ellipses_are_spelled(void) {
    static const Tensor operands[] = {{.axis_count = 4, .shape = {7, 1, 2, 3}},
                                      {.axis_count = 3, .shape = {5, 3, 4}}};
    Example e;
    CHECK_EQUAL_INT(example_spell(&e, "...iz,...zk", operands), STATUS_OK);
    CHECK_EQUAL_TEXT(e.spelling.inputs[0], "xyiz");
    CHECK_EQUAL_TEXT(e.spelling.inputs[1], "yzk");
    CHECK_EQUAL_TEXT(e.spelling.output, "xyik");
    CHECK_EQUAL_INT(e.spelling.extents['x'], 7);
    CHECK_EQUAL_INT(e.spelling.extents['y'], 5);
    CHECK_EQUAL_INT(e.spelling.extents['z'], 3);
    example_end(&e);
}

static void spelling_refuses(void) {
    static const Tensor operands[] = {{.axis_count = 2, .shape = {2, 3}},
                                      {.axis_count = 64, .shape = {1}}};
    static const struct {
        const char *text;
        Status status;
    } refused[] = {
        {"i,...", STATUS_SHAPE},    {"...ijk,...", STATUS_SHAPE},
        {"ii", STATUS_SHAPE},       {"...->......", STATUS_SHAPE},
        {"ij,...->", STATUS_LIMIT}, {"...,ij...->......", STATUS_LIMIT},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        Example e;
        CHECK_EQUAL_INT(example_spell(&e, refused[i].text, operands), refused[i].status);
        CHECK_EQUAL_INT(e.error.status, refused[i].status);
        example_end(&e);
    }
}

/* ---- memory ---- */

static Status make_everything(Example *e) {
    const char *text;
    TRY(example_begin(e, "ab,bc,cd,de,ef,fg,gh,hi,ij->a", huge));
    TRY(numpy_path_greedy(&e->request, &e->arena, &e->path, &e->error));
    TRY(numpy_path_optimal(&e->request, &e->arena, &e->path, &e->error));
    return numpy_report_make(&e->spelling, &e->request, &e->path, &e->arena, &text, &e->error);
}

static void allocations_fail_one_by_one(void) {
    int failures = 0;
    for (;; failures++) {
        Example e;
        memory_fail(failures, false);
        Status status = make_everything(&e);
        memory_fail(-1, false);
        example_end(&e);
        CHECK_EQUAL_INT(memory_blocks(), 0);
        if (status == STATUS_OK) break;
        if (!CHECK_EQUAL_INT(status, STATUS_MEMORY)) break;
    }
    CHECK(failures > 0);
}

int main(void) {
    naturals_compare();
    naturals_carry();
    naturals_end();
    naturals_become_doubles();
    plans_as_numpy();
    limits_forbid_steps();
    the_default_limit_counts_repeated_labels();
    the_optimal_planner_can_be_interrupted();
    report_as_numpy();
    report_refuses_infinite_numbers();
    ellipses_are_spelled();
    spelling_refuses();
    allocations_fail_one_by_one();
    return check_report();
}
