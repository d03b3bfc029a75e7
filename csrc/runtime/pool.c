/* One word says all about the work on offer: how many threads may share it, and how many tickets
 * are left. A ticket stands for one task. Who takes one has to do the task, and the caller returns
 * when all tickets that were taken are done: it waits for nobody who has not begun.
 *
 * Everything else about the work is written before the tickets are put out and read by holders of
 * a ticket only, who keep the caller from leaving: the word is the only thing threads race for.
 *
 *     caller     put the tickets out, wake two threads; take tickets; wait until the taken ones are
 *                done
 *     worker     take a ticket, wake two others, do the task, take tickets; look for more for a
 *                little while; sleep
 *
 * A forked child has none of the workers. It forgets them, and what they were doing. */
#include "runtime/pool.h"

#include "base/extents.h"
#include "base/memory.h"

#include <assert.h>
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

enum {
    LINE = 64,
    SEAT_SHIFT = 48,          /* of the word: seats above, tickets below */
    STACK_BYTES = 512 * 1024, /* more than the largest frames need, whatever the system's default */
    SPINS_BETWEEN_LOOKS = 64, /* at the clock, or before the processor is left to others */
};

/* Each further thread has to be worth that much. One that is awake joins in less than a
   microsecond; one that sleeps takes some fifty, and a few of them are the caller's, who wakes it.
 */
static const double SECONDS_PER_AWAKE = POOL_SECONDS_PER_THREAD, SECONDS_PER_ASLEEP = 75e-6;

/* How long an idle thread stays awake: some calls follow each other that fast. */
static const double SECONDS_AWAKE = 50e-6;

typedef struct Worker {
    alignas(LINE) pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_bool is_asleep; /* set by itself, cleared by who wakes it, both with the mutex */
    int seat;              /* the caller has 0 */
} Worker;

static struct {
    alignas(LINE) _Atomic uint64_t offer; /* seats and tickets left; no tickets: no work */
    alignas(LINE) _Atomic ptrdiff_t done; /* tasks */
    alignas(LINE) atomic_bool is_taken;   /* by a caller, whose is all that follows */
    Work work;
    ptrdiff_t total; /* tasks */
    int seats;
    uint64_t number;   /* of the work, to tell it from the one before */
    fenv_t arithmetic; /* rounding and so on, as the caller has it */
    double end;        /* of the last work: when */
    double unshared;   /* seconds of work lately that sleeping workers had no part in */
    unsigned forks;    /* that led to this process since the pool was used */
    bool watches_forks;
    atomic_int worker_count;
    Worker workers[POOL_MOST_THREADS - 1];
} pool;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Tells the processor that this is a loop that waits. */
static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* ---- tickets ------------------------------------------------------------- */

static ptrdiff_t tickets_left(uint64_t offer) {
    return (ptrdiff_t)(offer & (((uint64_t)1 << SEAT_SHIFT) - 1));
}

static bool has_ticket(uint64_t offer, int seat) {
    return seat < (int)(offer >> SEAT_SHIFT) && tickets_left(offer) > 0;
}

/* The number of a task that the caller of this now has to do; -1 if there is none for its seat. */
static ptrdiff_t ticket_take(int seat) {
    uint64_t offer = atomic_load(&pool.offer);
    while (has_ticket(offer, seat)) {
        if (atomic_compare_exchange_weak(&pool.offer, &offer, offer - 1)) {
            return pool.total - tickets_left(offer);
        }
    }
    return -1;
}

/* Those who have begun are running, or will be when the system lets them. */
static void wait_until_done(ptrdiff_t count) {
    for (int spins = 0; atomic_load(&pool.done) < count; spins++) {
        relax();
        if (spins >= SPINS_BETWEEN_LOOKS * 16) sched_yield();
    }
}

static void ticket_run(int seat, ptrdiff_t ticket) {
    PhaseTask at = phases_find(&pool.work.phases, ticket);
    wait_until_done(at.earlier);
    pool.work.run(pool.work.context, seat, at.phase, at.task);
    atomic_fetch_add(&pool.done, 1);
}

/* Ends the offer, and waits for those who took it up. */
static void tickets_close(void) {
    ptrdiff_t left = tickets_left(atomic_exchange(&pool.offer, 0));
    wait_until_done(pool.total - left);
}

/* ---- workers ------------------------------------------------------------- */

static void worker_wake(int seat) {
    if (seat >= pool.seats) return;
    Worker *worker = &pool.workers[seat - 1];
    if (!atomic_load(&worker->is_asleep)) return;
    pthread_mutex_lock(&worker->mutex);
    atomic_store(&worker->is_asleep, false);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
}

/* Everybody wakes two others, so that no one has to wake them all. */
static void wake_next(int seat) {
    worker_wake(2 * seat + 1);
    worker_wake(2 * seat + 2);
}

/* Whether work came before it was time to sleep. */
static bool worker_spin(const Worker *worker) {
    double end = now() + SECONDS_AWAKE;
    do {
        for (int i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
            if (has_ticket(atomic_load(&pool.offer), worker->seat)) return true;
            relax();
        }
    } while (now() < end);
    return false;
}

/* The offer is looked at once it can be seen that this thread sleeps, and the other way round where
   an offer is made, so that one of the two notices the other. */
static void worker_sleep(Worker *worker) {
    pthread_mutex_lock(&worker->mutex);
    atomic_store(&worker->is_asleep, true);
    if (has_ticket(atomic_load(&pool.offer), worker->seat)) atomic_store(&worker->is_asleep, false);
    while (atomic_load(&worker->is_asleep)) pthread_cond_wait(&worker->wake, &worker->mutex);
    pthread_mutex_unlock(&worker->mutex);
}

