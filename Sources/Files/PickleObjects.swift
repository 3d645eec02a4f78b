// What NEWOBJ, REDUCE and BUILD mean for the few classes of the allow-list: descriptions of arrays are put together.

extension PickleInterpreter {
  /// NEWOBJ: an empty sparse matrix.
  mutating func newObject() throws {
    let values = Array(try pop(2))
    guard case .named(let known) = values[0] else { throw notAllowed("opcode NEWOBJ on \(values[0].kind)") }
    guard case .sparse(let format) = known else { throw notAllowed("opcode NEWOBJ on '\(known.name)'") }
    guard tuple(values[1])?.isEmpty == true else { throw notAllowed("opcode NEWOBJ on '\(known.name)' with arguments") }
    pushObject(.sparse(format, attributes: nil))
  }

  /// REDUCE: what a function of the allow-list would have made of its arguments.
  mutating func reduce() throws {
    let values = Array(try pop(2))
    guard case .named(let known) = values[0] else { throw notAllowed("opcode REDUCE on \(values[0].kind)") }
    guard let slice = tuple(values[1]) else { throw malformed("REDUCE with \(values[1].kind) for arguments") }
    let arguments = Array(slice)
    switch known {
    case .reconstruct:
      // numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), b'b'): an array that BUILD fills.
      guard arguments.count == 3, case .named(.array) = arguments[0], tuple(arguments[1])?.count == 1,
        case .bytes = arguments[2]
      else { throw malformed("'\(known.name)' with unknown arguments") }
      pushObject(.array(nil))
    case .dataType:
      // numpy.dtype('f8', False, True): align and copy mean nothing for numbers.
      guard arguments.count == 3, case .text(let range) = arguments[0], case .boolean = arguments[1],
        case .boolean = arguments[2]
      else { throw malformed("'\(known.name)' with unknown arguments") }
      let code = try text(range)
      guard let type = NpyDataType(pickled: code) else {
        throw notAllowed("'\(known.name)' of '\(Self.shown(code))' (b1, f2, f4, f8, i1, i4, i8 and u1 are read)")
      }
      pushObject(.dataType(type, isBuilt: false))
    case .fromBuffer:
      // numpy.core.numeric._frombuffer(bytes, dtype, shape, 'C').
      guard arguments.count == 4, case .bytes(let content) = arguments[0], case .text(let order) = arguments[3] else {
        throw malformed("'\(known.name)' with unknown arguments")
      }
      let isFortranOrder = try text(order) == "F"
      let array = try array(
        shape: arguments[2], dataType: arguments[1], isFortranOrder: isFortranOrder, content: content)
      pushObject(.array(array))
    case .encode:
      // _codecs.encode('...', 'latin1').
      guard arguments.count == 2, case .text(let range) = arguments[0], case .text(let codec) = arguments[1],
        try text(codec) == "latin1"
      else { throw malformed("'\(known.name)' with other arguments than a text and 'latin1'") }
      push(.bytes(StoredBytes(range: range, isText: true)))
    case .bytes:
      guard arguments.isEmpty else { throw malformed("'\(known.name)' with arguments") }
      push(.bytes(StoredBytes(range: 0..<0, isText: false)))
    case .sparse, .array: throw notAllowed("opcode REDUCE on '\(known.name)'")
    }
  }

  /// BUILD: gives an object its state, once.
  mutating func build() throws {
    let values = Array(try pop(2))
    guard case .object(let index) = values[0] else { throw notAllowed("opcode BUILD on \(values[0].kind)") }
    switch objects[index] {
    case .sparse(let format, attributes: nil):
      guard case .dictionary(let attributes) = values[1] else {
        throw malformed("BUILD of a sparse matrix with \(values[1].kind), not a dictionary")
      }
      setObject(index, .sparse(format, attributes: attributes))
    case .array(nil):
      // (version, shape, dtype, is Fortran order, bytes)
      guard let state = tuple(values[1]).map(Array.init), state.count == 5, case .integer(1) = state[0],
        case .boolean(let isFortranOrder) = state[3], case .bytes(let content) = state[4]
      else { throw malformed("BUILD of an array with an unknown state") }
      let array = try array(shape: state[1], dataType: state[2], isFortranOrder: isFortranOrder, content: content)
      setObject(index, .array(array))
    case .dataType(let type, isBuilt: false):
      try buildDataType(state: values[1], of: type)
      setObject(index, .dataType(type, isBuilt: true))
    case .sparse, .array, .dataType: throw malformed("BUILD of an object that is built already")
    }
    push(values[0])
  }

  /// Checks (3, byte order, None, None, None, -1, -1, 0): a plain number, little-endian.
  private func buildDataType(state: PickleValue, of type: NpyDataType) throws {
    guard let state = tuple(state).map(Array.init), state.count == 8, case .integer(3...4) = state[0],
      case .text(let range) = state[1], case .none = state[2], case .none = state[3], case .none = state[4]
    else { throw malformed("BUILD of 'numpy.dtype' with the state of a structured or unknown type") }
    let order = try text(range)
    switch order {
    case "<", "|", "=": break
    case ">": throw notAllowed("the big-endian 'numpy.dtype' of type '\(type.rawValue)'")
    default: throw malformed("BUILD of 'numpy.dtype' with the byte order '\(Self.shown(order))'")
    }
  }

  private func array(
    shape: PickleValue, dataType: PickleValue, isFortranOrder: Bool, content: StoredBytes
  ) throws -> StoredArray {
    guard case .object(let index) = dataType, case .dataType(let type, isBuilt: true) = objects[index] else {
      throw malformed("an array whose type is \(dataType.kind), not a built 'numpy.dtype'")
    }
    guard let extents = tuple(shape), extents.count <= NpyHeader.rankLimit else {
      throw malformed("an array whose shape is \(shape.kind) or has more than \(NpyHeader.rankLimit) axes")
    }
    var sizes: [Int] = []
    for extent in extents {
      guard case .integer(let size) = extent, size >= 0 else {
        throw malformed("an array with \(extent.kind) in its shape")
      }
      sizes.append(size)
    }
    guard !isFortranOrder || sizes.count <= 1 else {
      throw notAllowed("an array in Fortran order (columns first; numpy.ascontiguousarray makes rows)")
    }
    switch StoredArray.make(dataType: type, shape: sizes, source: source, content: content) {
    case .success(let array): return array
    case .failure(let mismatch): throw malformed(mismatch.detail)
    }
  }
}

extension NpyDataType {
  /// The type of a code as NumPy pickles it: without byte order.
  fileprivate init?(pickled code: String) {
    guard let type = Self.allCases.first(where: { $0.rawValue.dropFirst() == code }) else { return nil }
    self = type
  }
}
