// Arrays and sparse matrices out of Python pickles, which are interpreted and never executed.
// Guide: Docs/Data.md, "RLMRec's files".

/// What a pickle holds.
package enum PickleFile: Sendable {
  /// An array of numbers.
  case array(StoredArray)
  /// A sparse matrix of SciPy: COO, CSR or CSC.
  case sparse(StoredSparseMatrix)

  /// Interprets the pickle of a file.
  ///
  /// Array data stays in the file until it is asked for.
  /// - Throws: `FileError` when the file cannot be read, `PickleError` when it is refused.
  package init(_ path: String) throws { try self.init(try ByteSource(path)) }

  /// Interprets a pickle.
  ///
  /// Opcodes, classes, types and arguments of an allow-list are accepted, everything else is refused by name and offset.
  /// Takes less than 16 MiB and time that does not depend on the content: at most 65,536 opcodes are interpreted.
  package init(_ source: ByteSource) throws {
    var interpreter = PickleInterpreter(source)
    let value = try interpreter.run()
    guard case .object(let index) = value else {
      throw PickleError.unexpected(path: source.path, detail: "holds \(value.kind), no array and no sparse matrix")
    }
    switch interpreter.objects[index] {
    case .array(let array?): self = .array(array)
    case .sparse(let format, attributes: let attributes?):
      self = .sparse(try interpreter.matrix(format, attributes: interpreter.dictionaries[attributes]))
    case .array, .sparse, .dataType:
      throw PickleError.unexpected(path: source.path, detail: "holds an object without content")
    }
  }

  /// The sparse matrix of a file.
  package static func sparseMatrix(_ path: String) throws -> StoredSparseMatrix {
    guard case .sparse(let matrix) = try PickleFile(path) else {
      throw PickleError.unexpected(path: path, detail: "holds an array; a sparse matrix of scipy is needed here")
    }
    return matrix
  }

  /// The array of a file.
  package static func array(_ path: String) throws -> StoredArray {
    guard case .array(let array) = try PickleFile(path) else {
      throw PickleError.unexpected(path: path, detail: "holds a sparse matrix; an array of numpy is needed here")
    }
    return array
  }
}

extension PickleInterpreter {
  /// A sparse matrix of its attributes, as SciPy pickles them.
  ///
  /// COO has `row` and `col`, or since SciPy 1.11 `coords`; CSR and CSC have `indptr` and `indices`. Attributes that
  /// say nothing about the entries (`maxprint`, the `has_...` flags) are passed over.
  fileprivate func matrix(
    _ format: SparseFormat, attributes: [(key: String, value: PickleValue)]
  ) throws -> StoredSparseMatrix {
    func attribute(_ name: String) -> PickleValue? { attributes.last { $0.key == name }?.value }
    func array(_ name: String, _ value: PickleValue?) throws -> StoredArray {
      guard case .object(let index)? = value, case .array(let array?) = objects[index] else {
        throw missing(name, "an array", in: format)
      }
      return array
    }
    guard let shape = attribute("_shape").flatMap(tuple).map(Array.init), shape.count == 2,
      case .integer(let rows) = shape[0], case .integer(let columns) = shape[1]
    else { throw missing("_shape", "two integers", in: format) }
    let parts: StoredSparseMatrix.Parts
    switch format {
    case .coordinates:
      if let coordinates = attribute("coords") {
        guard let pair = tuple(coordinates).map(Array.init), pair.count == 2 else {
          throw missing("coords", "two arrays", in: format)
        }
        parts = .coordinates(rows: try array("coords", pair[0]), columns: try array("coords", pair[1]))
      } else {
        parts = .coordinates(
          rows: try array("row", attribute("row")), columns: try array("col", attribute("col")))
      }
    case .rows, .columns:
      parts = .compressed(
        starts: try array("indptr", attribute("indptr")), indices: try array("indices", attribute("indices")),
        byColumn: format == .columns)
    }
    return StoredSparseMatrix(
      rows: rows, columns: columns, path: source.path, fileSize: source.size, parts: parts,
      values: try array("data", attribute("data")))
  }

  private func missing(_ name: String, _ what: String, in format: SparseFormat) -> PickleError {
    .unexpected(path: source.path, detail: "holds a \(format.rawValue)_matrix whose '\(name)' is not \(what)")
  }
}
