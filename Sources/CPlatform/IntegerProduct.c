// Products of bytes and of 16-bit integers: the instructions of the batch top-k that Swift has no way to ask for.
//
// Measured with Swift 6.3.1: written with SIMD16<Int16> the multiply-and-add-pairs instruction is found for a single
// product and lost in a loop with several accumulators (24 G operations a second against 190 with it).
#include "CPlatform.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Twelve sums, two for each query: with the two vectors of rows, a query and a product all sixteen registers.
#define FOR_EACH_QUERY(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)

#define SUMS_FROM_START(i) __m256i low##i = _mm256_set1_epi32(factors[i]), high##i = low##i;

#define SUMS_FROM_ZERO(i) __m256i low##i = _mm256_setzero_si256(), high##i = low##i;

#define ADD_BYTE_PRODUCTS(i)                                          \
  query = _mm256_set1_epi32(factor[i]);                               \
  low##i = _mm256_add_epi16(low##i, _mm256_maddubs_epi16(low, query)); \
  high##i = _mm256_add_epi16(high##i, _mm256_maddubs_epi16(high, query));

#define ADD_WORD_PRODUCTS(i)                                        \
  query = _mm256_set1_epi32(factor[i]);                             \
  low##i = _mm256_add_epi32(low##i, _mm256_madd_epi16(low, query)); \
  high##i = _mm256_add_epi32(high##i, _mm256_madd_epi16(high, query));

// A vector holds sixteen of the shorter sums, or eight of the longer ones.
#define STORE_SUMS(i, LANES)                                      \
  _mm256_storeu_si256((__m256i *)(out + i * stride), low##i);     \
  _mm256_storeu_si256((__m256i *)(out + i * stride + LANES), high##i);

#define STORE_SHORT_SUMS(i) STORE_SUMS(i, 16)

#define STORE_LONG_SUMS(i) STORE_SUMS(i, 8)

__attribute__((target("avx2"))) void cplatform_byte_product(
    int64_t panels, int64_t steps, const int16_t *words, const int32_t *factors, int16_t *out, int64_t stride) {
  for (int64_t panel = 0; panel < panels; panel++) {
    FOR_EACH_QUERY(SUMS_FROM_START)
    const int32_t *factor = factors + 6;
    for (int64_t step = 0; step < steps; step++) {
      const __m256i low = _mm256_loadu_si256((const __m256i *)words);
      const __m256i high = _mm256_loadu_si256((const __m256i *)(words + 16));
      __m256i query;
      FOR_EACH_QUERY(ADD_BYTE_PRODUCTS)
      factor += 6;
      words += 32;
    }
    FOR_EACH_QUERY(STORE_SHORT_SUMS)
    out += 32;
  }
}

__attribute__((target("avx2"))) void cplatform_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride) {
  for (int64_t panel = 0; panel < panels; panel++) {
    FOR_EACH_QUERY(SUMS_FROM_ZERO)
    const int32_t *factor = factors;
    for (int64_t step = 0; step < steps; step++) {
      const __m256i low = _mm256_loadu_si256((const __m256i *)words);
      const __m256i high = _mm256_loadu_si256((const __m256i *)(words + 8));
      __m256i query;
      FOR_EACH_QUERY(ADD_WORD_PRODUCTS)
      factor += 6;
      words += 16;
    }
    FOR_EACH_QUERY(STORE_LONG_SUMS)
    out += 16;
  }
}

// With vectors of 64 bytes one holds the rows of a panel: six sums.
#define WIDE_SUM_FROM_START(i) __m512i sum##i = _mm512_set1_epi32(factors[i]);

#define WIDE_SUM_FROM_ZERO(i) __m512i sum##i = _mm512_setzero_si512();

#define ADD_WIDE_BYTE_PRODUCTS(i) \
  sum##i = _mm512_add_epi16(sum##i, _mm512_maddubs_epi16(rows, _mm512_set1_epi32(factor[i])));

#define ADD_WIDE_WORD_PRODUCTS(i) \
  sum##i = _mm512_add_epi32(sum##i, _mm512_madd_epi16(rows, _mm512_set1_epi32(factor[i])));

#define STORE_WIDE_SUM(i) _mm512_storeu_si512(out + i * stride, sum##i);

__attribute__((target("avx512f,avx512bw"))) void cplatform_wide_byte_product(
    int64_t panels, int64_t steps, const int16_t *words, const int32_t *factors, int16_t *out, int64_t stride) {
  for (int64_t panel = 0; panel < panels; panel++) {
    FOR_EACH_QUERY(WIDE_SUM_FROM_START)
    const int32_t *factor = factors + 6;
    for (int64_t step = 0; step < steps; step++) {
      const __m512i rows = _mm512_loadu_si512(words);
      FOR_EACH_QUERY(ADD_WIDE_BYTE_PRODUCTS)
      factor += 6;
      words += 32;
    }
    FOR_EACH_QUERY(STORE_WIDE_SUM)
    out += 32;
  }
}

__attribute__((target("avx512f,avx512bw"))) void cplatform_wide_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride) {
  for (int64_t panel = 0; panel < panels; panel++) {
    FOR_EACH_QUERY(WIDE_SUM_FROM_ZERO)
    const int32_t *factor = factors;
    for (int64_t step = 0; step < steps; step++) {
      const __m512i rows = _mm512_loadu_si512(words);
      FOR_EACH_QUERY(ADD_WIDE_WORD_PRODUCTS)
      factor += 6;
      words += 16;
    }
    FOR_EACH_QUERY(STORE_WIDE_SUM)
    out += 16;
  }
}

