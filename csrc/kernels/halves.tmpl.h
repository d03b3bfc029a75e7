/* Halves to floats and back, by whole vectors where the processor has instructions for it. Included
 * once per ISA. */
#include "base/half.h"

#if defined(__F16C__)
    #include <immintrin.h>
enum { ISA_NAME(HALVES) = 8 };

static inline void ISA_NAME(widen_some)(const uint16_t *in, float *out) {
    _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)in)));
}

static inline void ISA_NAME(narrow_some)(const float *in, uint16_t *out) {
    __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(in), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i *)(void *)out, halves);
}
#elif defined(__aarch64__)
    #include <arm_neon.h>
enum { ISA_NAME(HALVES) = 4 };

static inline void ISA_NAME(widen_some)(const uint16_t *in, float *out) {
    vst1q_f32(out, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(in))));
}

static inline void ISA_NAME(narrow_some)(const float *in, uint16_t *out) {
    vst1_u16(out, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(in))));
}
#else
enum { ISA_NAME(HALVES) = 1 };

static inline void ISA_NAME(widen_some)(const uint16_t *in, float *out) {
    *out = half_to_float(*in);
}

static inline void ISA_NAME(narrow_some)(const float *in, uint16_t *out) {
    *out = half_from_float(*in);
}
#endif

static void PASTE(convert_F16_F32, ISA)(const void *in, void *out, ptrdiff_t count) {
    const uint16_t *halves = in;
    float *floats = out;
    ptrdiff_t i = 0;
    for (; i + ISA_NAME(HALVES) <= count; i += ISA_NAME(HALVES)) {
        ISA_NAME(widen_some)(halves + i, floats + i);
    }
    for (; i < count; i++) floats[i] = half_to_float(halves[i]);
}

static void PASTE(convert_F32_F16, ISA)(const void *in, void *out, ptrdiff_t count) {
    const float *floats = in;
    uint16_t *halves = out;
    ptrdiff_t i = 0;
    for (; i + ISA_NAME(HALVES) <= count; i += ISA_NAME(HALVES)) {
        ISA_NAME(narrow_some)(floats + i, halves + i);
    }
    for (; i < count; i++) halves[i] = half_from_float(floats[i]);
}
