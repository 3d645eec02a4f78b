// The tensors of a safetensors file as Swift values: conversions between stored and computed types.

extension SafetensorsFile {
  /// A tensor's bytes.
  package func bytes(_ name: String) throws(SafetensorsError) -> [UInt8] {
    try array(try requiredTensor(name), of: UInt8.self)
  }

  /// A tensor's elements, of a type of the same size: a view of a mapped file, or read.
  package func buffer<Element: BitwiseCopyable & Sendable & Equatable>(
    _ tensor: SafetensorsTensor, of type: Element.Type
  ) throws(SafetensorsError) -> SharedBuffer<Element> {
    let elements = tensor.byteCount / MemoryLayout<Element>.stride
    if let (bytes, owner) = try mapped(tensor, alignment: MemoryLayout<Element>.alignment),
      let base = bytes.baseAddress
    {
      return SharedBuffer(base.assumingMemoryBound(to: Element.self), count: elements, owner: owner)
    }
    var outcome: Result<Void, SafetensorsError> = .success(())
    let result = SharedBuffer<Element>(count: elements) { target in
      do throws(SafetensorsError) {
        let raw = UnsafeMutableRawBufferPointer(target)
        try read(tensor, into: UnsafeMutableRawBufferPointer(rebasing: raw[0..<tensor.byteCount]))
      } catch { outcome = .failure(error) }
    }
    try outcome.get()
    return result
  }

