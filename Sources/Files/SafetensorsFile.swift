// Reading a safetensors file: everything is validated before memory is taken, every byte read is checked.

#if canImport(Glibc)
  import Glibc
#endif

/// An open safetensors file.
///
/// Opening parses and checks the header only; a tensor is read on request with `pread` into memory of the caller, and
/// its checksum is computed over that memory, so nothing can change between the check and the use. Files of other
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

  private enum Source: Sendable {
    case descriptor(Int32)
    case memory([UInt8])
  }

  private let source: Source
  private let dataStart: Int
  private let checksums: Checksums
  private let indices: [String: Int]
  private let tensorChecksums: [String: UInt32]

  /// Opens a file and checks its header.
  /// - Throws: `SafetensorsError`.
  package convenience init(path: String, checksums: Checksums = .ifPresent) throws(SafetensorsError) {
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
      try self.init(path: path, source: .descriptor(descriptor), byteCount: Int(status.st_size), checksums: checksums)
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
    try self.init(path: name, source: .memory(bytes), byteCount: bytes.count, checksums: checksums)
  }

  private init(path: String, source: Source, byteCount: Int, checksums: Checksums) throws(SafetensorsError) {
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
    var sum = CRC32C()
    var done = 0
    while done < target.count {
      let piece = UnsafeMutableRawBufferPointer(rebasing: target[done..<min(target.count, done + 1 << 18)])
      do throws(SystemError) {
        let complete = try Self.read(source, at: dataStart + tensor.offset + done, into: piece, path: path)
        if !complete { throw SystemError(call: "", path: path, code: 0) }
      } catch {
        throw error.call.isEmpty ? .truncated(path: path, tensor: tensor.name) : .system(error)
      }
      if expected != nil { sum.update(UnsafeRawBufferPointer(piece)) }
      done += piece.count
    }
    if let expected, expected != sum.value { throw .tensorChecksum(path: path, tensor: tensor.name) }
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
