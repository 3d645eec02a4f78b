// Commands typed, kept across sessions.

import Files
import Glibc

/// The history file: one command a line, oldest first, private to its owner, shared by sessions.
///
/// At `DAREC_HISTORY` when that is set (set but empty: none), else at `$XDG_STATE_HOME/darec/history`, else at
/// `~/.local/state/darec/history`. A session appends each line under a lock as it is typed, so two sessions lose
/// nothing of each other, and one that is killed loses nothing at all; at the end the file is cut to its newest 10,000
/// lines. A link is refused, and so is a file above 10 MiB.
package final class HistoryFile {
  /// Most lines kept.
  package static let lineLimit = 10_000
  /// Largest file read, in bytes.
  package static let byteLimit = 10 << 20
  /// Commands of earlier sessions and of this one, oldest first.
  package private(set) var entries: [String] = []
  /// Why the file is not used, for a notice; nil when all is well.
  package private(set) var problem: String?
  /// Where the file is; nil when history is off.
  package let path: String?
  /// The folder that is there already when the file's own folders are made below it; nil when the file was named.
  private let base: String?
  /// Lines that are not in the file yet.
  private var added: [String] = []
  private var hasAppended = false
  private var isProblemReported = false

  /// Reads the history.
  package init(environment: (String) -> String?) {
    path = Self.location(environment: environment)
    base = Self.base(environment: environment)
    guard let path else { return }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno != ENOENT { problem = "history file '\(path)' is not used: \(FileError.reason(errno))" }
      return
    }
    defer { close(descriptor) }
    guard isUsable(descriptor, path: path) else { return }
    flock(descriptor, LOCK_SH)
    entries = Array(Self.lines(of: descriptor).suffix(Self.lineLimit))
  }

  /// Where the history file belongs, or nil when there is to be none.
  package static func location(environment: (String) -> String?) -> String? {
    if let chosen = environment("DAREC_HISTORY") { return chosen.isEmpty ? nil : chosen }
    // Relative values are to be ignored. Source: XDG Base Directory Specification.
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/darec/history" }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return home + "/.local/state/darec/history"
  }

  /// A home that is not there is a mistake or a machine without one: nothing is made in its place.
  private static func base(environment: (String) -> String?) -> String? {
    if environment("DAREC_HISTORY") != nil { return nil }
    if var state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      while state.utf8.count > 1 && state.utf8.last == 0x2F { state.removeLast() }
      return AtomicReplace.parent(of: state)
    }
    return environment("HOME")
  }

  /// The problem, unless it has been asked for before: one notice is enough.
  package func unreportedProblem() -> String? {
    if isProblemReported { return nil }
    isProblemReported = problem != nil
    return problem
  }

  /// Remembers a command, unless it starts with a blank, is empty, or repeats the one before.
  /// - Returns: true when it was remembered.
  @discardableResult
  package func add(_ line: String) -> Bool {
    guard let first = line.utf8.first, first != 0x20, first != 0x09, line != entries.last else { return false }
    guard !line.utf8.contains(0x0A), !line.utf8.contains(0) else { return false }
    entries.append(line)
    added.append(line)
    return true
  }

  /// Writes what has been added since the last time to the end of the file; nothing is read, so the prompt stays quick.
  ///
  /// Failures are not errors: `problem` says them.
  package func append() {
    withFile { descriptor in
      // Another session is at it: these lines wait for the next one, or for the end.
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EAGAIN { return }
      write(added, to: descriptor)
      added = []
      hasAppended = true
    }
  }

  /// Writes what is not written yet, and cuts the file to its newest lines when this session has added any.
  ///
  /// Failures are not errors: `problem` says them.
  package func save() {
    guard hasAppended || !added.isEmpty else { return }
    withFile { descriptor in
      flock(descriptor, LOCK_EX)
      write(added, to: descriptor)
      added = []
      hasAppended = false
      let lines = Self.lines(of: descriptor)
      guard problem == nil, lines.count > Self.lineLimit else { return }
      // In place, not by rename: another session may hold this file open and wait for its lock.
      guard ftruncate(descriptor, 0) == 0 else { return }
      write(Array(lines.suffix(Self.lineLimit)), to: descriptor)
    }
  }

  /// Opens the file at its end, with the folders it needs, for as long as `body` runs.
  private func withFile(_ body: (Int32) -> Void) {
    guard let path, problem == nil else { return }
    var failure = Self.createFolder(of: path, below: base)
    if failure == 0 {
      let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
      if descriptor >= 0 {
        defer { close(descriptor) }
        if isUsable(descriptor, path: path) { body(descriptor) }
        return
      }
      failure = errno
    }
    problem = "history was not saved to '\(path)': \(FileError.reason(failure))"
  }

  private func write(_ lines: [String], to descriptor: Int32) {
    let output = BufferedOutput(descriptor: descriptor)
    for line in lines { output.write(Array((line + "\n").utf8)) }
    output.flush()
    guard let failure = output.failure else { return }
    problem = "history was not saved to '\(path ?? "")': \(FileError.reason(failure))"
  }

  private func isUsable(_ descriptor: Int32, path: String) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      problem = "history file '\(path)' is not used: not a regular file"
      return false
    }
    guard status.st_size <= Self.byteLimit else {
      problem = "history file '\(path)' is not used: larger than \(Self.byteLimit >> 20) MiB; delete it"
      return false
    }
    // Commands may hold what is nobody else's business, whoever made the file.
    if status.st_mode & 0o077 != 0 { _ = fchmod(descriptor, 0o600) }
    return true
  }

  /// Lines from the start of the file; what is not text is skipped.
  private static func lines(of descriptor: Int32) -> [String] {
    lseek(descriptor, 0, SEEK_SET)
    let source = LineSource(descriptor: descriptor)
    var lines: [String] = []
    while true {
      switch source.next() {
      case .line(let line): if !line.isEmpty { lines.append(line) }
      case .failure, .interrupted: continue
      case .readFailure, .end: return lines
      }
    }
  }

  /// Makes the folders of a file that are missing, private to their owner.
  /// - Parameter base: the folder that has to be there; nil when every one may be made.
  /// - Returns: 0, or the error number of the first folder that cannot be made.
  private static func createFolder(of path: String, below base: String?) -> Int32 {
    var index = path.utf8.index(after: path.startIndex)
    while let slash = path[index...].firstIndex(of: "/") {
      let folder = String(path[..<slash])
      index = path.index(after: slash)
      if let base, folder.utf8.count <= base.utf8.count { continue }
      // Asked first: on some file systems making a folder that is there fails for another reason than that.
      if access(folder, F_OK) == 0 || mkdir(folder, 0o700) == 0 || errno == EEXIST { continue }
      return errno
    }
    return 0
  }
}