/* Only a holder of a ticket may look at the work. */
static void worker_begin(const Worker *worker, uint64_t *number) {
    if (*number == pool.number) return;
    *number = pool.number;
    fesetenv(&pool.arithmetic);
    wake_next(worker->seat);
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    uint64_t number = 0;
    for (;;) {
        ptrdiff_t ticket = ticket_take(worker->seat);
        if (ticket >= 0) {
            worker_begin(worker, &number);
            ticket_run(worker->seat, ticket);
        } else if (!worker_spin(worker)) {
            worker_sleep(worker);
        }
    }
    return NULL;
}

/* Signals are for the threads of the program. */
static bool worker_start(Worker *worker) {
    pthread_attr_t attributes;
    if (memory_is_to_fail() || pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    bool started = pthread_create(&thread, &attributes, worker_main, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

/* ---- the pool ------------------------------------------------------------ */

/* In a forked child, which has one thread. Nobody holds a mutex of a worker that will never run. */
static void pool_forget(void) {
    pool.forks++;
    pool.worker_count = 0;
    atomic_store(&pool.offer, 0);
    atomic_store(&pool.is_taken, false);
}

static void watch_forks(void) {
    pool.watches_forks = pthread_atfork(NULL, NULL, pool_forget) == 0;
}

/* Makes up to `seats` threads, the caller's included; gives how many there are. */
static int pool_grow(int seats) {
    while (pool.worker_count + 1 < seats) {
        Worker *worker = &pool.workers[pool.worker_count];
        *worker = (Worker){.mutex = PTHREAD_MUTEX_INITIALIZER,
                           .wake = PTHREAD_COND_INITIALIZER,
                           .seat = pool.worker_count + 1};
        if (!worker_start(worker)) break;
        pool.worker_count++;
    }
    return (int)smaller(pool.worker_count + 1, seats);
}

int pool_workers(void) {
    return pool.worker_count;
}

/* The caller and the workers that would join at once, counted up to `most`. */
static int count_awake(int most) {
    int count = 1, all = pool.worker_count + 1;
    while (count < most && count < all && !atomic_load(&pool.workers[count - 1].is_asleep)) count++;
    return count;
}

/* How many threads may share the work. Those that sleep are woken for work that is long, or has
   come piece by piece so fast that they would not have fallen asleep in between. */
static int seats_worth(const Work *work, int most) {
    double worth = work->seconds / SECONDS_PER_AWAKE;
    int wanted = worth < most ? (int)worth : most;
    int awake = count_awake(wanted);
    if (awake >= wanted) return wanted;
    bool follows = now() - pool.end < SECONDS_AWAKE;
    pool.unshared = work->seconds + (follows ? pool.unshared : 0);
    int affordable = (int)fmin(pool.unshared / SECONDS_PER_ASLEEP, wanted);
    if (affordable <= awake) return awake;
    pool.unshared = 0;
    return affordable;
}

static bool is_cancelled(const Crew *crew) {
    return crew->is_cancelled && crew->is_cancelled(crew->context);
}

static void pool_offer(const Work *work, ptrdiff_t total, int seats) {
    pool.work = *work;
    pool.total = total;
    pool.seats = seats;
    pool.number++;
    fegetenv(&pool.arithmetic);
    atomic_store(&pool.done, 0);
    atomic_store(&pool.offer, (uint64_t)seats << SEAT_SHIFT | (uint64_t)total);
    wake_next(0);
}

/* Asking who may cancel can run any code of the program. If that forks, the child finds itself here
   with a pool that has forgotten the work, and cannot know which tasks are done. */
static bool run_shared(const Work *work, ptrdiff_t total, int seats, const Crew *crew) {
    unsigned forks = pool.forks;
    bool runs = true;
    pool_offer(work, total, seats);
    for (ptrdiff_t ticket; runs && (ticket = ticket_take(0)) >= 0;) {
        ticket_run(0, ticket);
        runs = !is_cancelled(crew);
        if (forks != pool.forks) return false;
    }
    tickets_close();
    return runs;
}

static bool run_alone(const Work *work, const Crew *crew) {
    for (ptrdiff_t phase = 0; phase < work->phases.count; phase++) {
        for (ptrdiff_t task = 0; task < work->phases.tasks[phase % 2]; task++) {
            work->run(work->context, 0, phase, task);
            if (is_cancelled(crew)) return false;
        }
    }
    return true;
}

static bool run_as_owner(const Work *work, const Crew *crew) {
    ptrdiff_t total = phases_total(&work->phases);
    assert((uint64_t)total >> SEAT_SHIFT == 0);
    int most = total < crew->threads ? (int)total : (int)smaller(crew->threads, POOL_MOST_THREADS);
    int seats = seats_worth(work, most);
    if (seats > 1) seats = pool_grow(seats);
    return seats > 1 ? run_shared(work, total, seats, crew) : run_alone(work, crew);
}

/* One caller at a time, and none who could not see that it was forked. */
static bool pool_take(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    bool is_taken = false;
    return pool.watches_forks && atomic_compare_exchange_strong(&pool.is_taken, &is_taken, true);
}

bool pool_run(const Work *work, const Crew *crew) {
    bool may_share = crew->threads > 1 && work->seconds >= 2 * POOL_SECONDS_PER_THREAD;
    if (!may_share || !pool_take()) return run_alone(work, crew);
    unsigned forks = pool.forks;
    bool is_done = run_as_owner(work, crew);
    pool.end = now();
    if (forks == pool.forks) atomic_store(&pool.is_taken, false);
    return is_done;
}
