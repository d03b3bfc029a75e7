/* What the searches for a path work on: a binary tree whose leaves are the inputs. */
#ifndef FASTEINSUM_PLANNING_PATH_TREE_H
#define FASTEINSUM_PLANNING_PATH_TREE_H

#include "planning/path.h"

enum { PATH_EXACT_MAX = 8 }; /* leaves of an exact search: 3^8 / 2 splits, tens of microseconds */

/* Nodes 0 .. input_count - 1 are the inputs, without labels of extent 1 and without those that are
   summed there alone: such a sum comes first and costs the same in any order. The other nodes are
   steps, in no particular order but for the root, which is the last. */
typedef struct PathTree {
    int input_count, label_count;
    LabelSet output;
    const ptrdiff_t *extents; /* [label] */
    LabelSet *sets;           /* [node]: the labels it has */
    double *sizes;            /* [node]: its elements */
    PathStep *children;       /* [node - input_count] */
    bool *is_constant;        /* [node]: all inputs below are constants */
} PathTree;

/* Elements of a tensor with these labels. Finite; extent 0 counts as 1, so that the order of an
   empty contraction is no accident. */
double path_tree_size(const PathTree *tree, const LabelSet *set);

/* Makes a node the product of two others, with the labels of set. */
void path_tree_join(PathTree *tree, int node, PathStep children, const LabelSet *set);

/* Puts the fastest subtree between a node and some leaves below it. inner: the leaf_count - 1 nodes
   to use, the first being the top, whose labels are set. At most PATH_EXACT_MAX leaves. */
void path_exact(PathTree *tree, const int leaves[], const int inner[], int leaf_count);

/* Makes the whole tree, joining the pair that shrinks the operands most, again and again. */
Status path_greedy(PathTree *tree, Arena *arena, Error *error) MUST_CHECK;

#endif
