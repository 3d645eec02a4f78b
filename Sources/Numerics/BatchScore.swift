// What the batch top-k asks of an integer score: its product, its scan, its precision. Guide: Docs/Benchmarks/topk.md.

import CPlatform

/// An integer score of the batch: what its product, its scan and its bounds need to know.
protocol BatchScore: FixedWidthInteger & BitwiseCopyable {
  /// What the product reads of a query.
  static var factors: QuantizedFactors { get }

  /// The scores of six queries with the rows of a chunk, `[6, stride]`.
  static func product(
    _ rows: QuantizedRows, _ chunk: Int, _ panels: Int, _ factors: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Self>, _ stride: Int)

  /// The positions of scores that reach a threshold; returns how many.
  static func scan(
    _ scores: UnsafePointer<Self>, _ count: Int, _ threshold: Self, _ found: UnsafeMutablePointer<Int32>
  ) -> Int

  /// The largest scores of `16 * groups` disjoint sets.
  static func groupMaxima(
    _ scores: UnsafePointer<Self>, _ count: Int, _ groups: Int, _ maxima: UnsafeMutablePointer<Self>)
}

extension Int16: BatchScore {
  static var factors: QuantizedFactors { .tileOverBytes }

  static func product(
    _ rows: QuantizedRows, _ chunk: Int, _ panels: Int, _ factors: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Int16>, _ stride: Int
  ) {
    cplatform_byte_product(Int64(panels), Int64(rows.steps), rows.bytes(ofChunk: chunk), factors, out, Int64(stride))
  }

  static func scan(
    _ scores: UnsafePointer<Int16>, _ count: Int, _ threshold: Int16, _ found: UnsafeMutablePointer<Int32>
  ) -> Int {
    kernels.shortScan(scores, count, threshold, found)
  }

  static func groupMaxima(
    _ scores: UnsafePointer<Int16>, _ count: Int, _ groups: Int, _ maxima: UnsafeMutablePointer<Int16>
  ) {
    kernels.shortGroupMaxima(scores, count, groups, maxima)
  }
}

extension Int32: BatchScore {
  static var factors: QuantizedFactors { .tileOverWords }

  static func product(
    _ rows: QuantizedRows, _ chunk: Int, _ panels: Int, _ factors: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Int32>, _ stride: Int
  ) {
    cplatform_word_product(Int64(panels), Int64(rows.steps), rows.words(ofChunk: chunk), factors, out, Int64(stride))
  }

  static func scan(
    _ scores: UnsafePointer<Int32>, _ count: Int, _ threshold: Int32, _ found: UnsafeMutablePointer<Int32>
  ) -> Int {
    kernels.integerScan(scores, count, threshold, found)
  }

  static func groupMaxima(
    _ scores: UnsafePointer<Int32>, _ count: Int, _ groups: Int, _ maxima: UnsafeMutablePointer<Int32>
  ) {
    kernels.integerGroupMaxima(scores, count, groups, maxima)
  }
}
