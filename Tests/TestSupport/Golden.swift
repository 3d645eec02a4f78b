// Golden vectors: inputs, values and gradients computed by an independent program in float64 and float32.

import Files
import Numerics

/// One case of `Tests/Fixtures/golden/manifest.json`.
package struct Golden {
  private let name: String
  private let outputs: JSONValue
  private let parameters: JSONValue

  /// Opens a case.
  package init(_ name: String) throws {
    self.name = name
    let manifest = try JSONValue.read(fixturePath("golden/manifest.json"))
    guard let entry = manifest["cases"]?[name], let outputs = entry["outputs"], let parameters = entry["params"] else {
      throw FileError.missing(path: "golden case \(name)")
    }
    self.outputs = outputs
    self.parameters = parameters
  }

  private func file(_ stem: String) throws -> NpyFile { try NpyFile(fixturePath("golden/\(name).\(stem).npy")) }

  /// A float32 input as a matrix; a vector becomes one row.
  package func matrix(_ stem: String) throws -> Matrix {
    let file = try file(stem)
    let shape = file.shape.count == 2 ? file.shape : [1, file.count]
    return Matrix(rows: shape[0], columns: shape[1], values: try file.floats())
  }

  /// An integer input.
  package func indices(_ stem: String) throws -> [Int32] { try file(stem).ints().map { Int32($0) } }

  /// A float64 output array.
  package func doubles(_ stem: String) throws -> [Double] { try file(stem + ".f64").doubles() }

  /// A scalar output of the manifest.
  package func value(_ key: String) -> Double { outputs[key]?.double ?? .nan }

  /// A scalar parameter of the manifest.
  package func parameter(_ key: String) -> Double { parameters[key]?.double ?? .nan }
}

/// Largest difference between `found` and `truth` relative to the largest magnitude of `truth`.
package func relativeError(_ found: some Sequence<Float>, _ truth: [Double]) -> Double {
  let scale = truth.reduce(0) { max($0, abs($1)) }
  var error = 0.0
  var count = 0
  for (left, right) in zip(found, truth) {
    error = max(error, abs(Double(left) - right))
    count += 1
  }
  guard count == truth.count else { return .infinity }
  return scale > 0 ? error / scale : error
}

/// |found - truth| / |truth|.
package func relativeError(_ found: Double, _ truth: Double) -> Double {
  truth == 0 ? abs(found) : abs(found - truth) / abs(truth)
}
