// What a training log says about losses and validation, epoch by epoch.

import Files

/// The curves of `train.jsonl`.
package struct TrainingLog: Sendable {
  /// A quantity over epochs.
  package struct Curve: Sendable {
    package var name: String
    /// Epochs, ascending, counted from 1, and the values at them.
    package var points: [(epoch: Double, value: Double)]
  }

  /// The weighted total of every epoch.
  package private(set) var total = Curve(name: "total", points: [])
  /// The terms of the loss, in the order in which they first appear.
  package private(set) var terms: [Curve] = []
  /// Validation metrics, such as `recall@20`, in the order in which they first appear.
  package private(set) var validation: [Curve] = []
  /// Other numbers logged for an epoch, such as the balance of the two sides.
  package private(set) var others: [Curve] = []
  /// The epoch with the best validation, if any was marked.
  package private(set) var bestEpoch: Double?

  /// Longest log taken, bytes.
  private static let sizeLimit = 256 << 20
  /// Most curves of one kind: a log of training has about ten.
  private static let curveLimit = 64

  /// Reads a log.
  ///
  /// A run that was resumed repeats the epochs after its checkpoint: the later lines count. Lines of other kinds are
  /// passed over, as is a last line that was cut off.
  /// - Throws: `ReportError.file`, or `.log` for a line that is not JSON or whose epoch is no number.
  package init(path: String) throws(ReportError) {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try FileReader.contents(of: path, limit: Self.sizeLimit) } catch {
      throw .file(error)
    }
    try self.init(bytes, path: path)
  }

  /// Reads the bytes of a log; `path` is for messages.
  package init(_ bytes: [UInt8], path: String) throws(ReportError) {
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty {
      let record: JSONValue
      do throws(JSONError) { record = try JSONValue.parse(Array(line)) } catch {
        if index == lines.count - 1 { break }
        throw .log(path: path, line: index + 1, problem: "is not JSON")
      }
      guard record["type"]?.string == "epoch" else { continue }
      guard let epoch = record["epoch"]?.double, epoch.isFinite, epoch >= 0 else {
        throw .log(path: path, line: index + 1, problem: "has no epoch number")
      }
      add(record, epoch)
    }
  }

  private mutating func add(_ record: JSONValue, _ epoch: Double) {
    if let last = total.points.last?.epoch, epoch <= last { cut(from: epoch) }
    total.points.append((epoch, record["loss"]?.double ?? .nan))
    for member in record["losses"]?.object ?? [] {
      if let value = member.value.double { Self.append(&terms, member.key, epoch, value) }
    }
    for member in record["validation"]?.object ?? [] where member.key != "users" {
      if let value = member.value.double { Self.append(&validation, member.key, epoch, value) }
    }
    for member in record.object ?? [] where !["epoch", "loss", "seconds"].contains(member.key) {
      if let value = member.value.double { Self.append(&others, member.key, epoch, value) }
    }
    if record["best"]?.bool == true { bestEpoch = epoch }
  }

  /// Forgets what was logged from an epoch on.
  private mutating func cut(from epoch: Double) {
    total.points.removeAll { $0.epoch >= epoch }
    for index in terms.indices { terms[index].points.removeAll { $0.epoch >= epoch } }
    for index in validation.indices { validation[index].points.removeAll { $0.epoch >= epoch } }
    for index in others.indices { others[index].points.removeAll { $0.epoch >= epoch } }
    if let best = bestEpoch, best >= epoch { bestEpoch = nil }
  }

  private static func append(_ curves: inout [Curve], _ name: String, _ epoch: Double, _ value: Double) {
    if let index = curves.firstIndex(where: { $0.name == name }) {
      curves[index].points.append((epoch, value))
    } else if curves.count < curveLimit {
      curves.append(Curve(name: name, points: [(epoch, value)]))
    }
  }

  /// The curve of a name.
  func curve(_ name: String) -> Curve? { (terms + validation + [total]).first { $0.name == name } }
}
