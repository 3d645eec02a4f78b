// A catalogue rounded to integers, with what is needed to bound every score. Guide: Docs/Benchmarks/topk.md.

/// How finely rows and queries are rounded, and how their columns lie.
package enum QuantizedPrecision: Sendable {
  /// Eight bits a number and sums of sixteen: half the memory to wait for, and twice as many products an instruction.
  case bytes
  /// Eight bits a number, four a word, and sums of 32 bits of which the upper sixteen of the lower nineteen are kept: for
  /// many queries, where the processor adds four products of bytes at once.
  case quads
  /// Sixteen bits a number and sums of 32: for many queries where the bounds of bytes leave too many candidates, and for some
  /// at once (`best(forEach:)`), of widths up to 512.
  case words

  /// The one with which a batch of queries is answered first.
  static var firstOfBatch: Self { Self.quads.isSupported ? .quads : .bytes }

  /// Whether the kernels of this process have its tile product.
  package var isSupported: Bool {
    kernels.level != .baseline && (self != .quads || kernels.quadTileProduct != nil)
  }

  /// What the tile product reads of a query.
  var tileFactors: QuantizedFactors {
    switch self {
    case .bytes: return .tileOverBytes
    case .quads: return .tileOverQuads
    case .words: return .tileOverWords
    }
  }

  /// Rows of a panel, the unit of the kernels.
  var panelRows: Int { self == .words ? 16 : 32 }
  /// Columns of a row that lie together.
  var columnsPerStep: Int { self == .quads ? 4 : 2 }
  /// Groups of columns that lie together.
  func steps(width: Int) -> Int { (width + columnsPerStep - 1) / columnsPerStep }
  /// Bytes of a row in a step.
  var stepBytes: Int { self == .bytes ? 2 : 4 }
  /// Largest magnitude of an integer of a row.
  var largestInteger: Double { self == .words ? 32_767 : 127 }
  /// Largest magnitude of a score, which is a sum in units of `scoreUnit`.
  var largestScore: Double { self == .words ? 2_147_483_647 : 32_767 }
  /// What one of a score stands for; a sum is rounded down.
  var scoreUnit: Double { self == .quads ? 8 : 1 }

  /// The largest norm of a vector before rounding, for a query and for a row: with half a unit of rounding in each column
  /// the product of two such norms stays within the largest sum.
  func integerNorm(width: Int) -> Double {
    (largestScore * scoreUnit).squareRoot() - Double(width).squareRoot() / 2 - 1
  }
}

