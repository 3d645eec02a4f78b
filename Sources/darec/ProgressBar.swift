// How far a long command is, on the terminal of standard error only.

import Shell

/// One line that is drawn over itself: `explaining [####......] 640 of 1000 users  0:12 left`.
final class ProgressBar {
  private let label: String
  private let unit: String
  private let isShown = Terminal.isTerminal(2) && Terminal.environment("TERM") != "dumb"
  private let started = monotonicClock()
  private var lastDrawn = 0.0
  private var isDrawn = false

  init(label: String, unit: String) {
    self.label = label
    self.unit = unit
  }

  /// Draws the line, at most ten times a second.
  func show(_ done: Int, of total: Int) {
    guard isShown, total > 0 else { return }
    let now = monotonicClock()
    guard now - lastDrawn > 0.1 || done == total else { return }
    lastDrawn = now
    let share = Double(done) / Double(total)
    let filled = Int((share * 10).rounded())
    var text = "\(label) [" + String(repeating: "#", count: filled) + String(repeating: ".", count: 10 - filled) + "] "
    text += "\(done) of \(total) \(unit)"
    if done > 0 {
      text += "  \(TrainingProgress.duration((now - started) / share * (1 - share))) left"
    }
    let width = max(20, Terminal.width(2) ?? 80)
    Console.write(Array("\r\u{1B}[K\(text.prefix(width - 1))".utf8), to: 2)
    isDrawn = true
  }

  /// Takes the line away so that something else can be written.
  func clear() {
    guard isDrawn else { return }
    Console.write(Array("\r\u{1B}[K".utf8), to: 2)
    isDrawn = false
  }

  /// Takes the line away for good.
  func finish() { clear() }
}
