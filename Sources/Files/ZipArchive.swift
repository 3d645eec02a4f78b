// ZIP archives as NumPy writes them (.npz): members by name, stored or deflated, verified by their CRC-32.

/// A ZIP archive open for reading.
///
/// The central directory decides; members that are encrypted, spread over several files or compressed otherwise than by
/// DEFLATE are refused.
struct ZipArchive {
  /// One member.
  struct Member {
    let name: String
    let method: Int
    let crc: UInt32
    let compressedSize: Int
    let size: Int
    let headerOffset: Int
  }

  /// Most members accepted; a sparse matrix has at most six.
  static let memberLimit = 64
  /// Most bytes that one compressed member may expand to; DEFLATE itself cannot exceed 1,032 times its input.
  static let expansionLimit = 1 << 31

  let source: ByteSource
  let members: [Member]

  /// Reads the directory.
  init(_ source: ByteSource) throws(FileError) {
    self.source = source
    // The end record has 22 bytes and a comment of at most 65,535.
    let tailStart = max(0, source.size - 22 - 0xFFFF)
    let tail = try source.bytes(tailStart..<source.size)
    guard
      let place = stride(from: tail.count - 22, through: 0, by: -1).first(where: {
        tail.number(4, at: $0) == 0x0605_4B50 && $0 + 22 + tail.number(2, at: $0 + 20) == tail.count
      })
    else { throw .malformed(path: source.path, detail: "is no ZIP archive (.npz), or is cut short") }
    let count = tail.number(2, at: place + 10)
    let size = tail.number(4, at: place + 12)
    let start = tail.number(4, at: place + 16)
    guard tail.number(2, at: place + 4) == 0, count <= Self.memberLimit, size <= source.size,
      start <= source.size - size
    else {
      throw .malformed(
        path: source.path,
        detail: "has a ZIP directory that is damaged, or of more than \(Self.memberLimit) members or 4 GiB")
    }
    let directory = try source.bytes(start..<start + size)
    var members: [Member] = []
    var position = 0
    for _ in 0..<count {
      guard directory.count - position >= 46, directory.number(4, at: position) == 0x0201_4B50 else {
        throw Self.damaged(source)
      }
      let lengths = (28...32).filter { $0 % 2 == 0 }.map { directory.number(2, at: position + $0) }
      let end = position + 46 + lengths.reduce(0, +)
      guard end <= directory.count else { throw Self.damaged(source) }
      let name = String(decoding: directory[position + 46..<position + 46 + lengths[0]], as: UTF8.self)
      guard directory.number(2, at: position + 8) & 1 == 0 else {
        throw .malformed(path: source.path, detail: "has encrypted members; save it without a password")
      }
      members.append(
        Member(
          name: name, method: directory.number(2, at: position + 10),
          crc: UInt32(directory.number(4, at: position + 16)), compressedSize: directory.number(4, at: position + 20),
          size: directory.number(4, at: position + 24), headerOffset: directory.number(4, at: position + 42)))
      position = end
    }
    self.members = members
  }

  /// The member of a name; nil when there is none.
  func member(_ name: String) -> Member? { members.first { $0.name == name } }

  /// The bytes of a member: a source and a range of it.
  ///
  /// Stored members stay in the file.
  func bytes(of member: Member) throws(FileError) -> (source: ByteSource, range: Range<Int>) {
    guard member.headerOffset <= source.size - 30 else { throw Self.damaged(source) }
    let header = try source.bytes(member.headerOffset..<member.headerOffset + 30)
    let start = member.headerOffset + 30 + header.number(2, at: 26) + header.number(2, at: 28)
    guard header.number(4, at: 0) == 0x0403_4B50, start <= source.size, member.compressedSize <= source.size - start
    else { throw Self.damaged(source) }
    let range = start..<start + member.compressedSize
    switch member.method {
    case 0:
      guard member.size == member.compressedSize else { throw Self.damaged(source) }
      try verify(source, range, member)
      return (source, range)
    case 8:
      guard member.size <= Self.expansionLimit, member.size / 1032 <= member.compressedSize else {
        throw .malformed(
          path: source.path, detail: "its member '\(member.name)' claims to have \(member.size) bytes")
      }
      let expanded = ByteSource(bytes: try inflated(range, member), name: source.path)
      try verify(expanded, 0..<member.size, member)
      return (expanded, 0..<member.size)
    default:
      throw .malformed(
        path: source.path, detail: "its member '\(member.name)' is compressed by method \(member.method), not deflated")
    }
  }

  private func inflated(_ range: Range<Int>, _ member: Member) throws(FileError) -> [UInt8] {
    let compressed = try source.bytes(range)
    var failure: InflateError?
    let result = [UInt8](unsafeUninitializedCapacity: member.size) { buffer, count in
      compressed.withUnsafeBytes { input in
        do throws(InflateError) {
          let output = UnsafeMutableRawBufferPointer(buffer)
          try Inflate.decompress(input, into: UnsafeMutableRawBufferPointer(rebasing: output[0..<member.size]))
          count = member.size
        } catch {
          failure = error
          count = 0
        }
      }
    }
    if let failure {
      throw .malformed(path: source.path, detail: "its member '\(member.name)' is damaged: \(failure.detail)")
    }
    return result
  }

  private func verify(_ source: ByteSource, _ range: Range<Int>, _ member: Member) throws(FileError) {
    var sum = CRC32()
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(range.upperBound, start + 1 << 16)
      sum.update(try source.bytes(start..<end))
      start = end
    }
    guard sum.value == member.crc else {
      throw .malformed(path: source.path, detail: "its member '\(member.name)' is damaged: its checksum differs")
    }
  }

  private static func damaged(_ source: ByteSource) -> FileError {
    .malformed(path: source.path, detail: "has a damaged ZIP directory")
  }
}

/// The CRC-32 of ZIP (polynomial 0xEDB88320 reflected; ISO 3309), one table entry a byte.
struct CRC32 {
  private var state: UInt32 = 0xFFFF_FFFF

  /// The checksum of all bytes so far.
  var value: UInt32 { ~state }

  /// Adds bytes.
  mutating func update(_ bytes: [UInt8]) {
    for byte in bytes { state = Self.table[Int((state ^ UInt32(byte)) & 0xFF)] ^ (state >> 8) }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
  }
}

extension [UInt8] {
  /// A little-endian number of two or four bytes.
  fileprivate func number(_ count: Int, at index: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(self[index + $1]) << ($1 * 8) }
  }
}
