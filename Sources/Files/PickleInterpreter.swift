// The machine that reads a pickle as a description of arrays: opcodes of an allow-list over tables, nothing is called.

/// Interprets one pickle.
///
/// Every opcode takes constant time apart from the values it gathers, each of which was pushed by an opcode of its own,
/// and the number of opcodes is limited: memory and time do not depend on what a stranger's file says.
struct PickleInterpreter {
  /// Most opcodes interpreted.
  ///
  /// A sparse matrix needs about 200 and an array about 50, whatever their size.
  static let opcodeLimit = 1 << 16
  /// Longest text that is looked at: a class's name or an attribute's.
  static let nameLimit = 256

  private var cursor: PickleCursor
  private(set) var elements: [PickleValue] = []
  private var stack: [PickleValue] = []
  /// Heights of the stack at the marks that are open.
  private var marks: [Int] = []
  private var memo: [PickleValue?] = []
  private var memoCount = 0
  private(set) var dictionaries: [[(key: String, value: PickleValue)]] = []
  private(set) var objects: [PickleObject] = []
  /// Offset of the opcode that is interpreted.
  private var offset = 0
  /// The end of the frame that is open.
  private var frameEnd = 0

  var source: ByteSource { cursor.source }

  init(_ source: ByteSource) { cursor = PickleCursor(source) }

