// From integer scores of a chunk to bounds of exact scores, and back. Guide: Docs/Benchmarks/topk.md.

/// Bounds of the scores of one query and one chunk.
///
/// `interval` encloses the float score that any exact computation gives; `threshold` is the other direction.
struct ScoreBounds {
  private let unit: Double
  private let error: Double
  private let norm: Double
  private let measure: RowMeasure
  private let shortest: Double
  private let longest: Double
  private let width: Int
  private let largestScore: Int
  /// `unit`, and an error that also covers bounds computed in Float; the error is infinite where Float cannot hold them.
  private let floatUnit: Float
  private let floatError: Float
  /// What computing norms, a quotient and its rounding to Float may add to a cosine.
  private static let cosineSlack = 1e-4

  init(
    query: QuantizedQuery, chunk: QuantizedRows.Chunk, measure: RowMeasure, precision: QuantizedPrecision
  ) {
    largestScore = Int(precision.largestScore)
    unit = query.unit(chunk) * precision.scoreUnit
    // A sum that was rounded down may have lost all but one of a unit.
    error = query.error(chunk) + (precision.scoreUnit > 1 ? unit : 0)
    norm = query.norm
    width = query.width
    self.measure = measure
    shortest = chunk.shortest
    longest = chunk.longest
    // Converting the score, rounding the unit, the product and the sum: four roundings of at most 2^-24 each of what is
    // rounded, which the largest score bounds.
    let isNormal = unit >= 1e-30 && error < 1e37
    floatUnit = Float(unit)
    floatError = isNormal ? Float((error + Double(largestScore) * unit * 5e-7) * (1 + 1e-6)) : .infinity
  }

  /// Lower and upper bound of a row's exact score.
  /// - Parameters:
  ///   - score: its integer score.
  ///   - squares: the row's float sum of squares; used for cosines.
  func interval(_ score: Int, squares: Float) -> (lower: Float, upper: Float) {
    if measure == .product && floatError < .infinity {
      let middle = Float(score) * floatUnit
      return (middle - floatError, middle + floatError)
    }
    let middle = Double(score) * unit
    var lower = middle - error
    var upper = middle + error
    if measure == .cosine {
      let row = NormBounds(squares: squares, width: width)
      // A norm so small that a float computation may find zero: anything may come out, and nothing is known.
      guard row.lower > 0 else { return (-.infinity, .infinity) }
      lower = lower / (norm * (lower > 0 ? row.upper : row.lower)) - Self.cosineSlack
      upper = upper / (norm * (upper > 0 ? row.lower : row.upper)) + Self.cosineSlack
    }
    return (Float(lower).nextDown, Float(upper).nextUp)
  }

  /// The least integer score that an exact score of at least `floor` can have; nil when none can.
  func threshold(_ floor: Float) -> Int? {
    guard floor > -.infinity else { return -largestScore }
    var product = Double(floor)
    if measure == .cosine {
      guard shortest > 0 else { return -largestScore }
      product -= Self.cosineSlack + 1e-6
      product *= norm * (product > 0 ? shortest : longest)
    }
    guard unit > 0 else { return product <= error ? -largestScore : nil }
    let least = ((product - error) / unit).rounded(.down) - 1
    return least > Double(largestScore) ? nil : Int(max(Double(-largestScore), least))
  }

  /// A lower bound of the k-th best exact score of a first chunk, from a lower bound of its k-th best integer score.
  func firstFloor(_ score: Int) -> Float {
    guard measure == .product || shortest > 0 else { return -.infinity }
    var lower = Double(score) * unit - error
    if measure == .cosine { lower = lower / (norm * (lower > 0 ? longest : shortest)) - Self.cosineSlack }
    return Float(lower).nextDown
  }
}

/// A lower bound of the k-th best of many integer scores, from maxima of disjoint sets of them; nil where there is none.
/// - Parameters:
///   - count: number of scores.
///   - k: which of them, at least one.
///   - maxima: writes the maxima of `16 * groups` sets.
func boundOfBest<Score: FixedWidthInteger>(
  _ count: Int, k: Int, _ maxima: (_ groups: Int, UnsafeMutablePointer<Score>) -> Void
) -> Int? {
  let groups = min(8, (k + k / 2 + 15) / 16)
  guard 16 * groups >= k, count >= 64 * groups else { return nil }
  return withUnsafeTemporaryAllocation(of: Score.self, capacity: 128) { buffer in
    guard let sorted = buffer.baseAddress else { return nil }
    maxima(groups, sorted)
    // Insertion sort, descending: at most 128 numbers, once for each query.
    for position in 1..<16 * groups {
      let value = sorted[position]
      var slot = position
      while slot > 0 && sorted[slot - 1] < value {
        sorted[slot] = sorted[slot - 1]
        slot -= 1
      }
      sorted[slot] = value
    }
    return sorted[k - 1] > .min ? Int(sorted[k - 1]) : nil
  }
}
