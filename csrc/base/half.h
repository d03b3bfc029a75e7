/* IEEE binary16 <-> binary32 in plain integer arithmetic, for the code that runs on any machine. */
#ifndef FASTEINSUM_BASE_HALF_H
#define FASTEINSUM_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t magnitude = half & 0x7fffu;
    uint32_t bits;
    if (magnitude >= 0x7c00u) { /* infinity, NaN (made quiet) */
        bits = 0x7f800000u | (magnitude & 0x3ffu) << 13 | (magnitude > 0x7c00u ? 0x400000u : 0u);
    } else if (magnitude >= 0x400u) {
        bits = (magnitude << 13) + ((127u - 15u) << 23);
    } else { /* zero, subnormal: exact as an integer multiple of 2^-24 */
        float value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    }
    bits |= sign;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

/* Rounds to nearest, ties to even. */
static inline uint16_t half_from_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to infinity */
    if (magnitude < 0x38800000u) { /* subnormal: the addition of 0.5 rounds at bit 2^-24 */
        float shifted;
        memcpy(&shifted, &magnitude, sizeof shifted);
        shifted += 0.5f;
        memcpy(&magnitude, &shifted, sizeof magnitude);
        return (uint16_t)(sign | (uint16_t)(magnitude - 0x3f000000u));
    }
    uint32_t odd = magnitude >> 13 & 1u;
    magnitude += ((15u - 127u) << 23) + 0xfffu + odd;
    return (uint16_t)(sign | (uint16_t)(magnitude >> 13));
}

#endif
