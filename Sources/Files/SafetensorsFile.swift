// Reading a safetensors file: everything is validated before memory is taken, every byte read is checked.

#if canImport(Glibc)
  import Glibc
#endif

/// An open safetensors file.
///
/// Opening parses and checks the header only, unless the whole file is asked for; a tensor is read on request with `pread`
/// into memory of the caller, and its checksum is computed over that memory, so nothing can change between the check and
/// the use (a mapped file is the exception). Files of other
/// writers carry no checksums and are read without; see `Checksums`.
package final class SafetensorsFile: Sendable {
  /// What is asked of checksums.
  package enum Checksums: Sendable {
    /// Header and every tensor must have one, and it must match: files written by this program.
    case required
    /// What is there must match: files of any writer.
    case ifPresent
    /// Not computed.
    case ignored
  }

  /// Metadata key of the header's own checksum; always the first entry of files that this program writes.
  package static let headerChecksumKey = "header_crc32c"
  /// Metadata key of the tensors' checksums: a JSON object, written as a string, from name to 8 hexadecimal digits.
  package static let tensorChecksumsKey = "crc32c"

  /// The path given when opening, for messages.
  package let path: String
  /// Tensors and metadata.
  package let header: SafetensorsHeader
  /// Size of the whole file in bytes.
  package let byteCount: Int

  /// Calls a body once for each number below a count, perhaps at the same time; a plain loop unless the caller has
  /// something better.
  package typealias Loop = @Sendable (_ count: Int, _ body: (Int) -> Void) -> Void

  /// How the bytes of tensors are come by.
  package enum Access: Sendable {
    /// Read when a tensor is asked for: files of which only some tensors are wanted.
    case pieces
    /// Read as one at the start where the file is small (up to 64 MiB), else in pieces: files that are wanted whole.
    case whole
    /// Mapped; nothing is copied where type and place allow.
    case mapped
  }

  private enum Source: Sendable {
    case descriptor(Int32)
    case mapping(MappedFile)
    case memory([UInt8])
  }

  private let source: Source
  private let dataStart: Int
  private let checksums: Checksums
  private let indices: [String: Int]
  private let tensorChecksums: [String: UInt32]
  private let loop: Loop

  /// True when the file's own pages are used: tensors are mapped, not read, where their type allows.
  package var isMapped: Bool { if case .mapping(let file) = source { file.isView } else { false } }
  /// Files up to this size are read as one.
  private static let wholeFileLimit = 64 << 20

  /// Opens a file and checks its header.
  /// - Parameters:
  ///   - checksums: what is asked of checksums.
  ///   - access: how the bytes of tensors are come by.
  ///   - loop: how the pieces of a tensor are gone through.
  /// - Throws: `SafetensorsError`.
  package convenience init(
    path: String, checksums: Checksums = .ifPresent, access: Access = .pieces,
    loop: @escaping Loop = { count, body in for index in 0..<count { body(index) } }
  ) throws(SafetensorsError) {
    // O_NONBLOCK: opening a FIFO must not wait for a writer; only regular files pass the check that follows.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
      throw .system(SystemError(call: "open", path: path, code: errno))
    }
    do throws(SafetensorsError) {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else {
        throw .system(SystemError(call: "fstat", path: path, code: errno))
      }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular(path: path) }
      var source = Source.descriptor(descriptor)
      if access == .mapped && status.st_size > 0 {
        guard let mapping = MappedFile(descriptor: descriptor, byteCount: Int(status.st_size)) else {
          throw .system(SystemError(call: "mmap", path: path, code: errno))
        }
        source = .mapping(mapping)
      } else if access == .whole, Int(status.st_size) <= Self.wholeFileLimit,
        let copy = MappedFile(copying: descriptor, byteCount: Int(status.st_size), loop: loop)
      {
        source = .mapping(copy)
      }
      try self.init(
        path: path, source: source, byteCount: Int(status.st_size), checksums: checksums, loop: loop)
      // A mapping outlives its descriptor.
      if case .mapping = source { close(descriptor) }
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Reads a file that is in memory.
  /// - Parameter name: stands for the path in messages.
  package convenience init(
    bytes: [UInt8], name: String, checksums: Checksums = .ifPresent
  ) throws(SafetensorsError) {
    try self.init(path: name, source: .memory(bytes), byteCount: bytes.count, checksums: checksums) { count, body in
      for index in 0..<count { body(index) }
    }
  }

  private init(
    path: String, source: Source, byteCount: Int, checksums: Checksums, loop: @escaping Loop
  ) throws(SafetensorsError) {
    guard byteCount >= 8 else { throw .tooShort(path: path, byteCount: byteCount) }
    var prefix = [UInt8](repeating: 0, count: 8)
    try Self.read(source, at: 0, into: &prefix, path: path)
    let length = prefix.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    guard length <= SafetensorsLimits.headerBytes, length <= byteCount - 8 else {
      throw .headerLength(path: path, length: length, available: byteCount - 8)
    }
    var text = [UInt8](repeating: 0, count: Int(length))
    try Self.read(source, at: 8, into: &text, path: path)
    // The checksum comes before parsing: a damaged file is called damaged, not malformed.
    let stated = Self.statedHeaderChecksum(text)
    switch (checksums, stated) {
    case (.ignored, _), (.ifPresent, nil): break
    case (.required, nil): throw .headerChecksum(path: path)
    case (_, .some(let value)):
      guard value == Self.headerChecksum(prefix: prefix, text: text) else { throw .headerChecksum(path: path) }
    }
    let dataByteCount = byteCount - 8 - Int(length)
    do {
      header = try text.withUnsafeBytes { try SafetensorsHeader(parsing: $0, dataByteCount: dataByteCount) }
    } catch let problem as SafetensorsHeaderProblem {
      throw .header(path: path, problem)
    } catch {
      throw .tooShort(path: path, byteCount: byteCount)
    }
    tensorChecksums = checksums == .ignored ? [:] : Self.tensorChecksums(header)
    indices = Dictionary(uniqueKeysWithValues: header.tensors.enumerated().map { ($1.name, $0) })
    self.path = path
    self.source = source
    self.byteCount = byteCount
    self.checksums = checksums
    self.loop = loop
    dataStart = 8 + Int(length)
  }

  deinit {
    if case .descriptor(let descriptor) = source { close(descriptor) }
  }

  /// Names of the tensors in the order of their data.
  package var names: [String] { header.tensors.map(\.name) }

  /// A tensor's description; nil when there is none of this name.
  package func tensor(_ name: String) -> SafetensorsTensor? {
    indices[name].map { header.tensors[$0] }
  }

  /// A tensor's description.
  package func requiredTensor(_ name: String) throws(SafetensorsError) -> SafetensorsTensor {
    guard let tensor = tensor(name) else { throw .noTensor(path: path, tensor: name) }
    return tensor
  }

  /// Reads a tensor's bytes into memory of exactly its size and verifies its checksum.
  package func read(_ tensor: SafetensorsTensor, into target: UnsafeMutableRawBufferPointer) throws(SafetensorsError) {
    precondition(target.count == tensor.byteCount, "the target must have the tensor's size")
    let expected = tensorChecksums[tensor.name]
    if expected == nil && checksums == .required { throw .checksumMissing(path: path, tensor: tensor.name) }
    // Pieces stay in the cache between being read and being summed.
    var outcomes = [Result<UInt32, SafetensorsError>](repeating: .success(0), count: pieceCount(of: tensor))
    outcomes.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      loop(slots.count) { index in
        let range = pieceRange(index, of: tensor)
        let piece = UnsafeMutableRawBufferPointer(rebasing: target[range])
        do throws(SystemError) {
          guard try Self.read(source, at: dataStart + tensor.offset + range.lowerBound, into: piece, path: path) else {
            slots[index] = .failure(.truncated(path: path, tensor: tensor.name))
            return
          }
        } catch {
          slots[index] = .failure(.system(error))
          return
        }
        if expected != nil { slots[index] = .success(CRC32C.checksum(UnsafeRawBufferPointer(piece))) }
      }
    }
    try compare(outcomes, of: tensor, with: expected)
  }

  /// The bytes of a tensor of a file that is mapped or was read as one, after its checksum has been verified; else nil.
  /// - Parameter alignment: what the place of the first byte must be divisible by; nil is returned when it is not.
  func mapped(_ tensor: SafetensorsTensor, alignment: Int) throws(SafetensorsError) -> (
    UnsafeRawBufferPointer, AnyObject
  )? {
    guard case .mapping(let mapping) = source else { return nil }
    let start = dataStart + tensor.offset
    guard start.isMultiple(of: alignment) else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: mapping.bytes[start..<start + tensor.byteCount])
    let expected = tensorChecksums[tensor.name]
    if expected == nil && checksums == .required { throw .checksumMissing(path: path, tensor: tensor.name) }
    guard expected != nil else { return (bytes, mapping) }
    var outcomes = [Result<UInt32, SafetensorsError>](repeating: .success(0), count: pieceCount(of: tensor))
    outcomes.withUnsafeMutableBufferPointer { buffer in
      let slots = buffer
      loop(slots.count) { index in
        slots[index] = .success(
          CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[pieceRange(index, of: tensor)])))
      }
    }
    try compare(outcomes, of: tensor, with: expected)
    return (bytes, mapping)
  }

  private static let pieceSize = 1 << 18

  private func pieceCount(of tensor: SafetensorsTensor) -> Int {
    (tensor.byteCount + Self.pieceSize - 1) / Self.pieceSize
  }

  private func pieceRange(_ index: Int, of tensor: SafetensorsTensor) -> Range<Int> {
    index * Self.pieceSize..<min(tensor.byteCount, (index + 1) * Self.pieceSize)
  }

  /// The first failure of the pieces, or that their joined checksum is not the expected one.
  private func compare(
    _ outcomes: [Result<UInt32, SafetensorsError>], of tensor: SafetensorsTensor, with expected: UInt32?
  ) throws(SafetensorsError) {
    var sums: [(value: UInt32, byteCount: Int)] = []
    for (index, outcome) in outcomes.enumerated() {
      sums.append((try outcome.get(), pieceRange(index, of: tensor).count))
    }
    if let expected, expected != CRC32C.joined(sums) { throw .tensorChecksum(path: path, tensor: tensor.name) }
  }

  /// Reads every tensor and verifies its checksum, in pieces of bounded size.
  package func verify() throws(SafetensorsError) {
    for tensor in header.tensors {
      let target = UnsafeMutableRawBufferPointer.allocate(byteCount: tensor.byteCount, alignment: 64)
      defer { target.deallocate() }
      try read(tensor, into: target)
    }
  }

  // MARK: - Checksums

  /// Where files of this program keep the header's checksum: the header starts with this text and 8 digits.
  static let checksumPrefix = Array("{\"__metadata__\":{\"\(headerChecksumKey)\":\"".utf8)

  /// CRC32C of the header's length and text with the eight digits of the checksum replaced by zeros.
  static func headerChecksum(prefix: [UInt8], text: [UInt8]) -> UInt32 {
    var zeroed = text
    for position in checksumPrefix.count..<checksumPrefix.count + 8 { zeroed[position] = UInt8(ascii: "0") }
    var sum = CRC32C()
    prefix.withUnsafeBytes { sum.update($0) }
    zeroed.withUnsafeBytes { sum.update($0) }
    return sum.value
  }

  private static func statedHeaderChecksum(_ text: [UInt8]) -> UInt32? {
    guard text.count >= checksumPrefix.count + 8, text.starts(with: checksumPrefix) else { return nil }
    return CRC32C.value(of: String(decoding: text[checksumPrefix.count..<checksumPrefix.count + 8], as: UTF8.self))
  }

  /// Reads the object of checksums, `{"name":"01234567",...}`; an entry that is not of this form counts as absent.
  private static func tensorChecksums(_ header: SafetensorsHeader) -> [String: UInt32] {
    guard let text = header.metadata(tensorChecksumsKey) else { return [:] }
    var result: [String: UInt32] = [:]
    // Names written by this program hold no quote or backslash, so the quotes alone delimit names and digits.
    let parts = text.utf8.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
    var index = 1
    while index + 2 < parts.count {
      if let value = CRC32C.value(of: String(decoding: parts[index + 2], as: UTF8.self)) {
        result[String(decoding: parts[index], as: UTF8.self)] = value
      }
      index += 4
    }
    return result
  }

  // MARK: - Bytes

  private static func read(
    _ source: Source, at offset: Int, into bytes: inout [UInt8], path: String
  ) throws(SafetensorsError) {
    let outcome: Result<Bool, SystemError> = bytes.withUnsafeMutableBytes { target in
      do throws(SystemError) { return .success(try read(source, at: offset, into: target, path: path)) } catch {
        return .failure(error)
      }
    }
    switch outcome {
    case .success(true): return
    case .success(false): throw .truncated(path: path, tensor: "header")
    case .failure(let error): throw .system(error)
    }
  }

  /// Fills `target` from `offset`; false when the file ends before.
  @discardableResult
  private static func read(
    _ source: Source, at offset: Int, into target: UnsafeMutableRawBufferPointer, path: String
  ) throws(SystemError) -> Bool {
    guard let base = target.baseAddress, target.count > 0 else { return true }
    switch source {
    case .mapping(let mapping):
      guard offset <= mapping.bytes.count, target.count <= mapping.bytes.count - offset else { return false }
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: mapping.bytes[offset..<offset + target.count]))
      return true
    case .memory(let bytes):
      guard offset <= bytes.count, target.count <= bytes.count - offset else { return false }
      bytes.withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + target.count]))
      }
      return true
    case .descriptor(let descriptor):
      var done = 0
      while done < target.count {
        let count = pread(descriptor, base + done, target.count - done, off_t(offset + done))
        if count == 0 { return false }
        if count < 0 {
          if errno == EINTR { continue }
          throw SystemError(call: "pread", path: path, code: errno)
        }
        done += count
      }
      return true
    }
  }
}
