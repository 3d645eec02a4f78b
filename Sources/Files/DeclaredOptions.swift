// Options that a model or an alignment declares: one declaration gives parsing, checking, help and config.json.

/// One option with its kind, default and meaning.
package struct OptionDeclaration: Sendable {
  /// What values an option takes.
  package enum Kind: Sendable {
    /// A whole number in a closed range.
    case integer(ClosedRange<Int>)
    /// A finite number in a closed range.
    case number(ClosedRange<Double>)
    /// One of some words.
    case choice([String])
    /// `true` or `false`.
    case flag
  }

  /// Name as typed in `--set NAME=VALUE` and written to config.json; lower case, words joined by `-`.
  package let name: String
  /// Which values it takes.
  package let kind: Kind
  /// The value it has when nothing is said.
  package let defaultValue: String
  /// One line for help.
  package let summary: String

  /// Declares an option.
  package init(_ name: String, _ kind: Kind, default defaultValue: String, _ summary: String) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.summary = summary
  }

  /// The values it takes, in words.
  package var allowed: String {
    switch kind {
    case .integer(let range): return "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): return "a number from \(range.lowerBound) to \(range.upperBound)"
    case .choice(let words): return "one of " + words.joined(separator: ", ")
    case .flag: return "true or false"
    }
  }

  /// True when `text` is one of the values it takes.
  package func accepts(_ text: String) -> Bool {
    switch kind {
    case .integer(let range): return Int(text).map(range.contains) ?? false
    case .number(let range): return Double(text).map { $0.isFinite && range.contains($0) } ?? false
    case .choice(let words): return words.contains(text)
    case .flag: return text == "true" || text == "false"
    }
  }
}

/// A wrong option name or value on the command line or in a configuration.
package enum OptionError: DescribedFailure {
  /// No option of this name is declared by `owner`.
  case unknown(name: String, owner: String, known: [String])
  /// The option does not take this value.
  case badValue(name: String, value: String, allowed: String)

  package var description: String {
    switch self {
    case .unknown(let name, let owner, let known):
      return "\(owner) has no option '\(name)'; it has: " + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .badValue(let name, let value, let allowed):
      return "option '\(name)' cannot be '\(value)'; it takes \(allowed)"
    }
  }

  package var exitStatus: ExitStatus { .usage }
}

/// Values for a list of declared options; every declared option has a value.
package struct OptionValues: Sendable, Equatable {
  private var entries: [(name: String, value: String)]

  /// The defaults of some declarations.
  package init(_ declarations: [OptionDeclaration]) {
    entries = declarations.map { ($0.name, $0.defaultValue) }
  }

  package static func == (left: OptionValues, right: OptionValues) -> Bool {
    left.entries.elementsEqual(right.entries) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Sets one option after checking it.
  /// - Parameters:
  ///   - name: a declared name.
  ///   - value: the text of its value.
  ///   - declarations: the same declarations that made this value.
  ///   - owner: who declares them, for the message.
  package mutating func set(
    _ name: String, to value: String, declarations: [OptionDeclaration], owner: String
  ) throws(OptionError) {
    guard
      let declaration = declarations.first(where: { $0.name == name }),
      let index = entries.firstIndex(where: { $0.name == name })
    else { throw .unknown(name: name, owner: owner, known: declarations.map(\.name)) }
    guard declaration.accepts(value) else {
      throw .badValue(name: name, value: value, allowed: declaration.allowed)
    }
    entries[index].value = value
  }

  /// The text of an option.
  /// - Precondition: the option is declared.
  package func text(_ name: String) -> String {
    guard let entry = entries.first(where: { $0.name == name }) else {
      preconditionFailure("option \(name) is not declared")
    }
    return entry.value
  }

  /// An integer option.
  package func integer(_ name: String) -> Int { Int(text(name)) ?? 0 }

  /// A number option.
  package func number(_ name: String) -> Double { Double(text(name)) ?? 0 }

  /// A flag option.
  package func flag(_ name: String) -> Bool { text(name) == "true" }

  /// All options in declaration order, for config.json.
  package var pairs: [(name: String, value: String)] { entries }
}
