// Commands typed, kept across sessions.

import Files
import Glibc

/// The history file: one command a line, oldest first, private to its owner, shared by sessions.
///
/// At `DAREC_HISTORY` when that is set (set but empty: none), else at `$XDG_STATE_HOME/darec/history`, else at
/// `~/.local/state/darec/history`. A session appends its lines under a lock, so two sessions lose nothing of each
/// other; the file is cut to its newest 10,000 lines. A link is refused, and so is a file above 10 MiB.
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
  private var added: [String] = []

  /// Reads the history.
  package init(environment: (String) -> String?) {
    path = Self.location(environment: environment)
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

  /// Appends what this session has added.
  ///
  /// Failures are not errors: `problem` says them.
  package func save() {
    guard let path, !added.isEmpty, problem == nil else { return }
    Self.createFolder(of: path)
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else {
      problem = "history was not saved to '\(path)': \(FileError.reason(errno))"
      return
    }
    defer { close(descriptor) }
    guard isUsable(descriptor, path: path) else { return }
    flock(descriptor, LOCK_EX)
    var lines = Self.lines(of: descriptor)
    if lines.count + added.count > Self.lineLimit {
      lines = Array((lines + added).suffix(Self.lineLimit))
      // In place, not by rename: another session may hold this file open and wait for its lock.
      guard ftruncate(descriptor, 0) == 0 else { return }
    } else {
      lines = added
    }
    let output = BufferedOutput(descriptor: descriptor)
    for line in lines { output.write(Array((line + "\n").utf8)) }
    output.flush()
    if let failure = output.failure { problem = "history was not saved to '\(path)': \(FileError.reason(failure))" }
    added = []
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

  private static func createFolder(of path: String) {
    var index = path.utf8.index(after: path.startIndex)
    while let slash = path[index...].firstIndex(of: "/") {
      mkdir(String(path[..<slash]), 0o700)
      index = path.index(after: slash)
    }
  }
}
