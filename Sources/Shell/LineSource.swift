// Lines of a script, read from a file descriptor.

import Files
import Glibc

/// Reads lines of UTF-8 that end in LF or CRLF; the last one needs no ending.
///
/// Memory stays bounded whatever the input.
package final class LineSource {
  /// Longest line accepted, in bytes without its ending: 1 MiB.
  package static let lineLimit = 1 << 20

  /// What reading found.
  package enum Event: Equatable {
    case line(String)
    /// The line cannot be used; the next call goes on behind it.
    case failure(ShellError)
    /// The system cannot read further.
    case readFailure(String)
    /// A signal arrived while waiting.
    case interrupted
    case end
  }

  /// Number of the line last returned, from 1.
  package private(set) var lineNumber = 0
  /// Called before a read that has to wait, so that a program on the other side of two pipes gets its answers first.
  package var beforeWaiting: (() -> Void)?
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var position = 0
  private var available = 0
  private var isAtEnd = false
  private var partial: [UInt8] = []
  /// Bytes of the present line that were dropped because it is too long.
  private var isOverlong = false

  /// Reads from a descriptor; closes it at the end of its life when it owns it.
  package init(descriptor: Int32, ownsDescriptor: Bool = false) {
    self.descriptor = descriptor
    self.ownsDescriptor = ownsDescriptor
  }

  /// Opens a file.
  /// - Throws: `ShellError.missingFile` when it does not exist, cannot be opened or is a folder.
  package convenience init(path: String) throws(ShellError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw .missingFile(path: path, reason: FileError.reason(errno)) }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      close(descriptor)
      throw .missingFile(path: path, reason: FileError.reason(EISDIR))
    }
    self.init(descriptor: descriptor, ownsDescriptor: true)
  }

  deinit {
    if ownsDescriptor { close(descriptor) }
  }

  /// Which file this is, to find scripts that read themselves.
  var identity: (device: UInt, inode: UInt, isRegular: Bool) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return (0, 0, false) }
    return (UInt(status.st_dev), UInt(status.st_ino), status.st_mode & S_IFMT == S_IFREG)
  }

  /// True when a whole line has been read already, so that `next` will not wait.
  var hasBufferedLine: Bool {
    position < available
      && buffer.withUnsafeBytes { bytes in
        bytes.baseAddress.map { memchr($0 + position, 0x0A, available - position) != nil } ?? false
      }
  }

  /// The next line, without its ending.
  package func next() -> Event {
    while true {
      if position < available, let event = takeLine() { return event }
      if isAtEnd { return takeRest() }
      if let beforeWaiting {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, 0) == 0 { beforeWaiting() }
      }
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        position = 0
        available = count
      } else if count == 0 {
        isAtEnd = true
      } else if errno == EINTR {
        return .interrupted
      } else if errno == EAGAIN {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, -1) < 0 && errno == EINTR { return .interrupted }
      } else {
        isAtEnd = true
        return .readFailure(FileError.reason(errno))
      }
    }
  }

  /// The line that ends inside the buffer, or nil after putting the buffer aside.
  private func takeLine() -> Event? {
    let end = buffer.withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress, let found = memchr(base + position, 0x0A, available - position) else {
        return nil
      }
      return UnsafeRawPointer(found) - base
    }
    let piece = position..<(end ?? available)
    // One byte more than the limit may be a carriage return.
    if !isOverlong && partial.count + piece.count > Self.lineLimit + 1 {
      isOverlong = true
      partial = []
    }
    position = end.map { $0 + 1 } ?? available
    guard end != nil else {
      if !isOverlong { partial.append(contentsOf: buffer[piece]) }
      return nil
    }
    if isOverlong { return finish([]) }
    if partial.isEmpty { return finish(buffer[piece]) }
    partial.append(contentsOf: buffer[piece])
    let whole = partial
    partial.removeAll(keepingCapacity: whole.count <= 1 << 16)
    return finish(whole[...])
  }

  private func takeRest() -> Event {
    if partial.isEmpty && !isOverlong { return .end }
    let whole = partial
    partial = []
    return finish(whole[...])
  }

  private func finish(_ bytes: ArraySlice<UInt8>) -> Event {
    lineNumber += 1
    var bytes = bytes
    if bytes.last == 0x0D { bytes.removeLast() }
    if isOverlong || bytes.count > Self.lineLimit {
      isOverlong = false
      return .failure(.lineTooLong(limit: Self.lineLimit))
    }
    // A byte order mark is no part of the first command.
    if lineNumber == 1 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    return Self.decoded(bytes)
  }

  /// The text of a line, or why it is not one.
  package static func decoded(_ bytes: ArraySlice<UInt8>) -> Event {
    if let zero = bytes.firstIndex(of: 0) { return .failure(.zeroByte(column: zero - bytes.startIndex + 1)) }
    if let text = String(validating: bytes, as: UTF8.self) { return .line(text) }
    // Length of the valid start: the decoder stops at the first byte that cannot continue.
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var column = 1
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { column += UTF8.width(scalar) }
    return .failure(.notUTF8(column: column))
  }
}
