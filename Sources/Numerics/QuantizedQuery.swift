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
    let table = kernels
    let length = table.dotInDouble(query, query, width).squareRoot()
    guard length >= QuantizedRows.shortestNorm, length <= QuantizedRows.longestNorm else { return nil }
    var squares: Float = 0
    var largest: Float = 0
    table.rowExtents(1, width, query, &squares, &largest)
    let scale = max(length / form.precision.integerNorm(width: width), Double(largest) / form.largestInteger)
    let room = GemmBlocking.roundUp(width, to: 8)
    let residual = withUnsafeTemporaryAllocation(of: Int32.self, capacity: room) { buffer in
      guard let integers = buffer.baseAddress else { return 0.0 }
      let squares = table.roundQuery(query, width, 1 / scale, scale, integers)
      Self.arrange(integers, steps: form.precision.steps(width: width), form, factors)
      return squares.squareRoot()
    }
    self.scale = scale
    self.width = width
    norm = length * (1 + 1e-9)
    // The second term is what rounding of n t hides where x - n t cancels.
    self.residual = residual * (1 + 1e-9) + length * 1e-15
  }

  /// The factors of a form from the integers of a query, zeros after the last one.
  private static func arrange(
    _ integers: UnsafePointer<Int32>, steps: Int, _ form: QuantizedFactors, _ factors: UnsafeMutablePointer<Int32>
  ) {
    var start: Int32 = 0
    switch form {
    case .oneOverBytes, .tileOverBytes:
      for step in 0..<steps {
        let (lower, upper) = (integers[2 * step], integers[2 * step + 1])
        start &-= 128 &* (lower &+ upper)
        if form == .tileOverBytes {
          factors[1 + step] = twice(lower & 0xFF | upper &<< 8)
        } else {
          factors[1 + 2 * step] = twice(lower)
          factors[2 + 2 * step] = twice(upper &- 256 &* lower)
        }
      }
      factors[0] = twice(start)
    case .tileOverQuads:
      for step in 0..<steps {
        let (lower, upper) = (integers[4 * step], integers[4 * step + 1])
        let (third, fourth) = (integers[4 * step + 2], integers[4 * step + 3])
        start &-= 128 &* (lower &+ upper &+ third &+ fourth)
        factors[1 + step] = lower & 0xFF | (upper & 0xFF) &<< 8 | (third & 0xFF) &<< 16 | fourth &<< 24
      }
      factors[0] = start
    case .tileOverWords:
      for step in 0..<steps { factors[step] = integers[2 * step] & 0xFFFF | integers[2 * step + 1] &<< 16 }
    }
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
