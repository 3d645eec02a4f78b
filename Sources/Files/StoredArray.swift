// An array whose elements are still in their file: type, shape and place, and conversion piece by piece.

/// Where the bytes of an array are.
package struct StoredBytes: Sendable, Equatable {
  /// The range of the source.
  package let range: Range<Int>
  /// True for UTF-8 text whose characters U+0000 to U+00FF are the bytes (pickle protocol 2).
  package let isText: Bool
}

/// An array of numbers in row-major order inside a larger source.
///
/// Elements are read when they are asked for, in pieces, so that only the result takes memory.
package struct StoredArray: Sendable {
  /// Element type.
  package let dataType: NpyDataType
  /// Extent of every axis, outermost first.
  package let shape: [Int]
  /// Number of elements: the product of the shape.
  package let count: Int

  let source: ByteSource
  let content: StoredBytes

  /// The path of the file, for errors.
  package var path: String { source.path }

  /// An array of which type, shape and size agree; nil, with the reason, when they do not.
  static func make(
    dataType: NpyDataType, shape: [Int], source: ByteSource, content: StoredBytes
  ) -> Result<StoredArray, StoredArrayMismatch> {
    var count = 1
    for extent in shape where extent != 0 {
      let product = count.multipliedReportingOverflow(by: extent)
      guard extent > 0, !product.overflow else { return .failure(StoredArrayMismatch(detail: "an impossible shape")) }
      count = product.partialValue
    }
    if shape.contains(0) { count = 0 }
    let bytes = count.multipliedReportingOverflow(by: dataType.size)
    // Text needs one or two bytes for each byte of the array; its exact length is known when it is read.
    let least = content.isText ? (content.range.count + 1) / 2 : content.range.count
    guard !bytes.overflow, bytes.partialValue >= least, bytes.partialValue <= content.range.count else {
      let extents = shape.map { String($0) }.joined(separator: ", ")
      return .failure(
        StoredArrayMismatch(
          detail: "an array of shape (\(extents)) and type '\(dataType.rawValue)' with \(content.range.count) bytes"))
    }
    return .success(StoredArray(dataType: dataType, shape: shape, count: count, source: source, content: content))
  }

  private init(dataType: NpyDataType, shape: [Int], count: Int, source: ByteSource, content: StoredBytes) {
    self.dataType = dataType
    self.shape = shape
    self.count = count
    self.source = source
    self.content = content
  }

  // MARK: Reading

  /// Refuses a result that would take more memory than a file of this size may take.
  /// - Parameter bytesPerElement: size of an element of the result.
  package func requireMemory(bytesPerElement: Int) throws(FileError) {
    // The elements are backed by bytes of the file, so the product is small.
    guard count * bytesPerElement + (2 << 20) <= source.memoryLimit else {
      throw .malformed(
        path: path,
        detail: "\(count) numbers of type '\(dataType.rawValue)' need more memory than a file of "
          + "\(source.size) bytes may take; save float32 or float64")
    }
  }

  /// Reads all elements as Float32 into memory of the caller's, rounded to nearest.
  /// - Precondition: `target.count == count`.
  package func readFloats(into target: UnsafeMutableBufferPointer<Float>) throws(FileError) {
    precondition(target.count == count, "the target does not have the array's number of elements")
    if dataType == .float32, !content.isText, 1.littleEndian == 1 {
      return try source.read(into: UnsafeMutableRawBufferPointer(target), at: content.range.lowerBound)
    }
    try forEachPiece { bytes, elements throws(FileError) in
      dataType.convert(bytes, into: UnsafeMutableBufferPointer(rebasing: target[elements])) {
        Float($0)
      } integer: {
        Float($0)
      }
    }
  }

  /// All elements of an array of integers, each checked to lie in `0 ..< limit`.
  /// - Parameters:
  ///   - limit: at most 2^31.
  ///   - name: names the array in errors.
  /// - Throws: `FileError.malformed` with the first element that is out of range.
  package func indices(below limit: Int, name: String) throws(FileError) -> [Int32] {
    guard !dataType.isFloatingPoint, dataType != .bool else {
      throw .malformed(path: path, detail: "\(name) has elements of type '\(dataType.rawValue)', not integers")
    }
    var failure: FileError?
    let result = [Int32](unsafeUninitializedCapacity: count) { target, initialized in
      do throws(FileError) {
        var piece: [Int] = []
        try forEachPiece { bytes, elements throws(FileError) in
          piece = [Int](unsafeUninitializedCapacity: elements.count) { buffer, count in
            dataType.convert(bytes, into: UnsafeMutableBufferPointer(rebasing: buffer[0..<elements.count])) {
              Int(exactly: $0) ?? -1
            } integer: {
              $0
            }
            count = elements.count
          }
          for (offset, value) in piece.enumerated() {
            guard value >= 0, value < limit else {
              throw .malformed(
                path: path,
                detail: "\(name): element \(elements.lowerBound + offset) (counted from 0) is \(value), but must be "
                  + "at least 0 and below \(limit)")
            }
            target.initializeElement(at: elements.lowerBound + offset, to: Int32(truncatingIfNeeded: value))
          }
        }
        initialized = count
      } catch {
        failure = error
        initialized = 0
      }
    }
    if let failure { throw failure }
    return result
  }

  /// Calls `body` with the truth of every element, in order: false for zero of either sign, true for all else.
  package func forEachTruth(_ body: (Bool) -> Void) throws(FileError) {
    let size = dataType.size
    // Only the sign of a floating-point zero may be set.
    let lastMask: UInt8 = dataType.isFloatingPoint ? 0x7F : 0xFF
    try forEachPiece { bytes, elements throws(FileError) in
      for element in 0..<elements.count {
        let start = element * size
        var bits: UInt8 = bytes[start + size - 1] & lastMask
        for place in start..<start + size - 1 { bits |= bytes[place] }
        body(bits != 0)
      }
    }
  }

  /// Elements of one piece: 64 KiB of the largest type.
  private static let pieceElements = 8192

  /// Calls `body` with the bytes of up to `pieceElements` elements at a time, and which elements they are.
  private func forEachPiece(_ body: (UnsafeRawBufferPointer, Range<Int>) throws(FileError) -> Void) throws(FileError) {
    if content.isText { return try forEachTextPiece(body) }
    let size = dataType.size
    var buffer = [UInt8](repeating: 0, count: min(count, Self.pieceElements) * size)
    var start = 0
    while start < count {
      let elements = start..<min(count, start + Self.pieceElements)
      let result = buffer.withUnsafeMutableBytes { raw in
        Result { () throws(FileError) in
          let part = UnsafeMutableRawBufferPointer(rebasing: raw[0..<elements.count * size])
          try source.read(into: part, at: content.range.lowerBound + start * size)
          try body(UnsafeRawBufferPointer(part), elements)
        }
      }
      try result.get()
      start = elements.upperBound
    }
  }

  /// The same for bytes that were written as text: every character is one byte.
  private func forEachTextPiece(
    _ body: (UnsafeRawBufferPointer, Range<Int>) throws(FileError) -> Void
  ) throws(FileError) {
    let bytesWanted = count * dataType.size
    let pieceBytes = Self.pieceElements * dataType.size
    var decoded: [UInt8] = []
    decoded.reserveCapacity(min(pieceBytes, bytesWanted))
    var done = 0
    var lead: UInt8 = 0
    func flush() throws(FileError) {
      let elements = done..<done + decoded.count / dataType.size
      let result = decoded.withUnsafeBytes { raw in Result { () throws(FileError) in try body(raw, elements) } }
      try result.get()
      done = elements.upperBound
      decoded.removeAll(keepingCapacity: true)
    }
    var position = content.range.lowerBound
    while position < content.range.upperBound {
      let piece = try source.bytes(position..<min(content.range.upperBound, position + 1 << 16))
      for byte in piece {
        switch (lead, byte) {
        case (0, 0...0x7F): decoded.append(byte)
        case (0, 0xC2), (0, 0xC3):
          lead = byte
          continue
        case (0xC2, 0x80...0xBF): decoded.append(byte)
        case (0xC3, 0x80...0xBF): decoded.append(byte + 0x40)
        default:
          throw .malformed(path: path, detail: "an array's bytes at offset \(position) are not Latin-1 text")
        }
        lead = 0
        if decoded.count == pieceBytes {
          guard done * dataType.size + pieceBytes <= bytesWanted else { throw textLength() }
          try flush()
        }
      }
      position += piece.count
    }
    guard lead == 0, done * dataType.size + decoded.count == bytesWanted else { throw textLength() }
    if !decoded.isEmpty { try flush() }
  }

  private func textLength() -> FileError {
    .malformed(
      path: path, detail: "an array's bytes at offset \(content.range.lowerBound) are not as many as its shape needs")
  }
}

/// Type, shape and size of an array contradict each other.
struct StoredArrayMismatch: Error {
  /// What they are.
  let detail: String
}
