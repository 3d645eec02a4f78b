// Strict reading of a plan's objects: every member is asked for or refused, every error names its path.

import Files

/// One object of a plan.
///
/// Members are asked for one by one; `finish()` refuses what nobody asked for, so that a misspelt key is never ignored.
struct PlanObject {
  /// Where the object is, such as `$.models[1]`.
  let path: String
  private let members: [JSONValue.Member]
  private var asked: [String] = []

  init(_ value: JSONValue, path: String) throws(ExperimentError) {
    guard let members = value.object else { throw .badPlan(member: path, reason: "must be an object") }
    self.path = path
    self.members = members
  }

  /// The path of a member.
  func path(of key: String) -> String { path + "." + key }

  /// All keys in order, all of them then asked for.
  mutating func allMembers() -> [JSONValue.Member] {
    asked = members.map(\.key)
    return members
  }

  /// A member of any kind; nil when there is none.
  mutating func value(_ key: String) -> JSONValue? {
    asked.append(key)
    return members.first { $0.key == key }?.value
  }

  mutating func string(_ key: String) throws(ExperimentError) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.string, !text.isEmpty else {
      throw .badPlan(member: path(of: key), reason: "must be a string that is not empty")
    }
    return text
  }

  mutating func requiredString(_ key: String) throws(ExperimentError) -> String {
    guard let text = try string(key) else { throw .badPlan(member: path, reason: "has no '\(key)'") }
    return text
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(ExperimentError) -> Int? {
    guard let value = value(key) else { return nil }
    guard let number = value.int, range.contains(number) else {
      throw .badPlan(
        member: path(of: key), reason: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func array(_ key: String) throws(ExperimentError) -> [JSONValue]? {
    guard let value = value(key) else { return nil }
    guard let elements = value.array else { throw .badPlan(member: path(of: key), reason: "must be an array") }
    return elements
  }

  mutating func strings(_ key: String) throws(ExperimentError) -> [String]? {
    guard let elements = try array(key) else { return nil }
    var texts: [String] = []
    for (index, element) in elements.enumerated() {
      guard let text = element.string else {
        throw .badPlan(member: "\(path(of: key))[\(index)]", reason: "must be a string")
      }
      texts.append(text)
    }
    return texts
  }

  /// Different whole numbers that are not negative.
  mutating func seeds(_ key: String) throws(ExperimentError) -> [UInt64]? {
    guard let elements = try array(key) else { return nil }
    guard !elements.isEmpty else { throw .badPlan(member: path(of: key), reason: "names no seed") }
    var seeds: [UInt64] = []
    for (index, element) in elements.enumerated() {
      let place = "\(path(of: key))[\(index)]"
      guard let seed = element.int, seed >= 0 else {
        throw .badPlan(member: place, reason: "must be a whole number, 0 or more")
      }
      guard !seeds.contains(UInt64(seed)) else { throw .badPlan(member: place, reason: "is there twice") }
      seeds.append(UInt64(seed))
    }
    return seeds
  }

  /// Option values by name, in the order of the file.
  mutating func settings(_ key: String) throws(ExperimentError) -> [Setting] {
    guard let value = value(key) else { return [] }
    guard let members = value.object else { throw .badPlan(member: path(of: key), reason: "must be an object") }
    var settings: [Setting] = []
    for member in members {
      settings.append(
        Setting(member.key, try Self.text(member.value, path: "\(path(of: key)).\(member.key)")))
    }
    return settings
  }

  /// The text of an option's value: a number, a string, `true` or `false`.
  static func text(_ value: JSONValue, path: String) throws(ExperimentError) -> String {
    switch value {
    case .string(let text): return text
    case .integer(let number): return String(number)
    case .number(let number): return number.description
    case .bool(let flag): return flag ? "true" : "false"
    default: throw .badPlan(member: path, reason: "must be a number, a string, true or false")
    }
  }

  /// Refuses members that nobody asked for.
  func finish() throws(ExperimentError) {
    guard let unknown = members.first(where: { !asked.contains($0.key) }) else { return }
    throw .badPlan(
      member: path(of: unknown.key), reason: "is not known here; known: " + asked.joined(separator: ", "))
  }
}
