// What training shows while it runs: a bar on a terminal, a line for each validation everywhere.

import Shell
import Training

#if canImport(Glibc)
  import Glibc
#endif

/// Seconds of a clock that never jumps.
func monotonicClock() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Shows a run on standard error.
final class TrainingProgress: TrainingObserver {
  private let configuration: TrainingConfiguration
  private let isQuiet: Bool
  private let showsBar: Bool
  private let started = monotonicClock()
  private var firstEpoch: Int?
  private var lastDrawn = 0.0
  private var barIsShown = false
  private var best = ""
  /// The terms that the last header named.
  private var columns: [String] = []

  init(configuration: TrainingConfiguration, isQuiet: Bool) {
    self.configuration = configuration
    self.isQuiet = isQuiet
    showsBar = !isQuiet && Terminal.isTerminal(2) && Terminal.environment("TERM") != "dumb"
  }

  func stepEnded(epoch: Int, step: Int, steps: Int, total: Double) {
    guard showsBar else { return }
    if firstEpoch == nil { firstEpoch = epoch }
    let now = monotonicClock()
    guard now - lastDrawn > 0.1 else { return }
    lastDrawn = now
    let done = Double(epoch - (firstEpoch ?? epoch)) + Double(step) / Double(steps)
    let rate = done / max(now - started, 1e-9)
    let left = (Double(configuration.epochs - (firstEpoch ?? 1) + 1) - done) / max(rate, 1e-9)
    var text = "epoch \(epoch) \(Self.bar(Double(step) / Double(steps))) loss \(MetricTable.fixed(total, 4))"
    // Most wanted first: a narrow terminal shows what fits.
    let speed = "\(MetricTable.fixed(rate * 60, rate < 1 ? 1 : 0))/min"
    for part in ["at most \(Self.duration(left)) left", best, speed]
    where !part.isEmpty && text.count + 2 + part.count < Self.width {
      text += "  " + part
    }
    draw(text)
  }

  func epochEnded(_ record: EpochRecord, state: TrainingState) {
    guard !isQuiet, let validation = record.validation else { return }
    best = "best \(MetricTable.fixed(state.bestValue, 4))"
    let terms = Self.families(of: record.losses)
    clear()
    if columns != terms.map(\.name) {
      columns = terms.map(\.name)
      Console.error(
        Self.right("epoch", 5) + Self.right("loss", 8) + columns.map { Self.right(Self.short($0), 8) }.joined()
          + Self.right("recall@20", 11) + Self.right("ndcg@20", 9) + Self.right("s", 8))
    }
    let recall = validation.value(.recall, at: 20) ?? 0
    let ndcg = validation.value(.ndcg, at: 20) ?? 0
    Console.error(
      Self.right("\(record.epoch)", 5) + Self.right(MetricTable.fixed(record.total, 4), 8)
        + terms.map { Self.right(Self.compact($0.value), 8) }.joined()
        + Self.right(MetricTable.fixed(recall, 4), 10) + (record.isBest ? "*" : " ")
        + Self.right(MetricTable.fixed(ndcg, 4), 9) + Self.right(MetricTable.fixed(record.seconds, 2), 8))
  }

  /// The terms of the loss, those of both sides of the alignment added (`orthogonality.language` and its twin); without
  /// the squared norm, which is in the log.
  private static func families(of losses: [(name: String, value: Double)]) -> [(name: String, value: Double)] {
    var families: [(name: String, value: Double)] = []
    for loss in losses where loss.name != "l2" {
      let stem = String(loss.name.prefix { $0 != "." })
      if let index = families.firstIndex(where: { $0.name == stem }) {
        families[index].value += loss.value
      } else {
        families.append((stem, loss.value))
      }
    }
    return families
  }

  /// A name that fits a column of eight.
  private static func short(_ name: String) -> String { name.count > 7 ? String(name.prefix(6)) + "." : name }

  /// A number that fits a column of eight.
  private static func compact(_ value: Double) -> String {
    MetricTable.fixed(value, abs(value) < 10 ? 4 : abs(value) < 1000 ? 2 : 0)
  }

  /// Removes the bar.
  func finish() { clear() }

  private static var width: Int { max(20, Terminal.width(2) ?? 80) }

  private func draw(_ text: String) {
    Console.write(Array("\r\u{1B}[K\(text.prefix(Self.width - 1))".utf8), to: 2)
    barIsShown = true
  }

  private func clear() {
    guard barIsShown else { return }
    Console.write(Array("\r\u{1B}[K".utf8), to: 2)
    barIsShown = false
  }

  private static func bar(_ share: Double) -> String {
    let filled = Int((min(1, max(0, share)) * 10).rounded())
    return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 10 - filled) + "]"
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// `M:SS` or `H:MM:SS`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 359_999))
    let minutes = whole / 60 % 60
    let rest = whole % 60
    let tail = (minutes < 10 && whole >= 3600 ? "0" : "") + "\(minutes):" + (rest < 10 ? "0" : "") + "\(rest)"
    return whole >= 3600 ? "\(whole / 3600):" + tail : tail
  }
}
