/* A plan: the steps of an expression with every choice made. */
#ifndef FASTEINSUM_PLANNING_PLAN_H
#define FASTEINSUM_PLANNING_PLAN_H

#include "notation/problem.h"
#include "runtime/pool.h"
#include "strategies/strategy.h"

/* Where a side of a step finds its data when the plan runs. */
typedef struct Slot {
    int operand; /* an input by its number, the output as number input_count, or SLOT_WORKSPACE */
    ptrdiff_t offset; /* bytes from there */
} Slot;

enum { SLOT_WORKSPACE = -1 };

typedef struct Step {
    StepPlan plan;
    Slot *slots;            /* one per side */
    const char *expression; /* labels by falling stride; NULL unless the plan is described */
    bool is_short;          /* one task, which nobody is worth waking up for */
} Step;

/* Where the elements of the result lie: in a new array, or in the only input where nothing is
   computed. */
typedef struct Layout {
    int axis_count;
    ptrdiff_t *shape, *strides; /* strides in bytes */
    size_t bytes;               /* of all elements */
    bool is_packed;             /* without gaps, the last axis fastest, and not empty */
    bool is_view;
} Layout;

/* Immutable once made and found again by its key; everything lies in its arena. Drawn at the top of
   plan.c. */
typedef struct Plan {
    Arena arena;
    int holders; /* plan_share and plan_free are called by one thread at a time */
    Layout result;
    int type_number;     /* as in the options */
    bool needs_python;   /* computes with Python objects */
    int key_length;      /* words; 0 unless the plan is kept */
    const uint64_t *key; /* what it is found by */
    int step_count;
    Step *steps;
    size_t shared_offset;  /* after the intermediates: what the tasks of a step have in common */
    size_t scratch_offset; /* then the scratch of each thread */
    size_t scratch_bytes;
    double seconds;
    int most_threads;  /* of any use to any step */
    const char *title; /* expression, dtype and extents; NULL unless the plan is described */
} Plan;

typedef struct PlanOptions {
    const Machine *machine;          /* copied */
    const Strategy *strategy;        /* forced for every step, for tests and benchmarks; or NULL */
    bool in_one_step;                /* all inputs at once instead of a pairwise order */
    bool is_described;               /* keep the texts that plan_print needs */
    bool as_view;                    /* of the only input, which is not summed: no steps */
    int type_number;                 /* kept for the caller: its name for the type of the result */
    const ObjectArithmetic *objects; /* needed for DTYPE_OBJECT; borrowed for the plan's life */
} PlanOptions;

/* Makes every choice. All inputs and the output of the problem have dtypes of one arithmetic.
   The plan holds no data pointer, is immutable and may be run by many threads at once; the caller
   holds it until plan_free. The problem may be forgotten afterwards. */
Status plan_make(const Problem *problem, const PlanOptions *options, Plan **plan,
                 Error *error) MUST_CHECK;

/* One more holder, who ends with plan_free as well; the last one frees the plan. */
Plan *plan_share(Plan *plan);
void plan_free(Plan *plan);

/* Bytes of workspace that a run needs on so many threads; 0 for one thread if none are needed. */
size_t plan_workspace_bytes(const Plan *plan, int threads);

/* Runs all steps. data: one pointer per input to its element at index 0, then the output's.
   workspace: as many bytes as the crew's threads need, aligned to a cache line. Nothing can fail;
   false if the crew cancelled the run, and then the contents of the output are undefined. */
bool plan_execute(const Plan *plan, char *const data[], char *workspace, const Crew *crew);

/* Writes the table of steps of a plan that is described as text into buffer (always terminated);
   returns the length of the whole text, which is cut if it is not below size. */
size_t plan_print(const Plan *plan, char *buffer, size_t size);

#endif
