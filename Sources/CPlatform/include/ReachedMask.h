// Which of some scores reach a threshold, as bits of an integer: the compares leave a mask that Swift cannot turn into one.
// Compiled into the kernels, so with whatever vector instructions each of their levels may use.
#ifndef DAREC_REACHED_MASK_H
#define DAREC_REACHED_MASK_H

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Bit i is set where scores[i] >= threshold, i from 0 to 31; no alignment needed.
static inline uint32_t cplatform_reached_shorts(const int16_t *scores, int16_t threshold) {
#if defined(__AVX512BW__)
  return _mm512_cmpge_epi16_mask(_mm512_loadu_si512(scores), _mm512_set1_epi16(threshold));
#elif defined(__AVX2__)
  const __m256i limit = _mm256_set1_epi16(threshold);
  const __m256i first = _mm256_cmpgt_epi16(limit, _mm256_loadu_si256((const __m256i *)scores));
  const __m256i second = _mm256_cmpgt_epi16(limit, _mm256_loadu_si256((const __m256i *)(scores + 16)));
  // Packing takes the halves of both in turn; the permutation puts them in order.
  const __m256i below = _mm256_permute4x64_epi64(_mm256_packs_epi16(first, second), 0xD8);
  return ~(uint32_t)_mm256_movemask_epi8(below);
#elif defined(__SSE2__)
  const __m128i limit = _mm_set1_epi16(threshold);
  uint32_t below = 0;
  for (int part = 0; part < 2; part++) {
    const __m128i *from = (const __m128i *)(scores + 16 * part);
    const __m128i first = _mm_cmpgt_epi16(limit, _mm_loadu_si128(from));
    const __m128i second = _mm_cmpgt_epi16(limit, _mm_loadu_si128(from + 1));
    below |= (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(first, second)) << (16 * part);
  }
  return ~below;
#else
  uint32_t reached = 0;
  for (int i = 0; i < 32; i++) reached |= (uint32_t)(scores[i] >= threshold) << i;
  return reached;
#endif
}

/// Bit i is set where scores[i] >= threshold, i from 0 to 15; no alignment needed.
static inline uint32_t cplatform_reached_integers(const int32_t *scores, int32_t threshold) {
#if defined(__AVX512F__)
  return _mm512_cmpge_epi32_mask(_mm512_loadu_si512(scores), _mm512_set1_epi32(threshold));
#elif defined(__AVX2__)
  const __m256i limit = _mm256_set1_epi32(threshold);
  const __m256i first = _mm256_cmpgt_epi32(limit, _mm256_loadu_si256((const __m256i *)scores));
  const __m256i second = _mm256_cmpgt_epi32(limit, _mm256_loadu_si256((const __m256i *)(scores + 8)));
  const uint32_t low = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(first));
  const uint32_t high = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(second));
  return (low | high << 8) ^ 0xFFFF;
#else
  uint32_t reached = 0;
  for (int i = 0; i < 16; i++) reached |= (uint32_t)(scores[i] >= threshold) << i;
  return reached;
#endif
}

/// Bit i is set where scores[i] >= threshold, i from 0 to 15, never for NaN; no alignment needed.
static inline uint32_t cplatform_reached_floats(const float *scores, float threshold) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), _mm512_set1_ps(threshold), _CMP_GE_OQ);
#elif defined(__AVX2__)
  const __m256 limit = _mm256_set1_ps(threshold);
  const uint32_t low = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores), limit, _CMP_GE_OQ));
  const uint32_t high = (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores + 8), limit, _CMP_GE_OQ));
  return low | high << 8;
#elif defined(__SSE2__)
  const __m128 limit = _mm_set1_ps(threshold);
  uint32_t reached = 0;
  for (int part = 0; part < 4; part++) {
    reached |= (uint32_t)_mm_movemask_ps(_mm_cmpge_ps(_mm_loadu_ps(scores + 4 * part), limit)) << (4 * part);
  }
  return reached;
#else
  uint32_t reached = 0;
  for (int i = 0; i < 16; i++) reached |= (uint32_t)(scores[i] >= threshold) << i;
  return reached;
#endif
}

#endif
