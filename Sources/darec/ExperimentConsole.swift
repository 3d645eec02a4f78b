// What darec experiment shows while it runs: one line on a terminal, a line for each run elsewhere.

import Experiments
import Shell

/// Shows an experiment on standard error.
final class ExperimentConsole: ExperimentObserver {
  private let kinds: [ExperimentKind]
  private let redraws = Terminal.isTerminal(2) && Terminal.environment("TERM") != "dumb"
  private var isShown = false

  init(kinds: [ExperimentKind]) { self.kinds = kinds }

  func running(_ progress: ExperimentProgress) {
    guard redraws else { return }
    let line = TerminalText.escaped(Self.line(progress, current: progress.current.first ?? ""))
    let width = max(20, Terminal.width(2) ?? 80)
    Console.write(Array("\r\u{1B}[K\(line.prefix(width - 1))".utf8), to: 2)
    isShown = true
  }

  func ended(_ run: PlannedRun, failure: String?, progress: ExperimentProgress) {
    let text = "\(kinds[run.kind].text) (\(run.stage.rawValue))"
    if let failure {
      finish()
      Console.error("failed: \(text): \(failure)")
    }
    guard !redraws else { return }
    Console.error(Self.line(progress, current: text))
  }

  /// Removes the line.
  func finish() {
    guard isShown else { return }
    Console.write(Array("\r\u{1B}[K".utf8), to: 2)
    isShown = false
  }

  private static func line(_ progress: ExperimentProgress, current: String) -> String {
    var text = "\(progress.finished)/\(progress.total)"
    text += "  \(TrainingProgress.duration(progress.elapsed)) elapsed"
    if let left = progress.left { text += ", about \(TrainingProgress.duration(left)) left" }
    return current.isEmpty ? text : text + "  " + current
  }

  /// What is left, before the start.
  static func text(_ remaining: RemainingTime) -> String {
    var text = "\(remaining.open) of \(remaining.finished + remaining.open) runs to do"
    guard remaining.open > 0 else { return text }
    text += ", \(remaining.jobs) at a time"
    if let seconds = remaining.seconds { text += ", about \(TrainingProgress.duration(seconds))" }
    if let seconds = remaining.upperSeconds {
      text += " (at most \(TrainingProgress.duration(seconds)) if no run stopped early)"
    }
    return text
  }
}
