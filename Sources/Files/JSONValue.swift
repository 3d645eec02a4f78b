// A JSON value whose objects keep the order of their members.

/// A JSON value.
///
/// Objects keep insertion order, so output never depends on hashing. Not `indirect`: the arrays of its cases are boxes enough,
/// and a value costs no allocation of its own.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A finite number, written in the shortest form that reads back as the same Double.
  case number(Double)
  /// A finite number, written in the shortest form that reads back as the same Float.
  case float(Float)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One member of an object.
  package struct Member: Sendable, Equatable {
    package var key: String
    package var value: JSONValue

    /// Creates a member.
    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }
}
