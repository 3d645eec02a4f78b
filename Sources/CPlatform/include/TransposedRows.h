// Rows turned into columns sixteen at a time: written in Swift, lane by lane, the compiler takes vectors of 64 bytes apart into
// four for this. Compiled into the kernels of the level that has such vectors.
#ifndef DAREC_TRANSPOSED_ROWS_H
#define DAREC_TRANSPOSED_ROWS_H

#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>

/// Four floats of each of four rows: those at `from` plus every fourth offset.
static inline __m512 cplatform_four_rows(const float *from, const int64_t *offsets) {
  __m512 rows = _mm512_castps128_ps512(_mm_loadu_ps(from + offsets[0]));
  rows = _mm512_insertf32x4(rows, _mm_loadu_ps(from + offsets[4]), 1);
  rows = _mm512_insertf32x4(rows, _mm_loadu_ps(from + offsets[8]), 2);
  return _mm512_insertf32x4(rows, _mm_loadu_ps(from + offsets[12]), 3);
}

/// Columns `step` to `step + 3` of sixteen rows, row r beginning at `items + offsets[r]`: element 16 c + r of `columns` is
/// element `step + c` of row r.
static inline void cplatform_transpose_sixteen(
    const float *items, const int64_t *offsets, intptr_t step, float *columns) {
  const float *from = items + step;
  // Rows r, r + 4, r + 8 and r + 12 share a vector: two rounds of interleaving inside 128-bit parts finish it.
  const __m512 row0 = cplatform_four_rows(from, offsets);
  const __m512 row1 = cplatform_four_rows(from, offsets + 1);
  const __m512 row2 = cplatform_four_rows(from, offsets + 2);
  const __m512 row3 = cplatform_four_rows(from, offsets + 3);
  const __m512d low01 = _mm512_castps_pd(_mm512_unpacklo_ps(row0, row1));
  const __m512d high01 = _mm512_castps_pd(_mm512_unpackhi_ps(row0, row1));
  const __m512d low23 = _mm512_castps_pd(_mm512_unpacklo_ps(row2, row3));
  const __m512d high23 = _mm512_castps_pd(_mm512_unpackhi_ps(row2, row3));
  _mm512_storeu_ps(columns, _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23)));
  _mm512_storeu_ps(columns + 16, _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23)));
  _mm512_storeu_ps(columns + 32, _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23)));
  _mm512_storeu_ps(columns + 48, _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23)));
}
#endif

#endif
