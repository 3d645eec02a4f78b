import Files
import Numerics
import Training
import Foundation
import Evaluation
func read(_ p: String, _ u: inout [String: Int32], _ i: inout [String: Int32]) -> [(row: Int32, column: Int32)] {
  var out: [(row: Int32, column: Int32)] = []
  let text = try! String(contentsOfFile: p, encoding: .utf8)
  for l in text.split(separator: "\n").dropFirst() {
    let f = l.split(separator: "\t", omittingEmptySubsequences: false)
    let a = u[String(f[0])] ?? Int32(u.count); u[String(f[0])] = a
    let b = i[String(f[1])] ?? Int32(i.count); i[String(f[1])] = b
    out.append((a, b))
  }
  return out
}
final class Obs: TrainingObserver {
  func stepEnded(epoch: Int, step: Int, steps: Int, total: Double) {}
  func epochEnded(_ record: EpochRecord, state: TrainingState) {
    if record.validation != nil { print(try! record.json.text()) }
  }
}
@main
struct Main {
  static func main() throws {
    let d = CommandLine.arguments[1]
    var u: [String: Int32] = [:], i: [String: Int32] = [:]
    let uu = read(d + "/users.tsv", &u, &i); _ = uu
    i = [:]
    do { let t = try! String(contentsOfFile: d + "/items.tsv", encoding: .utf8)
      for l in t.split(separator: "\n").dropFirst() { let f = l.split(separator: "\t", omittingEmptySubsequences: false); i[String(f[0])] = Int32(i.count) } }
    let tr = read(d + "/train.tsv", &u, &i), va = read(d + "/valid.tsv", &u, &i), te = read(d + "/test.tsv", &u, &i)
    func m(_ e: [(row: Int32, column: Int32)]) -> CSRMatrix { CSRMatrix(rows: u.count, columns: i.count, entries: e) }
    var text: Matrix?
    if CommandLine.arguments.count > 2, CommandLine.arguments[2] != "none" {
      let a = try NpyFile(d + "/user_embeddings.npy"), b = try NpyFile(d + "/item_embeddings.npy")
      text = Matrix(rows: a.shape[0] + b.shape[0], columns: a.shape[1], values: try a.floats() + b.floats())
    }
    let p = TrainingProblem(training: m(tr), validation: m(va), test: m(te), text: text, fingerprint: "x")
    var c = try TrainingConfiguration(model: "lightgcn", alignment: text == nil ? nil : CommandLine.arguments[2])
    if CommandLine.arguments.count > 3 { c.epochs = Int(CommandLine.arguments[3])! }
    if CommandLine.arguments.count > 4 { c.seed = UInt64(CommandLine.arguments[4])! }
    let t = try Trainer(problem: p, configuration: c)
    let end = try t.run(observer: Obs(), isCancelled: { false }, saveCheckpoint: { _ in nil }, clock: { Date().timeIntervalSince1970 })
    t.restoreBest()
    print(end, t.state.bestEpoch)
    print(try t.evaluate(FullRanking(training: p.training, relevant: p.test)).json.text())
  }
}
