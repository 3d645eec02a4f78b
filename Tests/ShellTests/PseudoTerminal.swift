// A terminal in software, for driving a session as a person would.

import Dispatch
import Foundation
import Engine
import Glibc
import Shell

/// The keyboard and screen of a pseudo-terminal.
final class PseudoTerminal: @unchecked Sendable {
  /// The path by which another process opens the terminal.
  let name: String
  /// Everything written to the screen so far, escape sequences included.
  private(set) var screen = ""
  /// What was waited for in vain, with what the screen showed instead.
  private(set) var missed: [String] = []
  private var keyboard: Int32
  private var searchStart: String.Index

  init(columns: UInt16 = 80) {
    keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // TIOCSPTLCK and TIOCGPTN: unlock the other side and ask for its number (the C macros do not import).
    var unlocked: Int32 = 0
    _ = ioctl(keyboard, 0x4004_5431, &unlocked)
    var number: UInt32 = 0
    _ = ioctl(keyboard, 0x8004_5430, &number)
    name = "/dev/pts/\(number)"
    searchStart = screen.startIndex
    resize(columns: columns)
  }

  deinit { hangUp() }

  /// Ends the terminal; the process in front gets SIGHUP.
  func hangUp() {
    if keyboard >= 0 { close(keyboard) }
    keyboard = -1
  }

  /// Changes the size; the process in front gets SIGWINCH.
  func resize(columns: UInt16) {
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(keyboard, UInt(TIOCSWINSZ), &size)
  }

  /// Types.
  func type(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(keyboard, $0.baseAddress, min($0.count, 512)) }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
      // A person's screen is read while they type; an unread one would block the other side.
      collect(milliseconds: 0)
    }
  }

  /// Waits until the screen shows a text behind what was last waited for; notes it in `missed` when it does not come.
  @discardableResult
  func waits(for text: String, seconds: Int = 10) -> Bool {
    if !missed.isEmpty { return false }
    let found = finds(text, seconds: seconds)
    if !found {
      missed.append("\(text.debugDescription) in \(screen[searchStart...].debugDescription)")
      // The test has failed; the process on the other side shall not wait for keys that never come.
      hangUp()
    }
    return found
  }

  private func finds(_ text: String, seconds: Int) -> Bool {
    var rounds = 0
    while true {
      if let found = firstRange(of: text, from: searchStart) {
        searchStart = found.upperBound
        return true
      }
      if rounds >= seconds * 20 { return false }
      rounds += collect(milliseconds: 50) ? 0 : 1
    }
  }

  @discardableResult
  private func collect(milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, milliseconds) == 1 else { return false }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(keyboard, &buffer, buffer.count)
    guard count > 0 else {
      // Nobody has the other side open (yet, or any more).
      usleep(20_000)
      return false
    }
    let offset = screen.utf8.distance(from: screen.startIndex, to: searchStart)
    screen += String(decoding: buffer[..<count], as: UTF8.self)
    searchStart = screen.utf8.index(screen.startIndex, offsetBy: offset)
    return true
  }

  private func firstRange(of text: String, from start: String.Index) -> Range<String.Index>? {
    let bytes = Array(screen.utf8[start...])
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count else { return nil }
    for offset in 0...(bytes.count - wanted.count) where bytes[offset...].starts(with: wanted) {
      let lower = screen.utf8.index(start, offsetBy: offset)
      return lower..<screen.utf8.index(lower, offsetBy: wanted.count)
    }
    return nil
  }
}

/// The other side of a pseudo-terminal: a session in a process of its own.
enum TerminalProcess {
  /// Makes the terminal this process's own, talks, and exits with the session's code.
  /// - Parameters:
  ///   - terminal: the terminal's path.
  ///   - folder: where history is kept.
  ///   - setting: further environment, `NAME=VALUE` separated by blanks.
  ///   - script: a file to run in place of a conversation.
  static func run(terminal: String, folder: String, setting: String = "", script: String = "") -> Never {
    setsid()
    let descriptor = open(terminal, O_RDWR)
    _ = ioctl(descriptor, UInt(TIOCSCTTY), 0)
    for standard in 0...2 as ClosedRange<Int32> { dup2(descriptor, standard) }
    unsetenv("NO_COLOR")
    setenv("TERM", "xterm", 1)
    setenv("INPUTRC", "/dev/null", 1)
    setenv("LC_ALL", "C.UTF-8", 1)
    setenv("DAREC_HISTORY", folder + "/history", 1)
    for pair in setting.split(separator: " ") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { setenv(String(parts[0]), String(parts[1]), 1) }
    }
    signal(SIGINT, SIG_DFL)
    // So that the driver can send signals.
    let note = open(folder + "/process", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let number = Array(String(getpid()).utf8)
    _ = write(note, number, number.count)
    close(note)
    // A query for user 20 runs until it is interrupted.
    let session = Session(engine: SlowEngine())
    _ = script.isEmpty ? session.runInteractive() : session.runScript(path: script)
    exit(session.exitCode)
  }
}

/// The stand-in for a model, with one user for whom everything takes for ever.
final class SlowEngine: QueryAnswering {
  private let fake = FakeEngine()

  func recommend(_ request: RecommendRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    if request.user == "20" {
      _ = Glibc.write(2, "[working]", 9)
      while !cancellation.isCancelled { usleep(1000) }
      throw .interrupted
    }
    if request.user == "197" && request.includeSeen {
      // Deaf: a query that looks at nothing.
      _ = Glibc.write(2, "[deaf]", 6)
      while true { usleep(1000) }
    }
    return try fake.recommend(request, cancellation: cancellation)
  }
  func similar(_ request: SimilarRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try fake.similar(request, cancellation: cancellation)
  }
  func components(kind: EntityKind, id: String) throws(QueryError) -> Answer { try fake.components(kind: kind, id: id) }
  func explain(_ request: ExplainRequest, cancellation: Cancellation) throws(QueryError) -> Answer {
    try fake.explain(request, cancellation: cancellation)
  }
  func answer(_ query: Query, cancellation: Cancellation) throws(QueryError) -> Answer {
    try fake.answer(query, cancellation: cancellation)
  }
  func find(_ text: String, top: Int) -> Answer { fake.find(text, top: top) }
  func stats() -> Answer { fake.stats() }
  func model() -> Answer { fake.model() }
  func dataSet() -> Answer { fake.dataSet() }
  var summary: String { fake.summary }
  func ids(of kind: EntityKind, startingWith prefix: String, limit: Int) -> [String] {
    fake.ids(of: kind, startingWith: prefix, limit: limit)
  }
  func titles(startingWith prefix: String, limit: Int) -> [String] { fake.titles(startingWith: prefix, limit: limit) }
  func pastItems(of user: String) -> [String] { fake.pastItems(of: user) }
}

/// Runs blocking work on a thread of its own: blocked tasks would use up the threads that other tests need.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    // A thread of its own: the shared pool may be full of tests that block, and this work must run meanwhile.
    Thread.detachNewThread { continuation.resume(returning: work()) }
  }
}
