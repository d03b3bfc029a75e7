/* Before including: FOLD_REAL, a real floating-point type, and FOLD_DIVIDE, the function's name. */

static void FOLD_DIVIDE(const FoldQuotient *quotient) {
    for (ptrdiff_t i = 0; i < quotient->count; i++) {
        double visits = quotient->factor;
        if (quotient->visits) visits *= (double)quotient->visits[i];
        if (visits <= 0) continue; /* never visited: the sum is 0 and stays it */
        void *place = quotient->total + i * quotient->stride;
        FOLD_REAL *sum = place;
        *sum = *sum / (FOLD_REAL)visits;
    }
}

#undef FOLD_DIVIDE
#undef FOLD_REAL
