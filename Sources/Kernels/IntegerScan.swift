// Threshold scans of integer scores: the first pass of exact top-k over rounded rows.

import CPlatform

/// Appends to `indices` every i in `0 ..< count` with scores[i] >= threshold, ascending, and returns how many.
/// - Parameters:
///   - scores: `count` 16-bit numbers.
///   - count: a multiple of 32.
///   - threshold: lowest score wanted.
///   - indices: room for `count` entries.
@inline(never)
package func shortScan(
  _ scores: UnsafePointer<Int16>, _ count: Int, _ threshold: Int16, _ indices: UnsafeMutablePointer<Int32>
) -> Int {
  var found = 0
  var i = 0
  // Most vectors hold none that is wanted, and to append costs the same for one vector as for two.
  while i &+ 64 <= count {
    let mask = UInt64(cplatform_reached_shorts(scores + i, threshold))
    let next = UInt64(cplatform_reached_shorts(scores + i + 32, threshold))
    found = appendSetBits(mask | next &<< 32, i, indices, found)
    i = i &+ 64
  }
  if i < count {
    found = appendSetBits(UInt64(cplatform_reached_shorts(scores + i, threshold)), i, indices, found)
  }
  return found
}

/// The largest score of each of `16 * groups` disjoint sets that together hold all `count` scores; see `groupMaxima`.
/// - Parameters:
///   - scores: `count` 16-bit numbers.
///   - count: a multiple of 16.
///   - groups: number of vectors of maxima, 1 to 8.
///   - maxima: `16 * groups` numbers, written; the least number for a set without scores.
@inline(never)
package func shortGroupMaxima(
  _ scores: UnsafePointer<Int16>, _ count: Int, _ groups: Int, _ maxima: UnsafeMutablePointer<Int16>
) {
  for group in 0..<groups {
    var largest = Words(repeating: Int16.min)
    var i = 16 &* group
    while i < count {
      let value = loadWords(scores + i)
      largest = largest.replacing(with: value, where: largest .< value)
      i = i &+ 16 &* groups
    }
    storeWords(largest, maxima + 16 &* group)
  }
}

/// Sixteen 32-bit integers.
typealias Integers = SIMD16<Int32>

/// The sixteen integers at `pointer`, which needs no alignment.
@inline(__always)
func loadIntegers(_ pointer: UnsafePointer<Int32>) -> Integers {
  UnsafeRawPointer(pointer).loadUnaligned(as: Integers.self)
}

/// Writes sixteen integers to `pointer`, which needs no alignment.
@inline(__always)
func storeIntegers(_ value: Integers, _ pointer: UnsafeMutablePointer<Int32>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Integers.self)
}

/// Appends to `indices` every i in `0 ..< count` with scores[i] >= threshold, ascending, and returns how many.
/// - Parameters:
///   - scores: `count` 32-bit numbers.
///   - count: a multiple of 16.
///   - threshold: lowest score wanted.
///   - indices: room for `count` entries.
@inline(never)
package func integerScan(
  _ scores: UnsafePointer<Int32>, _ count: Int, _ threshold: Int32, _ indices: UnsafeMutablePointer<Int32>
) -> Int {
  var found = 0
  var i = 0
  while i < count {
    found = appendSetBits(UInt64(cplatform_reached_integers(scores + i, threshold)), i, indices, found)
    i = i &+ 16
  }
  return found
}

/// The largest score of each of `16 * groups` disjoint sets that together hold all `count` scores; see `groupMaxima`.
/// - Parameters:
///   - scores: `count` 32-bit numbers.
///   - count: a multiple of 16.
///   - groups: number of vectors of maxima, 1 to 8.
///   - maxima: `16 * groups` numbers, written; the least number for a set without scores.
@inline(never)
package func integerGroupMaxima(
  _ scores: UnsafePointer<Int32>, _ count: Int, _ groups: Int, _ maxima: UnsafeMutablePointer<Int32>
) {
  for group in 0..<groups {
    var largest = Integers(repeating: Int32.min)
    var i = 16 &* group
    while i < count {
      let value = loadIntegers(scores + i)
      largest = largest.replacing(with: value, where: largest .< value)
      i = i &+ 16 &* groups
    }
    storeIntegers(largest, maxima + 16 &* group)
  }
}
