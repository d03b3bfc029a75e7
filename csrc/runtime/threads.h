/* How many threads a call may use: what was asked for, else what the system grants. */
#ifndef FASTEINSUM_RUNTIME_THREADS_H
#define FASTEINSUM_RUNTIME_THREADS_H

/* For calls of this thread: its own limit, else that of the process. */
int threads_limit(void);

/* The limit of the process: what was set last, else by the environment, else by the system; from 1
   to POOL_MOST_THREADS. Setting clips to that. */
int threads_of_process(void);
void threads_set(int count);

/* The limit of this thread alone, clipped likewise; 0: it has none. Returns the one before. */
int threads_set_own(int count);

/* Where the limit of the process comes from: "set_num_threads", a variable or "system". */
const char *threads_origin(void);

/* Takes the limit of the environment, the first of these variables that has a value. Returns the
   name of one whose value is no positive number and is ignored, or NULL. */
const char *threads_read_environment(void);

/* The processors this process may run on. */
int threads_affinity(void);

#endif
