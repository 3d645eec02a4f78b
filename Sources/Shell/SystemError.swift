// The system's words for an errno.

import Glibc

/// Texts of system errors.
enum SystemError {
  /// The text of an error number, such as `No such file or directory`.
  static func text(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    // The GNU variant may return its own constant instead of filling the buffer; the POSIX one is what Swift imports.
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
