// Names on the command line, separated by commas.

/// The words of an option such as `--models lightgcn,sgl`.
enum NameList {
  /// The names in the order given; every known name for `all`.
  /// - Parameters:
  ///   - text: what was given.
  ///   - known: the names there are.
  ///   - option: what an error calls the option.
  ///   - all: the word that stands for every name.
  /// - Throws: `CommandFailure` with status 64 for any other name.
  static func parse(_ text: String, among known: [String], option: String, all: String = "all") throws -> [String] {
    if text == all { return known }
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    for word in words where !known.contains(word) {
      throw CommandFailure.usage(
        "\(option) takes names separated by commas, of \(known.joined(separator: ", ")), or \(all); not '\(word)'")
    }
    return words
  }
}
