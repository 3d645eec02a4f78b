// Writing pickles that NumPy and SciPy load: one array or one sparse matrix, protocol 4.

/// Writes pickles of arrays and sparse matrices.
///
/// The opcodes are those of Python's own pickler without frames and memo, which readers do not need. Names are the ones
/// that every version understands: `scipy.sparse.coo_matrix` with the attributes `row` and `col`, which SciPy since 1.11
/// turns into `coords`, and `numpy.core.multiarray`, which NumPy 2 keeps for pickles. The same content gives the same
/// bytes.
package struct PickleWriter: ~Copyable {
  private let writer: FileWriter

  private init(_ path: String) throws(FileError) { writer = try FileWriter(path) }

  /// Writes a sparse matrix as `coo_matrix`: int32 rows and columns, float64 ones.
  package static func write(_ path: String, matrix: SparseCoordinates) throws(FileError) {
    let pickle = try PickleWriter(path)
    try pickle.start()
    try pickle.opcodes {
      $0.append(class: "coo_matrix", of: "scipy.sparse")
      $0.append(.emptyTuple, .newObject, .emptyDictionary, .mark)
      $0.append(text: "_shape")
      $0.append(integer: matrix.rows)
      $0.append(integer: matrix.columns)
      $0.append(.tuple2)
      $0.append(text: "maxprint")
      $0.append(integer: 50)
    }
    for (name, indices) in [("row", matrix.rowIndices), ("col", matrix.columnIndices)] {
      try pickle.opcodes { $0.append(text: name) }
      try pickle.array(type: .int32, shape: [indices.count], elements: indices.lazy.map { UInt32(bitPattern: $0) })
    }
    try pickle.opcodes { $0.append(text: "data") }
    try pickle.array(
      type: .float64, shape: [matrix.count], elements: repeatElement(Double(1).bitPattern, count: matrix.count))
    try pickle.opcodes {
      $0.append(text: "has_canonical_format")
      $0.append(.newFalse, .setItems, .build)
    }
    try pickle.finish()
  }

  /// Writes an array of float32 in row-major order.
  /// - Precondition: `values.count` is the product of `shape`.
  package static func write(
    _ path: String, shape: [Int], values: UnsafeBufferPointer<Float>
  ) throws(FileError) {
    precondition(shape.reduce(1, *) == values.count, "the number of elements does not match the shape")
    let pickle = try PickleWriter(path)
    try pickle.start()
    try pickle.array(type: .float32, shape: shape, elements: values.lazy.map(\.bitPattern))
    try pickle.finish()
  }

  private func start() throws(FileError) {
    try opcodes {
      $0.append(.protocolVersion)
      $0.append(4)
    }
  }

  private func finish() throws(FileError) {
    try opcodes { $0.append(.stop) }
    try writer.finish()
  }

  private func opcodes(_ body: (inout [UInt8]) -> Void) throws(FileError) { try writer.append(body) }

  /// An array: `_reconstruct(ndarray, (0,), b'b')`, then its state.
  private func array(
    type: NpyDataType, shape: [Int], elements: some Sequence<some FixedWidthInteger>
  ) throws(FileError) {
    let bytes = shape.reduce(type.size, *)
    try opcodes {
      $0.append(class: "_reconstruct", of: "numpy.core.multiarray")
      $0.append(class: "ndarray", of: "numpy")
      $0.append(integer: 0)
      $0.append(.tuple1)
      $0.append(.shortBytes)
      $0.append(contentsOf: [1, UInt8(ascii: "b")])
      $0.append(.tuple3, .reduce, .mark)
      $0.append(integer: 1)
      $0.append(.mark)
      for extent in shape { $0.append(integer: extent) }
      $0.append(.tuple)
      $0.append(dataType: type)
      $0.append(.newFalse)
      if bytes <= Int(UInt32.max) {
        $0.append(.bytes)
        $0.append(littleEndian: UInt32(bytes))
      } else {
        $0.append(.bytes8)
        $0.append(littleEndian: UInt64(bytes))
      }
    }
    var iterator = elements.makeIterator()
    var isAtEnd = false
    while !isAtEnd {
      // A piece at a time, so that the writer's buffer stays small.
      try opcodes { buffer in
        for _ in 0..<1 << 16 {
          guard let element = iterator.next() else {
            isAtEnd = true
            return
          }
          buffer.append(littleEndian: element)
        }
      }
    }
    try opcodes { $0.append(.tuple, .build) }
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ opcodes: PickleOpcode...) {
    for opcode in opcodes { append(opcode.rawValue) }
  }

  fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// A text of at most 255 bytes.
  fileprivate mutating func append(text: String) {
    append(.shortText)
    append(UInt8(text.utf8.count))
    append(contentsOf: text.utf8)
  }

  fileprivate mutating func append(integer value: Int) {
    if let value = Int32(exactly: value) {
      append(.int32)
      append(littleEndian: value)
    } else {
      append(.long1)
      append(8)
      append(littleEndian: Int64(value))
    }
  }

  fileprivate mutating func append(class name: String, of module: String) {
    append(text: module)
    append(text: name)
    append(.stackGlobal)
  }

  /// `dtype('f8', False, True)` with the state of a plain little-endian type.
  fileprivate mutating func append(dataType: NpyDataType) {
    append(class: "dtype", of: "numpy")
    append(text: String(dataType.rawValue.dropFirst()))
    append(.newFalse, .newTrue, .tuple3, .reduce, .mark)
    append(integer: 3)
    append(text: "<")
    append(.none, .none, .none)
    append(integer: -1)
    append(integer: -1)
    append(integer: 0)
    append(.tuple, .build)
  }
}
