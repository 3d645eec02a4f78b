// A dense row-major Float32 matrix that owns 64-byte aligned memory.
// Guide: Docs/Architecture.md, "Numbers".

/// A dense matrix of Float32 in row-major order, without padding: element (i, j) is at `pointer[i * columns + j]`.
///
/// The class owns its memory; it is aligned to 64 bytes (one `SIMD16<Float>`) and comes from `BufferPool`, so the
/// temporaries of a training step are reused instead of being mapped and zeroed by the kernel each time.
///
/// It is `@unchecked Sendable` by contract, not by lock: concurrent writers must write disjoint rows, which
/// `parallelFor` with fixed blocks guarantees.
package final class Matrix: @unchecked Sendable {
  /// Number of rows.
  package let rows: Int
  /// Number of columns; also the distance between rows in elements.
  package let columns: Int
  /// First element; `rows * columns` elements are valid for the lifetime of the object.
  package let pointer: UnsafeMutablePointer<Float>

  /// Keeps memory that is not the matrix's own valid; nil where it comes from the pool.
  private let owner: AnyObject?

  /// Number of elements.
  package var count: Int { rows * columns }

  /// A matrix over elements in memory of somebody else, such as a mapped file.
  /// - Precondition: the memory holds `rows * columns` elements and may be written while the owner lives.
  package init(rows: Int, columns: Int, over pointer: UnsafeMutablePointer<Float>, owner: AnyObject) {
    precondition(rows >= 0 && columns >= 0, "negative matrix shape")
    self.rows = rows
    self.columns = columns
    self.pointer = pointer
    self.owner = owner
  }

  private init(rows: Int, columns: Int, zeroed: Bool) {
    precondition(rows >= 0 && columns >= 0, "negative matrix shape")
    self.rows = rows
    self.columns = columns
    owner = nil
    let count = rows * columns
    pointer = BufferPool.shared.take(floats: count)
    if zeroed { pointer.update(repeating: 0, count: count) }
  }

  /// A matrix of zeros, `[rows, columns]`.
  package convenience init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, zeroed: true)
  }

  /// A matrix whose elements are not set; every element must be written before it is read.
  package static func uninitialized(rows: Int, columns: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, zeroed: false)
  }

  /// A matrix with the given elements in row-major order.
  /// - Precondition: `values.count == rows * columns`.
  package convenience init(rows: Int, columns: Int, values: [Float]) {
    precondition(values.count == rows * columns, "matrix shape does not match the number of values")
    self.init(rows: rows, columns: columns, zeroed: false)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
    }
  }

  deinit {
    guard owner == nil else { return }
    BufferPool.shared.give(pointer, floats: rows * columns)
  }

  /// First element of row `index`.
  /// - Precondition: `0 <= index <= rows` (one past the end is a valid address that must not be read).
  package func row(_ index: Int) -> UnsafeMutablePointer<Float> {
    precondition(index >= 0 && index <= rows, "row out of range")
    return pointer + index * columns
  }

  /// One element, bounds-checked.
  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns, "matrix index out of range")
      return pointer[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns, "matrix index out of range")
      pointer[row * columns + column] = newValue
    }
  }

  /// All elements as a buffer.
  package var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }

  /// A copy of the elements in row-major order.
  package var values: [Float] { Array(elements) }

  /// Sets every element to `value`.
  package func fill(_ value: Float) {
    parallelRanges(count, blockSize: Self.elementBlock) { range in
      (pointer + range.lowerBound).update(repeating: value, count: range.count)
    }
  }

  /// Elements of one piece of a copy: 512 KiB, some 50 microseconds.
  private static let elementBlock = 131_072

  private func copyElements(from source: UnsafePointer<Float>) {
    parallelRanges(count, blockSize: Self.elementBlock) { range in
      (pointer + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
    }
  }

  /// A new matrix with the same shape and elements.
  package func copy() -> Matrix {
    let result = Matrix.uninitialized(rows: rows, columns: columns)
    result.copyElements(from: pointer)
    return result
  }

  /// Copies all elements of `other`, which must have the same shape.
  package func assign(from other: Matrix) {
    precondition(rows == other.rows && columns == other.columns, "shapes differ")
    copyElements(from: other.pointer)
  }

  /// Rows `indices` of this matrix, `[indices.count, columns]`, in that order.
  package func gatherRows(_ indices: [Int32]) -> Matrix {
    let result = Matrix.uninitialized(rows: indices.count, columns: columns)
    for (target, source) in indices.enumerated() {
      result.row(target).update(from: row(Int(source)), count: columns)
    }
    return result
  }

  /// Matrices of equal height side by side, `[rows, sum of columns]`.
  /// - Precondition: there is at least one matrix.
  package static func besideEachOther(_ matrices: [Matrix]) -> Matrix {
    precondition(!matrices.isEmpty && matrices.allSatisfy { $0.rows == matrices[0].rows }, "heights differ")
    let result = Matrix.uninitialized(rows: matrices[0].rows, columns: matrices.reduce(0) { $0 + $1.columns })
    for row in 0..<result.rows {
      var target = result.row(row)
      for matrix in matrices {
        target.update(from: matrix.row(row), count: matrix.columns)
        target += matrix.columns
      }
    }
    return result
  }

  /// Columns `range` of this matrix as a copy, `[rows, range.count]`.
  package func columns(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "column range out of range")
    let result = Matrix.uninitialized(rows: rows, columns: range.count)
    for row in 0..<rows { result.row(row).update(from: self.row(row) + range.lowerBound, count: range.count) }
    return result
  }

  /// Rows `range` of this matrix where they lie: no copy, and a change of one shows in the other.
  ///
  /// The memory stays as long as the result does.
  package func rowsInPlace(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "row range out of range")
    return Matrix(rows: range.count, columns: columns, over: pointer + range.lowerBound * columns, owner: self)
  }

  /// Rows `range` of this matrix as a copy, `[range.count, columns]`.
  package func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "row range out of range")
    let result = Matrix.uninitialized(rows: range.count, columns: columns)
    result.pointer.update(from: pointer + range.lowerBound * columns, count: range.count * columns)
    return result
  }
}
