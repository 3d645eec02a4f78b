// Nearness of words, for "did you mean".

/// Suggestions for a mistyped word.
package enum Suggestion {
  /// The candidate nearest to `word`: one that starts with it, or else one at most two edits away.
  ///
  /// Ties go to the earlier candidate. Nil when nothing is near; words longer than 64 bytes are not compared.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    let bytes = Array(word.lowercased().utf8)
    guard !bytes.isEmpty, bytes.count <= 64 else { return nil }
    var best: String?
    var bestDistance = 3
    for candidate in candidates {
      let other = Array(candidate.lowercased().utf8)
      // A prefix of one byte says little; two say enough.
      if bytes.count >= 2 && other.starts(with: bytes) && bytes.count < other.count && !isMark(bytes) {
        return candidate
      }
      let distance = editDistance(bytes, other)
      // Two edits turn any word of two letters into any other.
      if distance < bestDistance && distance < max(bytes.count, other.count) - 1 {
        best = candidate
        bestDistance = distance
      }
    }
    return best
  }

  private static func isMark(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 == 0x2D || $0 == 0x2E } }

  /// Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment).
  /// - Complexity: O(a x b) time.
  package static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if abs(a.count - b.count) > 3 { return abs(a.count - b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    var current = previous
    for i in 0..<a.count {
      current[0] = i + 1
      for j in 0..<b.count {
        var value = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { value = min(value, beforePrevious[j - 1] + 1) }
        current[j + 1] = value
      }
      (beforePrevious, previous, current) = (previous, current, beforePrevious)
    }
    return previous[b.count]
  }
}
