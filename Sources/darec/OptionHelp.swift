// Lists of declared options for --help.

import Files

/// Renders declared options.
enum OptionHelp {
  /// A title and one or two lines an option; lines fit 80 columns.
  static func list(_ title: String, _ options: [OptionDeclaration]) -> String {
    let lines = options.map { option -> String in
      let setting = "  \(option.name)=\(option.defaultValue)"
      let fill = String(repeating: " ", count: max(2, 28 - setting.count))
      let allowed = shortAllowed(option.kind)
      let text = setting + fill + option.summary
      guard !allowed.isEmpty else { return text }
      return text.count + allowed.count + 3 <= 79
        ? "\(text) (\(allowed))" : text + "\n" + String(repeating: " ", count: 28) + "(\(allowed))"
    }
    return title + "\n" + lines.joined(separator: "\n")
  }

  /// The values in a few characters; empty where the default says it all.
  private static func shortAllowed(_ kind: OptionDeclaration.Kind) -> String {
    switch kind {
    case .integer(let range): return "\(range.lowerBound)...\(range.upperBound)"
    case .number(let range): return range.upperBound <= 1 ? "0...1" : ""
    case .choice(let words): return words.joined(separator: "|")
    case .flag: return "true|false"
    }
  }
}
