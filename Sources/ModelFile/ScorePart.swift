// What the columns of the vectors that rank stand for.

/// A run of columns of the final vectors: one summand of every score.
///
/// score(u, i) = Σ over the parts of x_u[columns] · y_i[columns].
package struct ScorePart: Sendable, Equatable {
  /// How the user's columns of a part come about.
  package enum Source: String, Sendable {
    /// By the base model: `Attribution` says how.
    case model
    /// As the sum over the user's training items j of (d_u d_j)^-1/2 y_j[columns], d the degrees in the training
    /// interactions: every past item carries an exact term.
    case history
  }

  /// Its name: `collaborative`, `collaborative_specific`, `collaborative_shared`, `language_specific`,
  /// `language_shared` or `language`.
  package let name: String
  /// Its columns.
  package let columns: Range<Int>
  /// Where the user's columns come from.
  package let source: Source

  /// A part.
  package init(name: String, columns: Range<Int>, source: Source) {
    self.name = name
    self.columns = columns
    self.source = source
  }

  /// The one part of a model whose score nobody has divided.
  package static func undivided(_ dimension: Int) -> [ScorePart] {
    [ScorePart(name: "collaborative", columns: 0..<dimension, source: .model)]
  }

  /// Most parts of a score.
  static let limit = 16

  /// Parts as text, such as `collaborative:32:model language_specific:384:history`; `init(parsing:)` reads it back.
  static func text(_ parts: [ScorePart]) -> String {
    parts.map { "\($0.name):\($0.columns.count):\($0.source.rawValue)" }.joined(separator: " ")
  }

  /// Reads what `text` wrote; nil for anything else.
  ///
  /// Whether the parts fit a model is checked with the model.
  static func parse(_ text: String) -> [ScorePart]? {
    guard text.utf8.count <= 4096 else { return nil }
    var parts: [ScorePart] = []
    var start = 0
    for word in text.split(separator: " ") {
      let fields = word.split(separator: ":", omittingEmptySubsequences: false)
      guard
        parts.count < limit, fields.count == 3, let width = Int(fields[1]), (1...1_000_000).contains(width),
        let source = Source(rawValue: String(fields[2])), isValidName(fields[0])
      else { return nil }
      parts.append(ScorePart(name: String(fields[0]), columns: start..<start + width, source: source))
      start += width
    }
    return parts.isEmpty ? nil : parts
  }

  static func isValidName(_ name: some StringProtocol) -> Bool {
    (1...64).contains(name.utf8.count) && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") }
  }
}
