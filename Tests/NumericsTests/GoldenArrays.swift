// Reads the golden vectors: NumPy arrays of float32, float64 and int32, little-endian, row-major.

import Glibc
import Numerics
import TestSupport

/// A golden array as Double, whatever its stored type.
struct GoldenArray {
  let shape: [Int]
  let values: [Double]

  /// Reads `golden/NAME.npy`.
  init(_ name: String) throws {
    guard let file = fopen(fixturePath("golden/\(name).npy"), "rb") else { throw GoldenError.missing(name) }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let size = fread(&bytes, 1, bytes.count, file)
    guard size > 10, size < bytes.count else { throw GoldenError.unreadable(name) }
    let headerEnd = 10 + Int(bytes[8]) + 256 * Int(bytes[9])
    let header = String(decoding: bytes[10..<headerEnd], as: UTF8.self)
    guard let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")") else {
      throw GoldenError.unreadable(name)
    }
    shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.filter { $0 != " " })
    }
    let count = shape.reduce(1, *)
    values = try bytes.withUnsafeBytes { raw in
      if header.contains("<f4") {
        return (0..<count).map { Double(raw.loadUnaligned(fromByteOffset: headerEnd + 4 * $0, as: Float.self)) }
      }
      if header.contains("<f8") {
        return (0..<count).map { raw.loadUnaligned(fromByteOffset: headerEnd + 8 * $0, as: Double.self) }
      }
      if header.contains("<i4") {
        return (0..<count).map { Double(raw.loadUnaligned(fromByteOffset: headerEnd + 4 * $0, as: Int32.self)) }
      }
      throw GoldenError.unreadable(name)
    }
  }

  /// The array as a matrix; a vector is one row.
  var matrix: Matrix {
    Matrix(
      rows: shape.count > 1 ? shape[0] : 1, columns: shape.last ?? 1, values: values.map { Float($0) })
  }

  /// The values as Int32.
  var integers: [Int32] { values.map { Int32($0) } }
}

/// Why a golden array could not be read.
enum GoldenError: Error {
  case missing(String)
  case unreadable(String)
}