/// The rows of a matrix rounded to integers, longest rows first, in chunks that each have a scale.
///
/// Row x of a chunk with scale s is held as integers n with x = s n + r. For a query q = t m + e (`QuantizedQuery`) the
/// integer product gives t s <m, n>, and by Cauchy-Schwarz
///
///     |<q, x> - t s <m, n>| <= |q| |r| + |e| (|x| + |r|),
///
/// so a row whose approximate score lies further than that below k others cannot be among the k best. Scales are chosen so
/// that |m| |n| fits the sum, or the sum of quads after division by eight: 2^15, 2^18 and, of words, 2^31.
///
/// One byte a number and twelve bytes a row (0.3 of the float matrix at width 64), or two bytes a number. Immutable, so any thread may read it.
package final class QuantizedRows: @unchecked Sendable {
  /// Bounds that hold for every row of a chunk; in Double, rounded outwards.
  struct Chunk {
    /// s, value of the integer one; zero where all integers are zero.
    var scale = 0.0
    /// Largest |r|.
    var residual = 0.0
    /// Largest |x|.
    var longest = 0.0
    /// Largest |x| of this and all later chunks: rows are sorted nearly, not quite.
    var longestLeft = 0.0
    /// Smallest |x|; zero where a row is too short for its norm to be known.
    var shortest = 0.0
  }

  /// Rows of a chunk.
  static let chunkRows = 1024
  /// Widths for which bytes are worth a try, and for which large batches are faster over words than as a float product: at
  /// 448 columns of random numbers both took the same time.
  package static let widths = 4...256
  /// Widths that rows of a precision may have; the slack for sums of squares in float, here and in `NormBounds`, holds up to
  /// 512 terms in any order.
  package static func widths(of precision: QuantizedPrecision) -> ClosedRange<Int> {
    precision == .words ? 4...512 : widths
  }
  /// Rows shorter than this, or longer than the next, have squares outside the range of floats.
  static let shortestNorm = 1e-15
  /// See `shortestNorm`.
  static let longestNorm = 1e17

  /// The rows themselves, for exact scores.
  let matrix: Matrix
  /// First row of the matrix that belongs to the catalogue.
  let offset: Int
  /// Number of rows of the catalogue.
  package let count: Int
  /// Groups of columns that lie together.
  let steps: Int
  /// The row at every position, `[count]`; rows count from `offset`.
  let order: [Int32]
  /// The position of every row, `[count]`.
  let positions: [Int32]
  /// Sum of squares of the row at every position, `[count]`.
  let squares: [Float]
  private(set) var chunks: [Chunk]
  /// How finely the rows are rounded.
  let precision: QuantizedPrecision
  private let storage: UnsafeMutablePointer<Float>
  private let storageCount: Int

  var width: Int { matrix.columns }

  /// The panels of a chunk of bytes, `[panels, steps, 32]`.
  func bytes(ofChunk index: Int) -> UnsafePointer<Int16> {
    UnsafeRawPointer(storage).assumingMemoryBound(to: Int16.self) + index * Self.chunkRows * steps
  }

  /// The panels of a chunk of words, `[panels, steps, 16]`, or of quads, `[panels, steps, 2, 16]`.
  func words(ofChunk index: Int) -> UnsafePointer<Int32> {
    UnsafeRawPointer(storage).assumingMemoryBound(to: Int32.self) + index * Self.chunkRows * steps
  }

  /// Memory beside the float rows, bytes.
  package var byteCount: Int { storageCount * 4 + count * 12 + chunks.count * MemoryLayout<Chunk>.stride }

  /// Rounds rows of a matrix.
  ///
  /// The matrix must not change afterwards.
  /// - Parameters:
  ///   - matrix: the vectors.
  ///   - rows: which of them are the catalogue; all where nil.
  /// - Returns: nil where rounding cannot pay or bounds cannot be had: widths outside 4 ... 256, no rows, a number that
  ///   is not finite, or a norm above 1e17.
  /// - Complexity: O(count * width).
  package convenience init?(_ matrix: Matrix, rows: Range<Int>? = nil) {
    self.init(matrix, rows: rows, precision: .bytes)
  }

  /// Rounds rows of a matrix to a precision, of widths up to 512 to words; otherwise as `init(_:rows:)`.
  package init?(_ matrix: Matrix, rows: Range<Int>?, precision: QuantizedPrecision) {
    let rows = rows ?? 0..<matrix.rows
    precondition(rows.lowerBound >= 0 && rows.upperBound <= matrix.rows, "row range out of range")
    let width = matrix.columns
    guard Self.widths(of: precision).contains(width), !rows.isEmpty, rows.count < Int(Int32.max) else { return nil }
    self.matrix = matrix
    offset = rows.lowerBound
    count = rows.count
    steps = precision.steps(width: width)
    let base = UnsafePointer(matrix.row(offset))
    let count = rows.count
    let extents = Matrix.uninitialized(rows: 2, columns: count)
    parallelRanges(count, blockSize: 8 * Self.chunkRows) { range in
      kernels.rowExtents(
        range.count, width, base + range.lowerBound * width, extents.row(0) + range.lowerBound,
        extents.row(1) + range.lowerBound)
    }
    guard let order = Self.longestFirst(extents.row(0), count) else { return nil }
    self.order = order
    var positions = [Int32](repeating: 0, count: count)
    for (position, row) in order.enumerated() { positions[Int(row)] = Int32(position) }
    self.positions = positions
    squares = order.map { extents.row(0)[Int($0)] }
    self.precision = precision
    let panels = (count + precision.panelRows - 1) / precision.panelRows
    let rowBytes = steps * precision.stepBytes
    storageCount = panels * precision.panelRows * rowBytes / 4
    storage = BufferPool.shared.take(floats: storageCount)
    chunks = [Chunk](repeating: Chunk(), count: (count + Self.chunkRows - 1) / Self.chunkRows)
    let storage = storage
    chunks.withUnsafeMutableBufferPointer { chunks in
      let target = chunks
      order.withUnsafeBufferPointer { order in
        guard let order = order.baseAddress else { return }
        parallelFor(target.count) { index in
          let start = index * Self.chunkRows
          target[index] = Self.round(
            base, width, order + start, min(Self.chunkRows, count - start), extents, precision,
            storage + start * rowBytes / 4)
        }
      }
    }
    var longest = 0.0
    for index in chunks.indices.reversed() {
      longest = max(longest, chunks[index].longest)
      chunks[index].longestLeft = longest
    }
  }

  deinit { BufferPool.shared.give(storage, floats: storageCount) }

  /// The rows by descending norm, nearly: by the first seven bits of the fraction, rows of equal ones in their own order.
  /// - Returns: nil where a norm is not finite or too large.
  private static func longestFirst(_ squares: UnsafePointer<Float>, _ count: Int) -> [Int32]? {
    let limit = Float(longestNorm * longestNorm)
    var starts = [Int32](repeating: 0, count: 0x1_0001)
    for row in 0..<count {
      guard squares[row] <= limit else { return nil }
      // The bits of floats that are not negative order like integers; the complement puts the largest first.
      starts[Int(~squares[row].bitPattern >> 16) + 1] += 1
    }
    for bucket in 1..<starts.count { starts[bucket] += starts[bucket - 1] }
    var order = [Int32](repeating: 0, count: count)
    for row in 0..<count {
      let bucket = Int(~squares[row].bitPattern >> 16)
      order[Int(starts[bucket])] = Int32(row)
      starts[bucket] += 1
    }
    return order
  }

  /// Rounds the rows of one chunk and returns its bounds.
  private static func round(
    _ base: UnsafePointer<Float>, _ width: Int, _ order: UnsafePointer<Int32>, _ count: Int, _ extents: Matrix,
    _ precision: QuantizedPrecision, _ storage: UnsafeMutablePointer<Float>
  ) -> Chunk {
    var chunk = Chunk()
    var largest: Float = 0
    chunk.shortest = .infinity
    for position in 0..<count {
      let row = Int(order[position])
      let norm = NormBounds(squares: extents.row(0)[row], width: width)
      chunk.longest = max(chunk.longest, norm.upper)
      chunk.shortest = min(chunk.shortest, norm.lower)
      largest = max(largest, extents.row(1)[row])
    }
    let scale = max(
      chunk.longest / precision.integerNorm(width: width), Double(largest) / (precision.largestInteger - 0.5))
    let steps = precision.steps(width: width)
    let inverse = Float(1 / scale)
    // A catalogue of zeros, or so short that the scale leaves the range of floats: no integers, all of it a residual.
    let isRepresentable = inverse.isFinite && scale > 0
    chunk.scale = isRepresentable ? scale : 0
    var squares: Float = 0
    withUnsafeTemporaryAllocation(of: Float.self, capacity: precision.panelRows) { buffer in
      guard let residuals = buffer.baseAddress else { return }
      for start in stride(from: 0, to: count, by: precision.panelRows) {
        let rows = min(precision.panelRows, count - start)
        let factor = isRepresentable ? inverse : 0
        let raw = UnsafeMutableRawPointer(storage)
        switch precision {
        case .bytes:
          let target = raw.assumingMemoryBound(to: Int16.self) + start * steps
          kernels.quantizeBytePanel(rows, width, base, order + start, factor, target, residuals)
        case .quads:
          let target = raw.assumingMemoryBound(to: Int32.self) + start * steps
          kernels.quantizeQuadPanel(rows, width, base, order + start, factor, target, residuals)
        case .words:
          let target = raw.assumingMemoryBound(to: Int32.self) + start * steps
          kernels.quantizeWordPanel(rows, width, base, order + start, factor, target, residuals)
        }
        for row in 0..<rows { squares = max(squares, residuals[row]) }
      }
    }
    // In units of the scale; the float quotient is off by at most 2^-22 of the largest integer in every column.
    let residual =
      Double(squares).squareRoot() * (1 + 2e-5)
      + precision.largestInteger * 2.5e-7 * Double(width).squareRoot()
    chunk.residual = isRepresentable ? scale * residual : chunk.longest
    return chunk
  }

  /// Rows of a chunk.
  func rowCount(ofChunk index: Int) -> Int { min(Self.chunkRows, count - index * Self.chunkRows) }
}

/// What a float sum of squares tells about a norm.
struct NormBounds {
  let lower: Double
  let upper: Double

  /// - Parameters:
  ///   - squares: the sum in float arithmetic, by whatever order of additions.
  ///   - width: number of terms; each may have lost 1.2e-38 by underflow.
  init(squares: Float, width: Int) {
    let slack = 1.2e-38 * Double(width)
    upper = (Double(squares) + slack).squareRoot() * (1 + 2e-5)
    lower =
      Double(squares) < QuantizedRows.shortestNorm * QuantizedRows.shortestNorm
      ? 0 : (Double(squares) - slack).squareRoot() * (1 - 2e-5)
  }
}
