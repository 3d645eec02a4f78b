// Products of 16-bit integers: the one instruction of the batch top-k that Swift has no way to ask for.
//
// Measured with Swift 6.3.1: written with SIMD16<Int16> the multiply-and-add-pairs instruction is found for a single
// product and lost in a loop with several accumulators (24 G operations a second against 190 with it).
#include "CPlatform.h"

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) void cplatform_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride) {
  for (int64_t panel = 0; panel < panels; panel++) {
    // Twelve sums, two for each query: with the two vectors of rows, a query and a product all sixteen registers.
    __m256i low0 = _mm256_setzero_si256(), low1 = low0, low2 = low0, low3 = low0, low4 = low0, low5 = low0;
    __m256i high0 = low0, high1 = low0, high2 = low0, high3 = low0, high4 = low0, high5 = low0;
    const int32_t *factor = factors;
    for (int64_t step = 0; step < steps; step++) {
      const __m256i low = _mm256_loadu_si256((const __m256i *)words);
      const __m256i high = _mm256_loadu_si256((const __m256i *)(words + 8));
      __m256i query;
      query = _mm256_set1_epi32(factor[0]);
      low0 = _mm256_add_epi32(low0, _mm256_madd_epi16(low, query));
      high0 = _mm256_add_epi32(high0, _mm256_madd_epi16(high, query));
      query = _mm256_set1_epi32(factor[1]);
      low1 = _mm256_add_epi32(low1, _mm256_madd_epi16(low, query));
      high1 = _mm256_add_epi32(high1, _mm256_madd_epi16(high, query));
      query = _mm256_set1_epi32(factor[2]);
      low2 = _mm256_add_epi32(low2, _mm256_madd_epi16(low, query));
      high2 = _mm256_add_epi32(high2, _mm256_madd_epi16(high, query));
      query = _mm256_set1_epi32(factor[3]);
      low3 = _mm256_add_epi32(low3, _mm256_madd_epi16(low, query));
      high3 = _mm256_add_epi32(high3, _mm256_madd_epi16(high, query));
      query = _mm256_set1_epi32(factor[4]);
      low4 = _mm256_add_epi32(low4, _mm256_madd_epi16(low, query));
      high4 = _mm256_add_epi32(high4, _mm256_madd_epi16(high, query));
      query = _mm256_set1_epi32(factor[5]);
      low5 = _mm256_add_epi32(low5, _mm256_madd_epi16(low, query));
      high5 = _mm256_add_epi32(high5, _mm256_madd_epi16(high, query));
      factor += 6;
      words += 16;
    }
    _mm256_storeu_si256((__m256i *)out, low0);
    _mm256_storeu_si256((__m256i *)(out + 8), high0);
    _mm256_storeu_si256((__m256i *)(out + stride), low1);
    _mm256_storeu_si256((__m256i *)(out + stride + 8), high1);
    _mm256_storeu_si256((__m256i *)(out + 2 * stride), low2);
    _mm256_storeu_si256((__m256i *)(out + 2 * stride + 8), high2);
    _mm256_storeu_si256((__m256i *)(out + 3 * stride), low3);
    _mm256_storeu_si256((__m256i *)(out + 3 * stride + 8), high3);
    _mm256_storeu_si256((__m256i *)(out + 4 * stride), low4);
    _mm256_storeu_si256((__m256i *)(out + 4 * stride + 8), high4);
    _mm256_storeu_si256((__m256i *)(out + 5 * stride), low5);
    _mm256_storeu_si256((__m256i *)(out + 5 * stride + 8), high5);
    out += 16;
  }
}
#else
void cplatform_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride) {
  for (int64_t row = 0; row < 16 * panels; row++) {
    const int32_t *word = words + row / 16 * 16 * steps + row % 16;
    for (int64_t query = 0; query < 6; query++) {
      uint32_t sum = 0;
      for (int64_t step = 0; step < steps; step++) {
        const uint32_t a = (uint32_t)word[16 * step], b = (uint32_t)factors[6 * step + query];
        sum += (uint32_t)((int16_t)a * (int16_t)b) + (uint32_t)((int16_t)(a >> 16) * (int16_t)(b >> 16));
      }
      out[query * stride + row] = (int32_t)sum;
    }
  }
}
#endif
