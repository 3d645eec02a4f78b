// What a pickle may hold: plain values, and the few classes by which NumPy and SciPy describe arrays.

/// The classes and functions that a pickle may name.
///
/// None of them is ever called: each stands for data.
enum PickleClass: Equatable {
  /// A sparse matrix of SciPy.
  case sparse(SparseFormat)
  /// NumPy's function that makes an empty array, to be filled by BUILD.
  case reconstruct
  /// NumPy's function that makes an array of bytes (protocol 5).
  case fromBuffer
  /// NumPy's array.
  case array
  /// NumPy's element type.
  case dataType
  /// Protocol 2's way of writing bytes: text whose characters are the bytes.
  case encode
  /// Protocol 2's way of writing no bytes.
  case bytes

  /// The class of a module and a name; nil when it is not on the allow-list.
  ///
  /// SciPy moved its classes from `scipy.sparse.coo` to `scipy.sparse._coo` (1.8) and NumPy from `numpy.core` to
  /// `numpy._core` (2.0); `scipy.sparse` itself has them in all versions.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"): self = .reconstruct
    case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"): self = .fromBuffer
    case ("numpy", "ndarray"): self = .array
    case ("numpy", "dtype"): self = .dataType
    case ("_codecs", "encode"): self = .encode
    case ("__builtin__", "bytes"), ("builtins", "bytes"): self = .bytes
    default:
      guard let format = SparseFormat(module: module, name: name) else { return nil }
      self = .sparse(format)
    }
  }
}

extension PickleClass {
  /// The name for messages, without the version's spelling of the module.
  var name: String {
    switch self {
    case .sparse(let format): return "scipy.sparse.\(format.rawValue)_matrix"
    case .reconstruct: return "numpy.core.multiarray._reconstruct"
    case .fromBuffer: return "numpy.core.numeric._frombuffer"
    case .array: return "numpy.ndarray"
    case .dataType: return "numpy.dtype"
    case .encode: return "_codecs.encode"
    case .bytes: return "builtins.bytes"
    }
  }
}

extension SparseFormat {
  fileprivate init?(module: String, name: String) {
    for format in SparseFormat.allCases {
      let stem = format.rawValue
      let modules = ["scipy.sparse", "scipy.sparse.\(stem)", "scipy.sparse._\(stem)", "scipy.sparse._arrays"]
      if (name == stem + "_matrix" || name == stem + "_array") && modules.contains(module) {
        self = format
        return
      }
    }
    return nil
  }
}

/// One value of the interpreter.
///
/// Tuples, dictionaries and objects are positions in the interpreter's tables: values never own each other, so neither
/// a cycle nor a million nested tuples costs recursion when they are read or freed.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  /// Text: a range of the source, as UTF-8 that is not validated.
  case text(Range<Int>)
  case bytes(StoredBytes)
  /// The elements are a range of the interpreter's table of elements.
  case tuple(Range<Int>)
  case dictionary(Int)
  case named(PickleClass)
  case object(Int)

  /// The value's kind in words, for messages.
  var kind: String {
    switch self {
    case .none: return "None"
    case .boolean: return "a truth value"
    case .integer: return "an integer"
    case .text: return "a text"
    case .bytes: return "bytes"
    case .tuple: return "a tuple"
    case .dictionary: return "a dictionary"
    case .named: return "a class"
    case .object: return "an object"
    }
  }
}

/// An object that a pickle describes.
enum PickleObject {
  /// A sparse matrix; its attributes are a dictionary, nil before BUILD.
  case sparse(SparseFormat, attributes: Int?)
  /// An array; nil before BUILD.
  case array(StoredArray?)
  /// An element type; whether its byte order has been given by BUILD.
  case dataType(NpyDataType, isBuilt: Bool)
}
