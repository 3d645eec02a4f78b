// Makes text of the data harmless for a terminal.

/// Text that is safe to write to a terminal: nothing in it can move the cursor, ring, set a title, reach the clipboard,
/// reorder the line or hide characters.
///
/// Replaced by a visible escape: C0 and C1 controls and DEL (`\x1B`; line feed, carriage return and tab as `\n`, `\r`,
/// `\t`), bidirectional controls, line and paragraph separators, zero-width characters except a joiner between two
/// emoji, fillers that are drawn as nothing, tags, supplementary variation selectors, annotation marks and
/// noncharacters (`\u{202E}`). The result is for reading: a backslash of the data is not doubled, so it cannot be
/// decoded again. Use a mode made for programs for that.
package enum TerminalText {
  /// Appends the safe form of `text` as UTF-8.
  package static func append(_ text: String, to bytes: inout [UInt8]) {
    if isPlainASCII(text) {
      bytes.append(contentsOf: text.utf8)
    } else {
      bytes.append(contentsOf: escaped(text).utf8)
    }
  }

  /// The safe form of `text`.
  package static func escaped(_ text: String) -> String {
    if isPlainASCII(text) { return text }
    var result = ""
    result.reserveCapacity(text.utf8.count + 8)
    let scalars = text.unicodeScalars
    var previousIsEmoji = false
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let next = scalars.index(after: index)
      if scalar.value == 0x200D {
        let nextIsEmoji = next < scalars.endIndex && isEmoji(scalars[next])
        if previousIsEmoji && nextIsEmoji {
          result.unicodeScalars.append(scalar)
        } else {
          result += escape(of: scalar)
        }
      } else if mustEscape(scalar.value) {
        result += escape(of: scalar)
        previousIsEmoji = false
      } else {
        result.unicodeScalars.append(scalar)
        // A variation selector keeps what stands before it.
        if scalar.value != 0xFE0F { previousIsEmoji = isEmoji(scalar) }
      }
      index = next
    }
    return result
  }

  /// True when every byte is a printable ASCII character.
  static func isPlainASCII(_ text: String) -> Bool {
    for byte in text.utf8 where byte < 0x20 || byte >= 0x7F { return false }
    return true
  }

  /// True for scalars that never reach a terminal; the zero-width joiner is judged by its neighbours instead.
  package static func mustEscape(_ value: UInt32) -> Bool {
    if value < 0x20 { return true }
    if value < 0x7F { return false }
    if value < 0xA0 { return true }
    switch value {
    case 0xAD, 0x61C, 0x180E, 0xFEFF: return true
    case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F: return true
    // Fillers and joiners that are drawn as nothing, or as a blank that no ordinary blank is told apart from.
    case 0x34F, 0x115F...0x1160, 0x17B4...0x17B5, 0x2800, 0x3164, 0xFFA0: return true
    case 0xFFF9...0xFFFB, 0xFDD0...0xFDEF: return true
    case 0xE0000...0xE0FFF: return true
    default: return value & 0xFFFE == 0xFFFE
    }
  }

  private static func isEmoji(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value > 0xFF && scalar.properties.isEmoji
  }

  private static func escape(of scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case 0x09: return "\\t"
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0..<0x100:
      let digits = String(scalar.value, radix: 16, uppercase: true)
      return "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
    default: return "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
    }
  }
}
