// Exact selection of the k best scores of a row.

/// One result of a selection: which, and how good.
package struct ScoredIndex: Sendable, Equatable {
  /// Position of the item.
  package var index: Int32
  /// Its score.
  package var score: Float

  /// Creates a result.
  package init(index: Int32, score: Float) {
    self.index = index
    self.score = score
  }

  /// True when this result ranks before `other`: higher score first, then lower index.
  package func ranksBefore(_ other: ScoredIndex) -> Bool {
    score > other.score || (score == other.score && index < other.index)
  }
}

/// The k highest scores, score descending, ties by ascending index.
///
/// Scores of -infinity and NaN are never returned, nor are excluded indices: the result may be shorter than k.
/// - Parameters:
///   - scores: `count` floats.
///   - count: number of scores.
///   - k: most results wanted.
///   - excluded: indices to leave out, ascending; indices outside `0 ..< count` are ignored.
/// - Complexity: O(count + candidates log k), with few candidates beyond k.
package func topK(
  of scores: UnsafePointer<Float>, count: Int, k: Int, excluding excluded: ArraySlice<Int32> = []
) -> [ScoredIndex] {
  let wanted = min(k, count)
  guard wanted > 0 else { return [] }
  let scratch = SelectionScratch(width: min(count, selectionWidth))
  let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: wanted)
  defer { keys.deallocate() }
  var selection = Selection(keys: keys, capacity: wanted)
  var cursor = excluded.startIndex
  for start in stride(from: 0, to: count, by: selectionWidth) {
    let width = min(selectionWidth, count - start)
    cursor = firstPosition(in: excluded, from: cursor, notBelow: start)
    if cursor < excluded.endIndex && Int(excluded[cursor]) < start + width {
      // The caller's scores are not ours to change: mark the excluded ones in a copy.
      scratch.scores.update(from: scores + start, count: width)
      cursor = maskExcluded(excluded, from: cursor, in: scratch.scores, start: start, width: width)
      selection.add(scratch.scores, count: width, firstIndex: start, scratch)
    } else {
      selection.add(scores + start, count: width, firstIndex: start, scratch)
    }
  }
  return selection.sorted()
}

/// Scores handled at a time: small enough for the second-level cache, large enough to make a threshold worth finding.
let selectionWidth = 2048

/// Position in ascending `indices` of the first one that is at least `bound`.
func firstPosition(in indices: ArraySlice<Int32>, from start: Int, notBelow bound: Int) -> Int {
  var position = start
  while position < indices.endIndex && Int(indices[position]) < bound { position += 1 }
  return position
}

/// Sets the excluded scores of one stretch to -infinity and returns the position of the next exclusion.
func maskExcluded(
  _ excluded: ArraySlice<Int32>, from cursor: Int, in scores: UnsafeMutablePointer<Float>, start: Int, width: Int
) -> Int {
  var position = cursor
  while position < excluded.endIndex && Int(excluded[position]) < start + width {
    scores[Int(excluded[position]) - start] = -.infinity
    position += 1
  }
  return position
}

/// Buffers of one thread of selection.
final class SelectionScratch {
  /// Indices found by a threshold scan.
  let indices: UnsafeMutablePointer<Int32>
  /// A copy of scores.
  let scores: UnsafeMutablePointer<Float>

  init(width: Int) {
    indices = .allocate(capacity: width)
    scores = .allocate(capacity: width)
  }

  deinit {
    indices.deallocate()
    scores.deallocate()
  }
}

/// The k best seen so far, as a heap whose root is the worst of them.
///
/// A candidate is one 64-bit key: the score in the upper half, mapped so that integers order like floats, and the
/// complement of the index in the lower half. One comparison then decides score and tie.
struct Selection {
  private let keys: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  private(set) var count = 0

  /// - Parameters:
  ///   - keys: room for `capacity` keys, owned by the caller.
  ///   - capacity: the k of top-k, at least one.
  init(keys: UnsafeMutablePointer<UInt64>, capacity: Int) {
    self.keys = keys
    self.capacity = capacity
  }

  /// A selection continued from keys it left in place.
  init(keys: UnsafeMutablePointer<UInt64>, capacity: Int, count: Int) {
    self.init(keys: keys, capacity: capacity)
    self.count = count
  }

  /// The key of a result.
  static func key(_ score: Float, _ index: Int) -> UInt64 {
    // Adding zero turns -0 into 0: the two are equal and must tie.
    let bits = (score + 0).bitPattern
    let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    return UInt64(ordered) << 32 | UInt64(~UInt32(truncatingIfNeeded: index))
  }

  /// The result of a key.
  static func decoded(_ key: UInt64) -> ScoredIndex {
    let ordered = UInt32(truncatingIfNeeded: key >> 32)
    let bits = ordered & 0x8000_0000 != 0 ? ordered & 0x7FFF_FFFF : ~ordered
    return ScoredIndex(
      index: Int32(truncatingIfNeeded: ~UInt32(truncatingIfNeeded: key)), score: Float(bitPattern: bits))
  }

