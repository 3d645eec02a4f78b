// A matrix kept in half precision: half the memory of what is only looked at again at the end.

/// The binary16 patterns of a matrix's elements, row-major.
///
/// Numeric contract: rounded to nearest, ties to even; a relative error of at most 2^-11 down to 2^-14, absolute 2^-25
/// below. Numbers of 65,520 and more become infinite: whoever may have them asks `fits` first.
package final class HalfMatrix: Sendable {
  /// Number of rows.
  package let rows: Int
  /// Number of columns.
  package let columns: Int
  /// The patterns, `rows * columns`, valid for the lifetime of the object; written only by `init`.
  package nonisolated(unsafe) let patterns: UnsafeMutableBufferPointer<UInt16>

  /// True when no element of a matrix is beyond what half precision holds.
  package static func fits(_ x: Matrix) -> Bool { x.elements.allSatisfy { $0.magnitude < 60_000 } }

  /// Rounds the elements of `x`, `[rows, columns]`.
  package init(_ x: Matrix) {
    rows = x.rows
    columns = x.columns
    patterns = .allocate(capacity: max(1, x.count))
    if let target = patterns.baseAddress { kernels.floatToHalf(x.pointer, target, x.count) }
  }

  /// Rows of another matrix, zeros where there is none, `[order.count, columns]`.
  /// - Parameters:
  ///   - order: for each row of the result, its number in `source` or nil.
  ///   - source: `[*, columns]`.
  package init(rows order: [Int?], of source: HalfMatrix) {
    rows = order.count
    columns = source.columns
    patterns = .allocate(capacity: max(1, order.count * source.columns))
    patterns.initialize(repeating: 0)
    guard let target = patterns.baseAddress, let first = source.patterns.baseAddress else { return }
    for (row, place) in order.enumerated() {
      guard let place else { continue }
      precondition(place >= 0 && place < source.rows, "row out of range")
      (target + row * columns).update(from: first + place * columns, count: columns)
    }
  }

  deinit { patterns.deallocate() }

  /// The rounded numbers, `[rows, columns]`; exact.
  package var matrix: Matrix {
    let result = Matrix.uninitialized(rows: rows, columns: columns)
    if let source = patterns.baseAddress { kernels.halfToFloat(source, result.pointer, result.count) }
    return result
  }

  /// The patterns as bytes, for a file.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: patterns.baseAddress, count: 2 * rows * columns)
  }
}
