// Metrics of every test user of one run, kept for the paired bootstrap.

import Evaluation
import Files

extension UserMetrics {
  /// The metrics that are kept: those that the tables compare.
  static let compared = [MetricName(.recall, 20), MetricName(.ndcg, 20)]

  /// Where the metrics of a run are.
  static func path(folder: String, id: String) -> String { "\(folder)/users/\(id).safetensors" }

  /// Writes `users` and the compared metrics, at once or not at all.
  package func save(to path: String) throws(AtomicReplaceError) {
    var writer = SafetensorsWriter()
    writer.metadata = [("schema", "darec/experiment-users/1")]
    for (name, row) in zip(names, values) where Self.compared.contains(name) {
      writer.add(name.text, doubles: row)
    }
    writer.add("users", int32s: users)
    try AtomicReplace.file(at: path, bytes: writer.bytes())
  }

  /// Reads what `save` wrote.
  package init(path: String) throws(SafetensorsError) {
    let file = try SafetensorsFile(path: path)
    try file.verify()
    let users = try file.int32s("users")
    var values: [[Double]] = []
    for name in Self.compared {
      let row = try file.doubles(name.text)
      guard row.count == users.count else {
        throw file.unexpected(try file.requiredTensor(name.text), "one value for each of \(users.count) users")
      }
      values.append(row)
    }
    self.init(users: users, names: Self.compared, values: values)
  }
}