  /// Adds a stretch of scores; stretches must come with ascending indices.
  /// - Parameters:
  ///   - scores: `count` floats; -infinity and NaN are passed over.
  ///   - count: at most `selectionWidth`.
  ///   - firstIndex: index of the first score.
  ///   - scratch: buffers of this thread.
  mutating func add(_ scores: UnsafePointer<Float>, count: Int, firstIndex: Int, _ scratch: SelectionScratch) {
    let table = kernels
    // The lowest score that can still enter. A later index loses a tie, so a full selection needs strictly more.
    var threshold = -Float.greatestFiniteMagnitude
    if self.count == capacity {
      threshold = Self.decoded(keys[0]).score.nextUp
    } else if self.count == 0 {
      threshold = max(threshold, firstThreshold(scores, count))
    }
    let found = table.thresholdScan(scores, count, threshold, scratch.indices)
    for position in 0..<found {
      let index = Int(scratch.indices[position])
      offer(Self.key(scores[index], firstIndex + index))
    }
  }

  /// Adds one score; scores may come in any order of their indices.
  /// - Parameters:
  ///   - score: neither NaN nor -infinity.
  ///   - index: its index.
  mutating func offer(_ score: Float, index: Int) { offer(Self.key(score, index)) }

  private mutating func offer(_ key: UInt64) {
    if count < capacity { push(key) } else if key > keys[0] { replaceRoot(key) }
  }

  /// The k-th best score so far; -infinity while there are fewer.
  var floor: Float { count == capacity ? Self.decoded(keys[0]).score : -.infinity }

  /// A lower bound of the k-th best of a first stretch, from maxima of disjoint sets; -infinity where there is none.
  private func firstThreshold(_ scores: UnsafePointer<Float>, _ count: Int) -> Float {
    let groups = min(8, (capacity + capacity / 2 + 15) / 16)
    guard 16 * groups >= capacity, count >= 64 * groups else { return -.infinity }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: 128) { buffer in
      guard let maxima = buffer.baseAddress else { return -.infinity }
      kernels.groupMaxima(scores, count, groups, maxima)
      // Insertion sort, descending: at most 128 numbers, once for each query.
      for position in 1..<16 * groups {
        let value = maxima[position]
        var slot = position
        while slot > 0 && maxima[slot - 1] < value {
          maxima[slot] = maxima[slot - 1]
          slot -= 1
        }
        maxima[slot] = value
      }
      return maxima[capacity - 1]
    }
  }

  private mutating func push(_ key: UInt64) {
    var slot = count
    count += 1
    while slot > 0 {
      let parent = (slot - 1) / 2
      if keys[parent] <= key { break }
      keys[slot] = keys[parent]
      slot = parent
    }
    keys[slot] = key
  }

  private mutating func replaceRoot(_ key: UInt64) {
    var slot = 0
    while true {
      var child = 2 * slot + 1
      if child >= count { break }
      if child + 1 < count && keys[child + 1] < keys[child] { child += 1 }
      if key <= keys[child] { break }
      keys[slot] = keys[child]
      slot = child
    }
    keys[slot] = key
  }

  /// Adds everything another selection holds.
  mutating func merge(_ other: Selection) {
    for position in 0..<other.count { offer(other.keys[position]) }
  }

  /// The selection in rank order.
  func sorted() -> [ScoredIndex] { Self.ranked(keys, count: count, k: count) }

  /// The k best of some keys, in rank order.
  /// - Parameters:
  ///   - keys: `count` different keys, in any order.
  ///   - count: number of keys.
  ///   - k: most results wanted.
  static func ranked(_ keys: UnsafePointer<UInt64>, count: Int, k: Int) -> [ScoredIndex] {
    guard count > mostRanked else { return rankedByCounting(keys, count: count, k: k) }
    var ordered = Array(UnsafeBufferPointer(start: keys, count: count))
    ordered.sort(by: >)
    return ordered.prefix(k).map(decoded)
  }

  /// Most keys that are ranked by counting.
  private static let mostRanked = 96

  /// The contract of `ranked`, for at most `mostRanked` keys.
  private static func rankedByCounting(_ keys: UnsafePointer<UInt64>, count: Int, k: Int) -> [ScoredIndex] {
    let wanted = min(k, count)
    return withUnsafeTemporaryAllocation(of: SIMD8<UInt64>.self, capacity: mostRanked / 4) { buffer in
      guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { preconditionFailure("no room for ranks") }
      let copy = base.assumingMemoryBound(to: UInt64.self)
      copy.update(from: keys, count: count)
      for place in count..<(count + 7) & ~7 { copy[place] = 0 }
      let ranks = base.assumingMemoryBound(to: Int64.self) + mostRanked
      kernels.rankKeys(copy, count, ranks)
      return [ScoredIndex](unsafeUninitializedCapacity: wanted) { results, initialized in
        guard let base = results.baseAddress else { return }
        for place in 0..<count where ranks[place] < wanted {
          (base + Int(ranks[place])).initialize(to: decoded(keys[place]))
        }
        initialized = wanted
      }
    }
  }
}
