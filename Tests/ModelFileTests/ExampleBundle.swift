// Small random models for tests.

import Files
import ModelFile
import Numerics

/// What an example model is made of.
struct ExampleOptions {
  var users = 5
  var items = 7
  var dimension = 4
  var seed: UInt64 = 1
  var attribution = "propagation"
  var hasTitles = true
  var hasComponents = true
  var hasText = true
  var userTextDerived = false
}

/// A matrix of standard normal values.
func normalMatrix(_ rows: Int, _ columns: Int, _ stream: inout RandomStream) -> Matrix {
  let matrix = Matrix(rows: rows, columns: columns)
  for index in 0..<matrix.count { matrix.pointer[index] = Float(stream.normal()) }
  return matrix
}

/// A random model that passes every check.
func exampleBundle(_ options: ExampleOptions = ExampleOptions()) throws -> Bundle {
  var stream = RandomStream(seed: options.seed, purpose: .test)
  var entries: [(row: Int32, column: Int32)] = []
  for user in 0..<options.users {
    for item in 0..<options.items where stream.uniform() < 0.4 { entries.append((Int32(user), Int32(item))) }
  }
  let nodes = options.users + options.items
  func labels(_ count: Int, _ stream: inout RandomStream) -> [Int32] {
    (0..<count).map { _ in Int32(stream.below(2)) }
  }
  let finalUsers = normalMatrix(options.users, options.dimension, &stream)
  let finalItems = normalMatrix(options.items, options.dimension, &stream)
  let attribution: Attribution
  switch options.attribution {
  case "propagation":
    attribution = .propagation(
      own: normalMatrix(options.users, options.dimension, &stream),
      itemPartial: normalMatrix(options.items, options.dimension, &stream))
  case "representation": attribution = .representation(regularization: 0.1)
  default: attribution = .none
  }
  return try Bundle(
    name: "example",
    configuration: [
      "backbone": "lightgcn", "alignment": "darec", "learning_rate": .number(0.001), "seed": .integer(7),
      "odd \"text\"\n\\": "é\u{7F}",
    ],
    metrics: ["test": ["recall@20": .number(0.25)]],
    users: try StringTable((0..<options.users).map { "u\($0 * 7 % 11)-\($0)" }),
    items: try StringTable((0..<options.items).map { "i\($0)" }),
    titles: options.hasTitles
      ? try StringTable((0..<options.items).map { $0 == 1 ? "" : "Title \($0 % 5) ünï" }, role: .titles) : nil,
    interactions: CSRMatrix(rows: options.users, columns: options.items, entries: entries),
    finalUsers: finalUsers, finalItems: finalItems, attribution: attribution,
    propagation: options.attribution == "propagation"
      ? PropagationRecipe(
        layers: 3, combination: .sum, items: normalMatrix(options.items, options.dimension, &stream))
      : options.attribution == "none"
        ? PropagationRecipe(layers: 0, combination: .concatenation, hasSelfLoops: true) : nil,
    components: options.hasComponents
      ? Components(
        collaborativeShared: normalMatrix(nodes, 3, &stream), collaborativeSpecific: normalMatrix(nodes, 3, &stream),
        languageShared: normalMatrix(nodes, 3, &stream), languageSpecific: normalMatrix(nodes, 3, &stream)) : nil,
    centres: options.hasComponents
      ? PreferenceCentres(
        collaborative: normalMatrix(2, 3, &stream), language: normalMatrix(2, 3, &stream), matching: [1, 0],
        collaborativeLabels: labels(nodes, &stream), languageLabels: labels(nodes, &stream)) : nil,
    itemText: options.hasText ? normalMatrix(options.items, 6, &stream) : nil,
    userText: options.hasText && !options.userTextDerived ? normalMatrix(options.users, 6, &stream) : nil,
    userTextDerived: options.hasText && options.userTextDerived)
}

/// Bytes of all files of a directory by name.
func contents(ofDirectory path: String) throws -> [String: [UInt8]] {
  var result: [String: [UInt8]] = [:]
  for name in try FileReader.names(inDirectory: path) where !FileReader.isDirectory(path + "/" + name) {
    result[name] = try FileReader.contents(of: path + "/" + name)
  }
  return result
}
