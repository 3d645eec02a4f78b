// Threshold scans of integer scores: the first pass of exact top-k over rounded rows.

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
  let limit = Words(repeating: threshold)
  var found = 0
  var i = 0
  while i < count {
    let reached = (loadWords(scores + i) .>= limit) .| (loadWords(scores + i + 16) .>= limit)
    if any(reached) {
      for lane in 0..<32 {
        // Written always, counted only when it qualifies: no branch to mispredict.
        indices[found] = Int32(truncatingIfNeeded: i &+ lane)
        found = found &+ (scores[i &+ lane] >= threshold ? 1 : 0)
      }
    }
    i = i &+ 32
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
  let limit = Integers(repeating: threshold)
  var found = 0
  var i = 0
  while i < count {
    let reached = loadIntegers(scores + i) .>= limit
    if any(reached) {
      // Written always, counted only when it qualifies: no branch to mispredict. Counting by the comparison itself would
      // be turned into a branch.
      let counted = Integers.zero.replacing(with: Integers(repeating: 1), where: reached)
      for lane in 0..<16 {
        indices[found] = Int32(truncatingIfNeeded: i &+ lane)
        found = found &+ Int(counted[lane])
      }
    }
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
