// Long answers through a pager, when the person asked for one.

import Glibc

/// Shows bytes with the program that `DAREC_PAGER` or `PAGER` names, else with `less`.
///
/// The program gets its own standard input and the session's terminal. Its Ctrl-C is its own affair.
struct Pager {
  let environment: (String) -> String?

  /// The command, as a shell takes it.
  var command: String {
    for name in ["DAREC_PAGER", "PAGER"] {
      if let value = environment(name), !value.isEmpty { return value }
    }
    return "less"
  }

  /// True when the bytes have more lines than a screen leaves beside a prompt.
  static func isLong(_ bytes: [UInt8], rows: Int) -> Bool {
    var lines = 0
    for byte in bytes where byte == 0x0A { lines += 1 }
    return lines > rows - 1
  }

  /// Shows the bytes and waits for the pager's end.
  /// - Returns: false when it could not be started; nothing has been shown then.
  func show(_ bytes: [UInt8]) -> Bool {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return false }
    // The pager must not hold the other end of its own input, or it would never see the end.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    // The session ignores broken pipes and catches Ctrl-C; a child must start as from a shell.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGPIPE, SIGINT, SIGQUIT] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    let words = Self.copies(of: ["sh", "-c", command])
    let variables = Self.copies(of: self.variables)
    defer { for text in words + variables { free(text) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, "/bin/sh", &actions, &attributes, words, variables)
    close(ends[0])
    guard failure == 0 else {
      close(ends[1])
      return false
    }
    // A person who leaves the pager early closes the pipe: no error.
    let output = BufferedOutput(descriptor: ends[1])
    output.write(bytes)
    output.flush()
    close(ends[1])
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    // 127 is the shell's word for a program that is not there.
    return status != 127 << 8
  }

  /// Texts as C wants them, ended by nil; the caller frees them.
  private static func copies(of texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var copies: [UnsafeMutablePointer<CChar>?] = []
    for text in texts { copies.append(strdup(text)) }
    copies.append(nil)
    return copies
  }

  /// This process's environment; `less` is told to show colours and to leave short texts and the screen alone, besides
  /// what the person has told it.
  private var variables: [String] {
    var result: [String] = []
    var place = environ
    while let text = place.pointee {
      let variable = String(cString: text)
      if !variable.hasPrefix("LESS=") { result.append(variable) }
      place += 1
    }
    return result + ["LESS=" + (environment("LESS").map { $0 + " " } ?? "") + "-FRX"]
  }
}
