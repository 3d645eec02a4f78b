// How the strata of evaluation are named in print.

/// Names of strata.
enum StratumName {
  /// `≤ 5 items` for `<=5`, `most popular third` for `head`; an unknown name as it is.
  static func print(_ name: String) -> String {
    switch name {
    case "head": return "Most popular third"
    case "mid": return "Middle third"
    case "tail": return "Least popular third"
    case "cold": return "Without training users"
    default:
      guard name.contains(where: \.isNumber) else { return name }
      let range = name.replacing("<=", with: "≤\u{A0}").replacing(">", with: "more than ").replacing("-", with: "–")
      return range + " items"
    }
  }
}
