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
  /// The loss terms of the last finished epoch.
  private var terms: [String] = []

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
    // Most wanted first: a narrow terminal shows what fits. Less time may be left: training can stop early.
    let speed = "\(MetricTable.fixed(rate * 60, rate < 1 ? 1 : 0))/min"
    let width = Self.width
    for part in ["<\(Self.duration(left)) left", best, speed]
    where !part.isEmpty && text.count + 2 + part.count < width {
      text += "  " + part
    }
    draw(text)
  }

  func epochEnded(_ record: EpochRecord, state: TrainingState) {
    terms = Self.terms(of: record)
    guard !isQuiet, let validation = record.validation else { return }
    let recall = validation.value(.recall, at: 20) ?? 0
    let ndcg = validation.value(.ndcg, at: 20) ?? 0
    best = "best r@20 \(MetricTable.fixed(state.bestValue, 4))"
    var line = "epoch \(Self.right(record.epoch, 4))  loss \(MetricTable.fixed(record.total, 4))"
    line += "  recall@20 \(MetricTable.fixed(recall, 4))  ndcg@20 \(MetricTable.fixed(ndcg, 4))"
    line += "  \(MetricTable.fixed(record.seconds, 2)) s" + (record.isBest ? "  *" : "")
    clear()
    Console.error(line)
  }

  /// The loss terms for the line below the bar: the parts of one term, such as those of both sides, added up.
  private static func terms(of record: EpochRecord) -> [String] {
    var sums: [(name: Substring, value: Double)] = []
    for loss in record.losses {
      let name = loss.name.prefix { $0 != "." }
      if sums.last?.name == name {
        sums[sums.count - 1].value += loss.value
      } else {
        sums.append((name, loss.value))
      }
    }
    return sums.map { "\($0.name) \(MetricTable.fixed($0.value, 3))" }
  }

  /// Removes the bar.
  func finish() { clear() }

  private static var width: Int { max(20, Terminal.width(2) ?? 80) }

  /// Draws the bar, and the loss terms in a line below it; the cursor rests at the start of the bar, so that clearing to
  /// the end of the screen removes both.
  private func draw(_ text: String) {
    let width = Self.width
    var below = ""
    for term in terms where below.count + 2 + term.count < width { below += "  " + term }
    let tail = below.isEmpty ? "" : "\n" + below + "\u{1B}[A"
    Console.write(Array("\r\u{1B}[J\(text.prefix(width - 1))\(tail)\r".utf8), to: 2)
    barIsShown = true
  }

  private func clear() {
    guard barIsShown else { return }
    Console.write(Array("\r\u{1B}[J".utf8), to: 2)
    barIsShown = false
  }

  private static func bar(_ share: Double) -> String {
    let filled = Int((min(1, max(0, share)) * 10).rounded())
    return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 10 - filled) + "]"
  }

  private static func right(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 359_999))
    let minutes = whole / 60 % 60
    let rest = whole % 60
    let tail = (minutes < 10 && whole >= 3600 ? "0" : "") + "\(minutes):" + (rest < 10 ? "0" : "") + "\(rest)"
    return whole >= 3600 ? "\(whole / 3600):" + tail : tail
  }
}
