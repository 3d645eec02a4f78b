// How many cells of a terminal a text takes.

/// Widths in display cells, by grapheme cluster: 2 for East Asian wide and full-width characters and for emoji, 0 for
/// marks that combine, 1 for the rest.
///
/// A sequence of joined emoji takes 2, as terminals that join them draw it.
///
/// Source of the wide ranges: Unicode Standard Annex 11, East_Asian_Width W and F.
package enum DisplayWidth {
  /// Cells of a text without control characters (see `TerminalText`).
  /// - Complexity: O(bytes); ASCII text costs one scan.
  package static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    var width = 0
    for character in text { width += of(character) }
    return width
  }

  /// Cells of one grapheme cluster: the sum of its scalars', but 2 for a sequence of emoji, however long.
  package static func of(_ character: Character) -> Int {
    var width = 0
    for scalar in character.unicodeScalars {
      switch scalar.value {
      // Joined to the emoji before, or colouring it.
      case 0x200D where width == 2, 0x1F3FB...0x1F3FF where width == 2: return 2
      // An emoji that is narrow by default is drawn wide when the selector asks for its emoji form.
      case 0xFE0F where width == 1: return 2
      default: width += of(scalar)
      }
    }
    return width
  }

  /// Cells of one scalar on its own.
  package static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return value < 0x20 || (value >= 0x7F && value < 0xA0) || value == 0xAD ? 0 : 1 }
    if value >= 0x1100 && isWide(value) { return 2 }
    switch value {
    case 0x1160...0x11FF, 0xD7B0...0xD7FF:
      // Vowels and final consonants of conjoining Hangul sit on the leading consonant.
      return 0
    case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: return 0
    default: break
    }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: return 1
    }
  }

  /// The longest start of `text` that fits into `cells`, ending in `ellipsis` when something was cut.
  package static func cut(_ text: String, to cells: Int, ellipsis: String) -> String {
    if of(text) <= cells { return text }
    let room = cells - of(ellipsis)
    if room < 0 { return "" }
    var used = 0
    var end = text.startIndex
    while end < text.endIndex {
      let width = of(text[end])
      if used + width > room { break }
      used += width
      end = text.index(after: end)
    }
    return String(text[..<end]) + ellipsis
  }

  private static func isWide(_ value: UInt32) -> Bool {
    var low = 0
    var high = wideRanges.count
    while low < high {
      let middle = (low + high) / 2
      if value > wideRanges[middle].1 {
        low = middle + 1
      } else if value < wideRanges[middle].0 {
        high = middle
      } else {
        return true
      }
    }
    return false
  }

  private static let wideRanges: [(UInt32, UInt32)] = [
    (0x1100, 0x115F), (0x231A, 0x231B), (0x2329, 0x232A), (0x23E9, 0x23EC), (0x23F0, 0x23F0), (0x23F3, 0x23F3),
    (0x25FD, 0x25FE), (0x2614, 0x2615), (0x2648, 0x2653), (0x267F, 0x267F), (0x2693, 0x2693), (0x26A1, 0x26A1),
    (0x26AA, 0x26AB), (0x26BD, 0x26BE), (0x26C4, 0x26C5), (0x26CE, 0x26CE), (0x26D4, 0x26D4), (0x26EA, 0x26EA),
    (0x26F2, 0x26F3), (0x26F5, 0x26F5), (0x26FA, 0x26FA), (0x26FD, 0x26FD), (0x2705, 0x2705), (0x270A, 0x270B),
    (0x2728, 0x2728), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755), (0x2757, 0x2757), (0x2795, 0x2797),
    (0x27B0, 0x27B0), (0x27BF, 0x27BF), (0x2B1B, 0x2B1C), (0x2B50, 0x2B50), (0x2B55, 0x2B55), (0x2E80, 0x3029),
    (0x302E, 0x303E), (0x3041, 0x3098), (0x309B, 0x3247), (0x3250, 0x4DBF), (0x4E00, 0xA4CF), (0xA960, 0xA97F),
    (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE10, 0xFE19), (0xFE30, 0xFE6F), (0xFF01, 0xFF60), (0xFFE0, 0xFFE6),
    (0x16FE0, 0x16FE3), (0x16FF0, 0x18DFF), (0x1AFF0, 0x1B2FF), (0x1F004, 0x1F004), (0x1F0CF, 0x1F0CF),
    (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F200, 0x1F320), (0x1F32D, 0x1F335), (0x1F337, 0x1F37C),
    (0x1F37E, 0x1F393), (0x1F3A0, 0x1F3CA), (0x1F3CF, 0x1F3D3), (0x1F3E0, 0x1F3F0), (0x1F3F4, 0x1F3F4),
    (0x1F3F8, 0x1F43E), (0x1F440, 0x1F440), (0x1F442, 0x1F4FC), (0x1F4FF, 0x1F53D), (0x1F54B, 0x1F54E),
    (0x1F550, 0x1F567), (0x1F57A, 0x1F57A), (0x1F595, 0x1F596), (0x1F5A4, 0x1F5A4), (0x1F5FB, 0x1F64F),
    (0x1F680, 0x1F6C5), (0x1F6CC, 0x1F6CC), (0x1F6D0, 0x1F6D2), (0x1F6D5, 0x1F6DF), (0x1F6EB, 0x1F6EC),
    (0x1F6F4, 0x1F6FF), (0x1F7E0, 0x1F7EB), (0x1F7F0, 0x1F7F0), (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945),
    (0x1F947, 0x1F9FF), (0x1FA70, 0x1FAFF), (0x20000, 0x2FFFD), (0x30000, 0x3FFFD),
  ]
}
