// Results as JSON, and JSON as name-value pairs.

import Files

extension JSONValue {
  /// A number, or null where it is not finite: JSON has no infinity and no NaN.
  static func finite(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    return .number(value)
  }

  /// Every number below this value with the keys that lead to it, joined by points, in the order of the members.
  ///
  /// Elements of an array are named by their position from 0. Anything that is not a number is passed over.
  package var flatNumbers: [(name: String, value: Double)] { flatNumbers(under: "") }

  private func flatNumbers(under prefix: String) -> [(name: String, value: Double)] {
    func name(_ key: String) -> String { prefix.isEmpty ? key : prefix + "." + key }
    switch self {
    case .object(let members): return members.flatMap { $0.value.flatNumbers(under: name($0.key)) }
    case .array(let values):
      return values.enumerated().flatMap { $0.element.flatNumbers(under: name(String($0.offset))) }
    default: return double.map { [(name: prefix, value: $0)] } ?? []
    }
  }
}
