/* How much of the processors the control groups of this process may use. */
#ifndef FASTEINSUM_RUNTIME_QUOTA_H
#define FASTEINSUM_RUNTIME_QUOTA_H

/* Processors, rounded up; 0 if there is no quota. root precedes each path that is read: "", but in
   tests. */
int quota_processors(const char *root);

#endif
