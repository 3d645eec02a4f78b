// From the bytes of array elements to numbers of one type.

extension NpyDataType {
  /// True for numbers with fractions.
  package var isFloatingPoint: Bool {
    switch self {
    case .float16, .float32, .float64: return true
    case .bool, .int8, .uint8, .int32, .int64: return false
    }
  }

  /// Converts elements of this type, which need not be aligned.
  /// - Parameters:
  ///   - bytes: the elements, little-endian.
  ///   - target: receives as many numbers.
  ///   - floating: makes a number of a floating-point element.
  ///   - integer: makes a number of an integer; a truth value is 0, or 1 for any byte that is not 0.
  func convert<Element: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Element>,
    floating: (Double) -> Element, integer: (Int) -> Element
  ) {
    let count = target.count
    precondition(bytes.count == count * size, "the bytes are not those of the elements")
    switch self {
    case .bool:
      for index in 0..<count { target.initializeElement(at: index, to: integer(bytes[index] == 0 ? 0 : 1)) }
    case .float16:
      for index in 0..<count {
        let bits = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        target.initializeElement(at: index, to: floating(Double(Float16(bitPattern: bits))))
      }
    case .float32:
      for index in 0..<count {
        let bits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        target.initializeElement(at: index, to: floating(Double(Float(bitPattern: bits))))
      }
    case .float64:
      for index in 0..<count {
        let bits = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        target.initializeElement(at: index, to: floating(Double(bitPattern: bits)))
      }
    case .int8:
      for index in 0..<count {
        target.initializeElement(at: index, to: integer(Int(Int8(bitPattern: bytes[index]))))
      }
    case .uint8:
      for index in 0..<count { target.initializeElement(at: index, to: integer(Int(bytes[index]))) }
    case .int32:
      for index in 0..<count {
        let value = Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
        target.initializeElement(at: index, to: integer(Int(value)))
      }
    case .int64:
      for index in 0..<count {
        let value = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
        target.initializeElement(at: index, to: integer(Int(value)))
      }
    }
  }
}
