// Which instruction sets this CPU has, and the instructions Swift cannot ask for: a checksum's, those of integer products,
// prefetches, masks, transpositions. Nothing here may be compiled with wider flags than the baseline; the kernels, which
// are, use the prefetches, the compiler's fence, the masks and the transpositions only.
#ifndef DAREC_CPLATFORM_H
#define DAREC_CPLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ReachedMask.h"
#include "TransposedRows.h"

/// Processors this process may run on: its affinity mask where there is one, else the number online.
int cplatform_processor_count(void);

/// The processor that runs the calling thread at this moment; negative where the system does not tell.
int cplatform_current_processor(void);

/// Moves the calling thread to another processor than this one, if it may run on any, and leaves it free to come back.
void cplatform_leave_processor(int processor);

/// True when the AVX2, FMA and F16C instructions can be used by this process (CPU and operating system).
static inline bool cplatform_has_avx2_fma(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
  return false;
#endif
}

/// True when the AVX-512 instructions of the server level (F, VL, DQ, BW, CD) can be used besides AVX2, FMA and F16C.
static inline bool cplatform_has_avx512(void) {
#if defined(__x86_64__)
  return cplatform_has_avx2_fma() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd");
#else
  return false;
#endif
}

/// True when, besides the AVX-512 instructions of the server level, four products of bytes can be added to a 32-bit sum at
/// once (AVX512-VNNI).
static inline bool cplatform_has_vnni(void) {
#if defined(__x86_64__)
  return cplatform_has_avx512() && __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

/// Asks for the cache line at `address`, which will be written; any address is allowed, and nothing is changed.
static inline void cplatform_prefetch_to_write(const void *address) { __builtin_prefetch(address, 1, 3); }

/// Asks for the cache line at `address`, which will be read; any address is allowed.
static inline void cplatform_prefetch_to_read(const void *address) { __builtin_prefetch(address, 0, 3); }

/// Asks for the cache line at `address` into the second-level cache; any address is allowed.
static inline void cplatform_prefetch_near(const void *address) { __builtin_prefetch(address, 0, 2); }

/// Keeps the compiler from moving a read of memory across this place; no instruction.
static inline void cplatform_keep_order(void) { __asm__ volatile("" ::: "memory"); }

/// Tells the processor that the thread waits for another one's write: it frees shared units and leaves the loop sooner.
static inline void cplatform_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// True when the CRC32 instruction (SSE4.2) can be used.
static inline bool cplatform_has_crc32c(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2");
#else
  return false;
#endif
}

/// The product of two polynomials modulo the one of CRC32C, all with reflected bits (the highest bit is x^0).
static inline uint32_t cplatform_crc32c_multiply(uint32_t first, uint32_t second) {
  uint32_t product = 0;
  for (uint32_t bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
    if (first & bit) product ^= second;
    second = second & 1 ? (second >> 1) ^ UINT32_C(0x82F63B78) : second >> 1;
  }
  return product;
}

/// x^(8 n) modulo the polynomial of CRC32C: what n bytes of zeros multiply a state by.
static inline uint32_t cplatform_crc32c_zeros(uint64_t n) {
  uint32_t result = UINT32_C(1) << 31;
  for (uint32_t power = UINT32_C(1) << 23; n != 0; n >>= 1) {
    if (n & 1) result = cplatform_crc32c_multiply(result, power);
    power = cplatform_crc32c_multiply(power, power);
  }
  return result;
}

/// The sum of two runs of bytes one after the other, from the sum of each and the second's length.
static inline uint32_t cplatform_crc32c_joined(uint32_t first, uint32_t second, uint64_t second_length) {
  return cplatform_crc32c_multiply(cplatform_crc32c_zeros(second_length), first) ^ second;
}

/// out[q, r] = the inner product, modulo 2^16, of query q with row r: bytes, six queries, panels of 32 rows.
/// Only call it on x86-64 when `cplatform_has_avx2_fma()` is true.
/// - words: [panels, steps, 32]; columns 2s and 2s + 1 of a row in the lower and the upper byte of word s, each plus 128.
/// - factors: [1 + steps, 6]; the starts, minus 128 times the sum of a query's numbers, then columns 2s and 2s + 1 of the six
///   queries, at most 64 in magnitude, as two bytes. Every start and pair stands twice in its 32 bits.
/// - out: [6, 32 * panels], rows `stride` apart, written.
void cplatform_byte_product(
    int64_t panels, int64_t steps, const int16_t *words, const int32_t *factors, int16_t *out, int64_t stride);

/// out[q, r] = the inner product, modulo 2^32, of query q with row r: 16-bit integers, six queries, panels of 16 rows.
/// Only call it on x86-64 when `cplatform_has_avx2_fma()` is true.
/// - words: [panels, steps, 16]; columns 2s and 2s + 1 of a row in the lower and the upper half of word s.
/// - factors: [steps, 6]; the same columns of the six queries.
/// - out: [6, 16 * panels], rows `stride` apart, written.
void cplatform_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride);

