// Reading members of JSON values and building them from literals.

extension JSONValue {
  /// True for an integer or a number.
  package var isNumber: Bool {
    switch self {
    case .integer, .number, .float: return true
    default: return false
    }
  }

  /// The text of a string; nil for any other value.
  package var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The value of an integer, or of a number that is one exactly; nil for any other value.
  package var int: Int? {
    switch self {
    case .integer(let integer): return integer
    case .number(let number): return Int(exactly: number)
    case .float(let number): return Int(exactly: number)
    default: return nil
    }
  }

  /// The value of any number; nil for any other value.
  package var double: Double? {
    switch self {
    case .integer(let integer): return Double(integer)
    case .number(let number): return number
    case .float(let number): return Double(number)
    default: return nil
    }
  }

  /// The value of `true` or `false`; nil for any other value.
  package var bool: Bool? {
    if case .bool(let flag) = self { return flag }
    return nil
  }

  /// The elements of an array; nil for any other value.
  package var array: [JSONValue]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  /// The members of an object in order; nil for any other value.
  package var object: [Member]? {
    if case .object(let members) = self { return members }
    return nil
  }

  /// The value of a member; nil when this is no object or has no such member.
  ///
  /// Setting replaces the value in its place or appends the member; setting nil removes it.
  /// - Precondition: for setting, the value is an object.
  package subscript(key: String) -> JSONValue? {
    get {
      guard case .object(let members) = self else { return nil }
      return members.first { $0.key == key }?.value
    }
    set {
      guard case .object(var members) = self else {
        preconditionFailure("a member can be set in an object only")
      }
      // Let go of the stored array first, so that the change is made in place and building stays linear.
      self = .null
      if let index = members.firstIndex(where: { $0.key == key }) {
        if let newValue { members[index].value = newValue } else { members.remove(at: index) }
      } else if let newValue {
        members.append(Member(key, newValue))
      }
      self = .object(members)
    }
  }

  /// The element at a position; nil when this is no array or is too short.
  package subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// An object from pairs in order.
  package static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { Member($0.key, $0.value) })
  }

  /// An array of numbers.
  package static func floats(_ values: some Sequence<Float>) -> JSONValue { .array(values.map { .float($0) }) }

  /// An array of strings.
  package static func strings(_ values: some Sequence<String>) -> JSONValue { .array(values.map { .string($0) }) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  /// A string.
  package init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
  /// An integer.
  package init(integerLiteral value: Int) { self = .integer(value) }
}

extension JSONValue: ExpressibleByFloatLiteral {
  /// A number.
  package init(floatLiteral value: Double) { self = .number(value) }
}

extension JSONValue: ExpressibleByBooleanLiteral {
  /// `true` or `false`.
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
  /// An array.
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  /// An object whose members keep the order of the literal.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}
