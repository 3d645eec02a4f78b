// What the batch top-k asks of an integer score: its product and its scan. Guide: Docs/Benchmarks/topk.md.

/// An integer score of the batch: sixteen bits over rows of bytes, 32 over rows of words.
protocol BatchScore: FixedWidthInteger & BitwiseCopyable {
  /// `(scores, count, threshold, found)`: the positions of scores that reach a threshold; returns how many.
  typealias Scan = @Sendable (UnsafePointer<Self>, Int, Self, UnsafeMutablePointer<Int32>) -> Int
  /// `(scores, count, groups, maxima)`: the largest scores of `16 * groups` disjoint sets.
  typealias GroupMaxima = @Sendable (UnsafePointer<Self>, Int, Int, UnsafeMutablePointer<Self>) -> Void

  static var scan: Scan { get }
  static var groupMaxima: GroupMaxima { get }

  /// The scores of six queries with the rows of a chunk, `[6, stride]`.
  static func product(
    _ rows: QuantizedRows, _ chunk: Int, _ panels: Int, _ factors: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Self>, _ stride: Int)
}

extension Int16: BatchScore {
  static var scan: Scan { kernels.shortScan }
  static var groupMaxima: GroupMaxima { kernels.shortGroupMaxima }

  static func product(
    _ rows: QuantizedRows, _ chunk: Int, _ panels: Int, _ factors: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Int16>, _ stride: Int
  ) {
    if rows.precision == .quads {
      guard let product = kernels.quadTileProduct else { preconditionFailure("no product of quads on this processor") }
      product(Int64(panels), Int64(rows.steps), rows.words(ofChunk: chunk), factors, out, Int64(stride))
    } else {
      kernels.byteTileProduct(
        Int64(panels), Int64(rows.steps), rows.bytes(ofChunk: chunk), factors, out, Int64(stride))
    }
  }
}

extension Int32: BatchScore {
  static var scan: Scan { kernels.integerScan }
  static var groupMaxima: GroupMaxima { kernels.integerGroupMaxima }

  static func product(
    _ rows: QuantizedRows, _ chunk: Int, _ panels: Int, _ factors: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Int32>, _ stride: Int
  ) {
    kernels.wordTileProduct(
      Int64(panels), Int64(rows.steps), rows.words(ofChunk: chunk), factors, out, Int64(stride))
  }
}
