// A query rounded to integers for a catalogue of integers. Guide: Docs/Benchmarks/topk.md.

/// What a product over rounded rows reads of a query.
enum QuantizedFactors: Sendable {
  /// `byteProduct`: the start, then two factors for each pair of columns.
  case oneOverBytes
  /// `byteTileProduct`: the start, then two bytes for each pair of columns.
  case tileOverBytes
  /// `quadTileProduct`: the start, then four bytes for each four columns.
  case tileOverQuads
  /// `wordTileProduct`: two words for each pair of columns.
  case tileOverWords

  /// The precision of the rows.
  var precision: QuantizedPrecision {
    switch self {
    case .oneOverBytes, .tileOverBytes: return .bytes
    case .tileOverQuads: return .quads
    case .tileOverWords: return .words
    }
  }

  /// Largest magnitude of an integer of a query.
  ///
  /// Two products of a row's byte, at most 255, with 64 are the most that the byte product can add to each other before it
  /// saturates.
  var largestInteger: Double {
    switch self {
    case .tileOverBytes: return 64
    case .tileOverQuads: return 127
    case .oneOverBytes, .tileOverWords: return 32_766
    }
  }

  /// Number of factors of a query.
  func count(width: Int) -> Int {
    let steps = precision.steps(width: width)
    switch self {
    case .oneOverBytes: return 1 + 2 * steps
    case .tileOverBytes, .tileOverQuads: return 1 + steps
    case .tileOverWords: return steps
    }
  }
}

/// A query q = t m + e with integers m, and the error bounds of its scores.
struct QuantizedQuery {
  /// t, value of the integer one.
  let scale: Double
  /// |q|, rounded up.
  let norm: Double
  /// |e|, rounded up.
  let residual: Double
  /// Width of the vectors.
  let width: Int

  /// Rounds a query.
  /// - Parameters:
  ///   - query: `width` floats.
  ///   - width: length of the vectors.
  ///   - form: which product they are for.
  ///   - factors: where that product's factors go, `form.count(width:)` of them.
  /// - Returns: nil for zero, for numbers that are not finite and for norms outside 1e-15 ... 1e17.
  init?(
    _ query: UnsafePointer<Float>, width: Int, form: QuantizedFactors, factors: UnsafeMutablePointer<Int32>
  ) {
    var squares = 0.0
    var largest: Float = 0
    for column in 0..<width {
      squares += Double(query[column]) * Double(query[column])
      largest = max(largest, query[column].magnitude)
    }
    let length = squares.squareRoot()
    guard length >= QuantizedRows.shortestNorm, length <= QuantizedRows.longestNorm else { return nil }
    let scale = max(length / form.precision.integerNorm(width: width), Double(largest) / form.largestInteger)
    let inverse = 1 / scale
    var residual = 0.0
    var start: Int32 = 0
    func integer(_ column: Int) -> Int32 {
      guard column < width else { return 0 }
      // 1.5 * 2^52 leaves no bits for a fraction: rounds to nearest even without a call.
      let shifted = Double(query[column]) * inverse + 6_755_399_441_055_744
      let error = Double(query[column]) - (shifted - 6_755_399_441_055_744) * scale
      residual += error * error
      return Int32(truncatingIfNeeded: shifted.bitPattern)
    }
    for step in 0..<form.precision.steps(width: width) {
      let columns = form.precision.columnsPerStep
      let (lower, upper) = (integer(columns * step), integer(columns * step + 1))
      start &-= 128 &* (lower &+ upper)
      switch form {
      case .oneOverBytes:
        factors[1 + 2 * step] = Self.twice(lower)
        factors[2 + 2 * step] = Self.twice(upper &- 256 &* lower)
      case .tileOverBytes: factors[1 + step] = Self.twice(lower & 0xFF | upper &<< 8)
      case .tileOverQuads:
        let (third, fourth) = (integer(4 * step + 2), integer(4 * step + 3))
        start &-= 128 &* (third &+ fourth)
        factors[1 + step] = lower & 0xFF | (upper & 0xFF) &<< 8 | (third & 0xFF) &<< 16 | fourth &<< 24
      case .tileOverWords: factors[step] = lower & 0xFFFF | upper &<< 16
      }
    }
    switch form {
    case .oneOverBytes, .tileOverBytes: factors[0] = Self.twice(start)
    case .tileOverQuads: factors[0] = start
    case .tileOverWords: break
    }
    self.scale = scale
    self.width = width
    norm = length * (1 + 1e-9)
    self.residual = residual.squareRoot() * (1 + 1e-9)
  }

  /// The low sixteen bits of a number in both halves.
  private static func twice(_ value: Int32) -> Int32 {
    Int32(truncatingIfNeeded: (UInt32(bitPattern: value) & 0xFFFF) &* 0x1_0001)
  }

  /// Value of the integer one in products with the rows of a chunk.
  func unit(_ chunk: QuantizedRows.Chunk) -> Double { scale * chunk.scale }

  /// The most by which a float inner product, added up in any order, with or without fused steps, differs from the
  /// approximate one for any row of the chunk.
  func error(_ chunk: QuantizedRows.Chunk) -> Double {
    let rounding = norm * chunk.residual + residual * (chunk.longest + chunk.residual)
    // Source of the second term: Higham 2002, section 3.1, with twice the unit roundoff; the third is underflow.
    let arithmetic = Double(width + 8) * 1.2e-7 * norm * chunk.longest + Double(width) * 1e-44
    return (rounding + arithmetic) * (1 + 1e-9)
  }

  /// No float inner product with a row of the chunk, nor of a later one, is larger.
  func ceiling(_ chunk: QuantizedRows.Chunk) -> Double {
    norm * chunk.longestLeft * (1 + Double(width + 8) * 1.2e-7) + Double(width) * 1e-44
  }
}
