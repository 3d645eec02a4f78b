// Why a text is not JSON, or a value cannot be written as JSON.

/// A JSON text that cannot be parsed, or a value that JSON cannot hold.
package enum JSONError: DescribedFailure, Equatable {
  /// The text breaks RFC 8259 or a limit. `offset` is the byte from 0; `line` and `column` count from 1, in bytes.
  case malformed(offset: Int, line: Int, column: Int, reason: String)
  /// The value at `path` (such as `$.items[3].score`) is NaN or infinite, which JSON cannot represent.
  case nonFinite(path: String)

  package var description: String {
    switch self {
    case .malformed(let offset, let line, let column, let reason):
      return "line \(line), column \(column) (byte \(offset)): \(reason)"
    case .nonFinite(let path):
      return "the number at \(path) is not finite and has no JSON form"
    }
  }

  package var exitStatus: ExitStatus {
    if case .malformed = self { return .badData }
    return .failure
  }
}

/// What a parser accepts at most.
package struct JSONLimits: Sendable {
  /// Deepest nesting of arrays and objects; at most 512, so that the parser's stack stays small.
  package let depth: Int
  /// Longest text in bytes.
  package let bytes: Int

  /// Creates limits.
  package init(depth: Int = 128, bytes: Int = 1 << 30) {
    self.depth = max(1, min(depth, 512))
    self.bytes = bytes
  }
}
