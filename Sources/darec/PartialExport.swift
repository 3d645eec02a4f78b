// What an export that was stopped has left: which users are done, and where to go on.

import Engine
import Files
import Glibc

/// The file of an export of explanations that was stopped at any byte.
///
/// Users are exported in the order of their list, all records of one after those of the other. What follows the last
/// line feed is a torn line; the records of the user before it may be incomplete as well. So the export goes on with the
/// last user who has any record, whose records are taken away and made again.
struct PartialExport {
  /// Bytes that stay: all records of the users before the one to go on with.
  private(set) var keptBytes = 0
  /// Position in the list of users of the one to go on with.
  private(set) var position = 0
  /// Position of the first user who has a record, and all bytes of that user's records that are in the file; nil in a
  /// file without a whole record.
  private(set) var first: (position: Int, bytes: [UInt8])?

  /// Longest line that can be a record.
  private static let lineLimit = 1 << 28
  private static let pieceSize = 1 << 20

  /// Reads a file from its beginning; memory does not grow with it.
  /// - Parameters:
  ///   - path: the file; one that is not there counts as empty.
  ///   - users: the ids of the export, in order.
  ///   - fingerprint: of the model that goes on; nil when it has none.
  /// - Throws: `CommandFailure.badFile` for a file that is not an export of these users with this model.
  init(path: String, users: [String], fingerprint: String?) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw FileError.unreadable(path: path, reason: FileError.reason(errno))
    }
    defer { close(descriptor) }
    var line: [UInt8] = []
    var lineNumber = 0
    var offset = 0
    var user: String?
    var piece = [UInt8](repeating: 0, count: Self.pieceSize)
    while true {
      let count = read(descriptor, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError.unreadable(path: path, reason: FileError.reason(errno)) }
      if count == 0 { break }
      var rest = piece[..<count]
      while let end = rest.firstIndex(of: 0x0A) {
        line.append(contentsOf: rest[...end])
        rest = rest[(end + 1)...]
        lineNumber += 1
        try take(line, path: path, number: lineNumber, at: offset, users: users, fingerprint: fingerprint, user: &user)
        offset += line.count
        line.removeAll(keepingCapacity: true)
      }
      line.append(contentsOf: rest)
      guard line.count <= Self.lineLimit else { throw refusal(path, lineNumber + 1, "is too long to be a record") }
    }
  }

  private func refusal(_ path: String, _ line: Int, _ problem: String) -> CommandFailure {
    .badFile("\(path):\(line): the line \(problem); --resume goes on with a file of the same export only")
  }

  /// Takes one whole line, with its line feed.
  private mutating func take(
    _ line: [UInt8], path: String, number: Int, at offset: Int, users: [String], fingerprint: String?,
    user current: inout String?
  ) throws {
    guard let record = try? JSONValue.parse(Array(line.dropLast())), record["type"]?.string == "explanation",
      let user = record["user"]?["id"]?.string
    else { throw refusal(path, number, "is no explanation") }
    let other = record["model"]?["fingerprint"]?.string
    guard other == fingerprint else {
      throw refusal(
        path, number, "is of the model \(other ?? "without fingerprint"), this one is \(fingerprint ?? "without one")")
    }
    if user != current {
      let start = current == nil ? 0 : position + 1
      guard let next = users[start...].firstIndex(of: user) else {
        throw refusal(path, number, "is of user '\(user)', who is not next in the list of users")
      }
      position = next
      keptBytes = offset
      current = user
    }
    if first == nil { first = (position, []) }
    if first?.position == position { first?.bytes.append(contentsOf: line) }
  }
}