  /// Interprets the pickle and returns its value.
  mutating func run() throws -> PickleValue {
    try readProtocol()
    for _ in 0..<Self.opcodeLimit {
      offset = cursor.position
      guard let byte = try cursor.next() else { throw malformed("ends without STOP") }
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw PickleError.notAllowed(path: source.path, offset: offset, what: "opcode \(PickleOpcode.name(of: byte))")
      }
      if opcode == .stop { return try stop() }
      try interpret(opcode)
      // A frame's length is a promise about where opcodes end.
      guard offset >= frameEnd || cursor.position <= frameEnd || opcode == .frame else {
        throw malformed("\(PickleOpcode.name(of: byte)) crosses the end of its frame at \(frameEnd)")
      }
    }
    throw PickleError.overBudget(path: source.path, offset: offset, what: "opcodes", limit: Self.opcodeLimit)
  }

  private mutating func readProtocol() throws {
    guard source.size > 0 else { throw malformed("is empty") }
    guard try cursor.next() == PickleOpcode.protocolVersion.rawValue, let version = try cursor.next() else {
      throw malformed("does not begin with PROTO as pickles of protocol 2 to 5 do")
    }
    guard (2...5).contains(version) else { throw malformed("has pickle protocol \(version); 2 to 5 are read") }
  }

  private mutating func stop() throws -> PickleValue {
    guard marks.isEmpty, stack.count == 1, let value = stack.last else {
      throw malformed("STOP with \(stack.count) values and \(marks.count) marks on the stack instead of one value")
    }
    guard offset >= frameEnd || cursor.position == frameEnd else {
      throw malformed("STOP before the end of its frame at \(frameEnd)")
    }
    guard cursor.remaining == 0 else { throw malformed("STOP with \(cursor.remaining) bytes behind it") }
    return value
  }

  private mutating func interpret(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .stop: break
    case .protocolVersion: throw malformed("PROTO within a pickle")
    case .frame: try openFrame()
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .newTrue: stack.append(.boolean(true))
    case .newFalse: stack.append(.boolean(false))
    case .uint8: stack.append(.integer(Int(try number(1))))
    case .uint16: stack.append(.integer(Int(try number(2))))
    case .int32: stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case .long1: stack.append(.integer(try long()))
    case .shortText: stack.append(.text(try payload(lengthBytes: 1)))
    case .text: stack.append(.text(try payload(lengthBytes: 4)))
    case .shortBytes: stack.append(.bytes(StoredBytes(range: try payload(lengthBytes: 1), isText: false)))
    case .bytes: stack.append(.bytes(StoredBytes(range: try payload(lengthBytes: 4), isText: false)))
    case .bytes8, .byteArray8:
      stack.append(.bytes(StoredBytes(range: try payload(lengthBytes: 8), isText: false)))
    case .emptyTuple: pushTuple([])
    case .tuple1: pushTuple(try pop(1))
    case .tuple2: pushTuple(try pop(2))
    case .tuple3: pushTuple(try pop(3))
    case .tuple: pushTuple(try popToMark())
    case .emptyDictionary:
      dictionaries.append([])
      stack.append(.dictionary(dictionaries.count - 1))
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())
    case .put: try remember(at: Int(try number(1)))
    case .longPut: try remember(at: Int(try number(4)))
    case .memoize: try remember(at: memoCount)
    case .get: try recall(Int(try number(1)))
    case .longGet: try recall(Int(try number(4)))
    case .global: try pushClass(module: try line(), name: try line())
    case .stackGlobal:
      let names = try pop(2)
      guard case .text(let module) = names[0], case .text(let name) = names[1] else {
        throw malformed("STACK_GLOBAL on \(names[0].kind) and \(names[1].kind)")
      }
      try pushClass(module: try text(module), name: try text(name))
    case .newObject: try newObject()
    case .reduce: try reduce()
    case .build: try build()
    }
  }

  // MARK: Arguments of opcodes

  private mutating func number(_ bytes: Int) throws -> UInt64 {
    guard let value = try cursor.number(bytes: bytes) else { throw ended() }
    return value
  }

  /// The argument of LONG1: a two's-complement number.
  private mutating func long() throws -> Int {
    let length = Int(try number(1))
    guard length <= 8 else { throw malformed("an integer of \(length) bytes") }
    guard length > 0 else { return 0 }
    let bits = try number(length)
    let unused = UInt64(64 - length * 8)
    return Int(Int64(bitPattern: bits << unused) >> Int64(unused))
  }

  private mutating func payload(lengthBytes: Int) throws -> Range<Int> {
    let length = try number(lengthBytes)
    guard let range = cursor.skip(length) else {
      throw malformed("\(length) bytes are announced, but \(cursor.remaining) are left")
    }
    return range
  }

  private mutating func openFrame() throws {
    guard offset >= frameEnd else { throw malformed("FRAME within a frame") }
    let length = try number(8)
    guard length <= UInt64(cursor.remaining) else {
      throw malformed("a frame of \(length) bytes is announced, but \(cursor.remaining) are left")
    }
    frameEnd = cursor.position + Int(length)
  }

  /// The rest of a line, without its end.
  private mutating func line() throws -> String {
    var bytes: [UInt8] = []
    while true {
      guard let byte = try cursor.next() else { throw ended() }
      if byte == 0x0A { break }
      bytes.append(byte)
      guard bytes.count <= Self.nameLimit else { throw malformed("a name of more than \(Self.nameLimit) bytes") }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A short text of the source.
  func text(_ range: Range<Int>) throws -> String {
    guard range.count <= Self.nameLimit else {
      throw malformed("a name of \(range.count) bytes; at most \(Self.nameLimit) are accepted")
    }
    return String(decoding: try source.bytes(range), as: UTF8.self)
  }

  // MARK: Stack and memo

  /// The last values, which must lie above the last mark.
  mutating func pop(_ count: Int) throws -> ArraySlice<PickleValue> {
    guard stack.count - (marks.last ?? 0) >= count else { throw malformed("fewer than \(count) values on the stack") }
    let values = stack.suffix(count)
    stack.removeLast(count)
    return ArraySlice(Array(values))
  }

  private mutating func popToMark() throws -> ArraySlice<PickleValue> {
    guard let mark = marks.popLast() else { throw malformed("no mark on the stack") }
    return try pop(stack.count - mark)
  }

  mutating func push(_ value: PickleValue) { stack.append(value) }

  private mutating func pushTuple(_ values: ArraySlice<PickleValue>) {
    let start = elements.count
    elements.append(contentsOf: values)
    stack.append(.tuple(start..<elements.count))
  }

  private mutating func remember(at index: Int) throws {
    guard index < Self.opcodeLimit else {
      throw PickleError.overBudget(path: source.path, offset: offset, what: "memo entries", limit: Self.opcodeLimit)
    }
    guard stack.count > (marks.last ?? 0), let value = stack.last else { throw malformed("no value to remember") }
    while memo.count <= index { memo.append(nil) }
    if memo[index] == nil { memoCount += 1 }
    memo[index] = value
  }

  private mutating func recall(_ index: Int) throws {
    guard index < memo.count, let value = memo[index] else { throw malformed("nothing remembered under \(index)") }
    stack.append(value)
  }

  private mutating func setItems(_ values: ArraySlice<PickleValue>) throws {
    let values = Array(values)
    guard stack.count > (marks.last ?? 0), case .dictionary(let index)? = stack.last else {
      throw malformed("SETITEMS on \(stack.last?.kind ?? "nothing"), not on a dictionary")
    }
    guard values.count % 2 == 0 else { throw malformed("a key without a value") }
    for place in stride(from: 0, to: values.count, by: 2) {
      guard case .text(let key) = values[place] else { throw malformed("\(values[place].kind) as a key, not a text") }
      dictionaries[index].append((try text(key), values[place + 1]))
    }
  }

  private mutating func pushClass(module: String, name: String) throws {
    guard let known = PickleClass(module: module, name: name) else {
      throw PickleError.notAllowed(
        path: source.path, offset: offset, what: "class '\(Self.shown(module)).\(Self.shown(name))'")
    }
    stack.append(.named(known))
  }

  /// The printable ASCII of a stranger's text, cut short.
  static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(80).map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
    return String(scalars) + (text.unicodeScalars.count > 80 ? "..." : "")
  }

  // MARK: Objects

  mutating func pushObject(_ object: PickleObject) {
    objects.append(object)
    stack.append(.object(objects.count - 1))
  }

  mutating func setObject(_ index: Int, _ object: PickleObject) { objects[index] = object }

  /// The elements of a tuple; nil for any other value.
  func tuple(_ value: PickleValue) -> ArraySlice<PickleValue>? {
    guard case .tuple(let range) = value else { return nil }
    return elements[range]
  }

  // MARK: Errors

  func malformed(_ detail: String) -> PickleError {
    .malformed(path: source.path, offset: offset, detail: detail)
  }

  func notAllowed(_ what: String) -> PickleError { .notAllowed(path: source.path, offset: offset, what: what) }

  private func ended() -> PickleError { malformed("ends within an opcode's argument") }
}