/// out[q, r] = an eighth, rounded down, of the inner product of query q with row r: bytes, six queries, panels of 32 rows.
/// The eighths must fit sixteen bits. Only call it on x86-64 when `cplatform_has_vnni()` is true.
/// - words: [panels, steps, 2, 16]; columns 4s ..< 4s + 4 of a row, each plus 128, from the lowest byte of a word on; row
///   8 i + 4 h + j of a panel is word 4 i + j of half h.
/// - factors: [1 + steps, 6]; the starts, minus 128 times the sum of a query's numbers, then columns 4s ..< 4s + 4 of the six
///   queries as four bytes.
/// - out: [6, 32 * panels], rows `stride` apart, written.
void cplatform_quad_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int16_t *out, int64_t stride);

/// As `cplatform_byte_product`, with vectors of 64 bytes.
/// Only call it on x86-64 when `cplatform_has_avx512()` is true.
void cplatform_wide_byte_product(
    int64_t panels, int64_t steps, const int16_t *words, const int32_t *factors, int16_t *out, int64_t stride);

/// As `cplatform_word_product`, with vectors of 64 bytes.
/// Only call it on x86-64 when `cplatform_has_avx512()` is true.
void cplatform_wide_word_product(
    int64_t panels, int64_t steps, const int32_t *words, const int32_t *factors, int32_t *out, int64_t stride);

#if defined(__x86_64__)
/// CRC32C (Castagnoli) of `length` bytes continued from `crc`, by the CPU's instruction.
/// Only call it when `cplatform_has_crc32c()` is true. Pass 0 for a new sum.
///
/// The instruction takes eight bytes and has a latency of three cycles and a throughput of one: three lanes of 4 KiB are
/// summed side by side and joined by multiplication with x^(8 * 4096) and x^(8 * 8192).
__attribute__((target("sse4.2"))) static inline uint32_t cplatform_crc32c(uint32_t crc, const void *data, size_t length) {
  const uint8_t *bytes = (const uint8_t *)data;
  uint64_t state = (uint32_t)~crc;
  enum { lane = 4096 };
  while (length >= 3 * lane) {
    uint64_t second = 0, third = 0;
    for (size_t place = 0; place < lane; place += 8) {
      uint64_t words[3];
      memcpy(&words[0], bytes + place, 8);
      memcpy(&words[1], bytes + lane + place, 8);
      memcpy(&words[2], bytes + 2 * lane + place, 8);
      state = __builtin_ia32_crc32di(state, words[0]);
      second = __builtin_ia32_crc32di(second, words[1]);
      third = __builtin_ia32_crc32di(third, words[2]);
    }
    state = cplatform_crc32c_multiply(UINT32_C(0x28461564), (uint32_t)state) ^
            cplatform_crc32c_multiply(UINT32_C(0x35D73A62), (uint32_t)second) ^ (uint32_t)third;
    bytes += 3 * lane;
    length -= 3 * lane;
  }
  while (length >= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    state = __builtin_ia32_crc32di(state, word);
    bytes += 8;
    length -= 8;
  }
  while (length > 0) {
    state = __builtin_ia32_crc32qi((uint32_t)state, *bytes);
    bytes += 1;
    length -= 1;
  }
  return ~(uint32_t)state;
}
#else
static inline uint32_t cplatform_crc32c(uint32_t crc, const void *data, size_t length) {
  (void)data;
  (void)length;
  return crc;
}
#endif

/// Swaps two paths in one step (Linux `renameat2` with RENAME_EXCHANGE, which the Swift overlay does not import).
/// Returns 0, or -1 with `errno` set; ENOSYS where the call does not exist.
int cplatform_exchange(const char *first, const char *second);

/// Asks the system to kill this process when the thread that started it ends (Linux `prctl` with PR_SET_PDEATHSIG, which
/// is variadic). Returns 0, or -1 where the call does not exist.
int cplatform_end_with_parent(void);

/// The environment of this process as `posix_spawn` takes it.
char *const *cplatform_environment(void);

#endif