  /// The elements of a tensor of F32 in a mapped file, verified, and what keeps them valid; nil when they must be read.
  package func mappedFloats(
    _ tensor: SafetensorsTensor
  ) throws(SafetensorsError) -> (pointer: UnsafeMutablePointer<Float>, owner: AnyObject)? {
    guard tensor.type == .float32,
      let (bytes, owner) = try mapped(tensor, alignment: MemoryLayout<Float>.alignment), let base = bytes.baseAddress
    else { return nil }
    return (UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: Float.self), owner)
  }

  /// A tensor of floats as Float32; F16 and BF16 are widened exactly, F64 is rounded to nearest.
  package func floats(_ name: String) throws(SafetensorsError) -> [Float] {
    let tensor = try requiredTensor(name)
    var outcome: Result<Void, SafetensorsError> = .success(())
    let values = [Float](unsafeUninitializedCapacity: tensor.count) { buffer, count in
      do throws(SafetensorsError) {
        try copyFloats(tensor, to: UnsafeMutableBufferPointer(rebasing: buffer[0..<tensor.count]))
        count = tensor.count
      } catch { outcome = .failure(error) }
    }
    try outcome.get()
    return values
  }

  /// Writes a tensor of floats as Float32 into memory for exactly its elements.
  package func copyFloats(
    _ tensor: SafetensorsTensor, to target: UnsafeMutableBufferPointer<Float>
  ) throws(SafetensorsError) {
    precondition(target.count == tensor.count, "the target must have the tensor's element count")
    switch tensor.type {
    case .float32: try read(tensor, into: UnsafeMutableRawBufferPointer(target))
    case .float16:
      let halves = try array(tensor, of: UInt16.self)
      for index in 0..<halves.count { target[index] = floatFromHalf(halves[index]) }
    case .bfloat16:
      let halves = try array(tensor, of: UInt16.self)
      for index in 0..<halves.count { target[index] = Float(bitPattern: UInt32(halves[index]) << 16) }
    case .float64:
      let values = try array(tensor, of: Double.self)
      for index in 0..<values.count { target[index] = Float(values[index]) }
    default: throw unexpected(tensor, "F32, F16, BF16 or F64")
    }
  }

  /// A tensor of doubles; other float types are widened exactly.
  package func doubles(_ name: String) throws(SafetensorsError) -> [Double] {
    let tensor = try requiredTensor(name)
    if tensor.type == .float64 { return try array(tensor, of: Double.self) }
    return try floats(name).map(Double.init)
  }

  /// A tensor of integers (I64, U64 that fits, I32, U32, I16, U16, I8, U8).
  package func integers(_ name: String) throws(SafetensorsError) -> [Int] {
    let tensor = try requiredTensor(name)
    switch tensor.type {
    case .int64: return try array(tensor, of: Int.self)
    case .int32: return try array(tensor, of: Int32.self).map(Int.init)
    case .uint32: return try array(tensor, of: UInt32.self).map(Int.init)
    case .int16: return try array(tensor, of: Int16.self).map(Int.init)
    case .uint16: return try array(tensor, of: UInt16.self).map(Int.init)
    case .int8: return try array(tensor, of: Int8.self).map(Int.init)
    case .uint8: return try array(tensor, of: UInt8.self).map(Int.init)
    case .uint64:
      var result: [Int] = []
      for value in try array(tensor, of: UInt64.self) {
        guard let value = Int(exactly: value) else { throw unexpected(tensor, "integers below 2^63") }
        result.append(value)
      }
      return result
    default: throw unexpected(tensor, "integers")
    }
  }

  /// A tensor of I32 elements.
  package func int32s(_ name: String) throws(SafetensorsError) -> [Int32] {
    let tensor = try requiredTensor(name)
    guard tensor.type == .int32 else { throw unexpected(tensor, "I32") }
    return try array(tensor, of: Int32.self)
  }

  /// A tensor of U64 elements.
  package func uint64s(_ name: String) throws(SafetensorsError) -> [UInt64] {
    let tensor = try requiredTensor(name)
    guard tensor.type == .uint64 else { throw unexpected(tensor, "U64") }
    return try array(tensor, of: UInt64.self)
  }

  /// The error for a tensor that has another type or shape than is needed.
  package func unexpected(_ tensor: SafetensorsTensor, _ expected: String) -> SafetensorsError {
    let shape = tensor.shape.map(String.init).joined(separator: ", ")
    return .unexpected(
      path: path, tensor: tensor.name, expected: expected, found: "\(tensor.type.rawValue) [\(shape)]")
  }

  /// The stored elements as an array of a type of the same size.
  private func array<Element: BitwiseCopyable>(
    _ tensor: SafetensorsTensor, of type: Element.Type
  ) throws(SafetensorsError) -> [Element] {
    let elements = tensor.byteCount / MemoryLayout<Element>.stride
    var outcome: Result<Void, SafetensorsError> = .success(())
    let values = [Element](unsafeUninitializedCapacity: elements) { buffer, count in
      do throws(SafetensorsError) {
        let target = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[0..<tensor.byteCount])
        try read(tensor, into: target)
        count = elements
      } catch { outcome = .failure(error) }
    }
    try outcome.get()
    return values
  }
}

/// The value of an IEEE 754 half: exact for every bit pattern, without a library call so that loops over it vectorise.
package func floatFromHalf(_ half: UInt16) -> Float {
  let magnitude = UInt32(half & 0x7FFF) << 13
  // 2^112 moves the half's exponent bias (15) to the single's (127); subnormals come out right because the product
  // of a subnormal single and a power of two is exact here.
  let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
  let special: UInt32 = half & 0x7C00 == 0x7C00 ? 0x7F80_0000 | magnitude : scaled
  return Float(bitPattern: special | UInt32(half & 0x8000) << 16)
}

/// The half nearest to `value`, ties to even; values beyond 65,504 by half a step become infinite.
package func halfFromFloat(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
  let magnitude = bits & 0x7FFF_FFFF
  if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
  if magnitude >= 0x4780_0000 { return sign | 0x7C00 }
  if magnitude < 0x3880_0000 {
    // Subnormal half: adding 0.5 aligns the significand so that the addition itself rounds to even at 2^-24.
    let aligned = (Float(bitPattern: magnitude) + 0.5).bitPattern
    return sign | UInt16(truncatingIfNeeded: aligned &- Float(0.5).bitPattern)
  }
  let odd = (magnitude >> 13) & 1
  return sign | UInt16(truncatingIfNeeded: (magnitude &- 0x3800_0000 &+ 0xFFF &+ odd) >> 13)
}