// Four columns a step: half the instructions of two, and no addition of its own. The order of rows in the two halves of a
// panel is what packing the sums, 128 bits at a time, undoes.
#define QUAD_SUMS_FROM_START(i) __m512i low##i = _mm512_set1_epi32(factors[i]), high##i = low##i;

#define ADD_QUAD_PRODUCTS(i)                            \
  query = _mm512_set1_epi32(factor[i]);                 \
  low##i = _mm512_dpbusd_epi32(low##i, low, query);     \
  high##i = _mm512_dpbusd_epi32(high##i, high, query);

#define STORE_EIGHTHS(i)     \
  _mm512_storeu_si512(       \
      out + i * stride, _mm512_packs_epi32(_mm512_srai_epi32(low##i, 3), _mm512_srai_epi32(high##i, 3)));

__attribute__((target("avx512f,avx512bw,avx512vnni"))) void cplatform_quad_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int16_t *out, int64_t stride) {
  for (int64_t panel = 0; panel < panels; panel++) {
    FOR_EACH_QUERY(QUAD_SUMS_FROM_START)
    const int32_t *factor = factors + 6;
    for (int64_t step = 0; step < steps; step++) {
      const __m512i low = _mm512_loadu_si512(words);
      const __m512i high = _mm512_loadu_si512(words + 16);
      __m512i query;
      FOR_EACH_QUERY(ADD_QUAD_PRODUCTS)
      factor += 6;
      words += 32;
    }
    FOR_EACH_QUERY(STORE_EIGHTHS)
    out += 32;
  }
}
#else
void cplatform_byte_product(
    int64_t panels, int64_t steps, const int16_t *words, const int32_t *factors, int16_t *out, int64_t stride) {
  for (int64_t row = 0; row < 32 * panels; row++) {
    const int16_t *word = words + row / 32 * 32 * steps + row % 32;
    for (int64_t query = 0; query < 6; query++) {
      uint32_t sum = (uint32_t)factors[query];
      for (int64_t step = 0; step < steps; step++) {
        const uint16_t a = (uint16_t)word[32 * step];
        const uint32_t b = (uint32_t)factors[6 + 6 * step + query];
        sum += (uint32_t)((a & 0xFF) * (int8_t)b) + (uint32_t)((a >> 8) * (int8_t)(b >> 8));
      }
      out[query * stride + row] = (int16_t)sum;
    }
  }
}

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

void cplatform_quad_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int16_t *out, int64_t stride) {
  for (int64_t row = 0; row < 32 * panels; row++) {
    const int64_t place = row % 32;
    const int32_t *word = words + row / 32 * 32 * steps + place / 4 % 2 * 16 + place / 8 * 4 + place % 4;
    for (int64_t query = 0; query < 6; query++) {
      int32_t sum = factors[query];
      for (int64_t step = 0; step < steps; step++) {
        const uint32_t a = (uint32_t)word[32 * step], b = (uint32_t)factors[6 + 6 * step + query];
        for (int shift = 0; shift < 32; shift += 8) sum += (int32_t)(a >> shift & 0xFF) * (int8_t)(b >> shift);
      }
      out[query * stride + row] = (int16_t)(sum >> 3);
    }
  }
}

void cplatform_wide_byte_product(
    int64_t panels, int64_t steps, const int16_t *words, const int32_t *factors, int16_t *out, int64_t stride) {
  cplatform_byte_product(panels, steps, words, factors, out, stride);
}

void cplatform_wide_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride) {
  cplatform_word_product(panels, steps, words, factors, out, stride);
}
#endif
