// Lists of ids in files, as `--users`, `--candidates` and `--exclude` take them.

import Files

/// One id a line.
enum IdentifierLines {
  /// The ids of a file, exactly as written; lines end with LF or CRLF.
  ///
  /// Lines of nothing but blanks are passed over, and so is a byte order mark at the beginning.
  /// - Parameters:
  ///   - path: the file.
  ///   - what: what is listed, for the message.
  static func read(_ path: String, what: String) throws -> [String] {
    let bytes = try FileReader.contents(of: path)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw CommandFailure.badFile("\(path): the list of \(what) is not UTF-8; write one id a line")
    }
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(byteOrderMark.count) : bytes[...]
    // By bytes: an id may hold any other character that Unicode counts as a line break.
    return text.split(separator: 0x0A).compactMap { line in
      let id = line.last == 0x0D ? line.dropLast() : line
      let isBlank = id.allSatisfy { $0 == 0x20 || $0 == 0x09 }
      return isBlank ? nil : String(decoding: id, as: UTF8.self)
    }
  }
}
