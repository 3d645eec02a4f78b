// Programs started, watched and ended without a shell.

import CPlatform
import Files

#if canImport(Glibc)
  import Glibc
#endif

/// A running child process.
struct ChildProcess {
  /// How a process ended.
  enum End: Equatable {
    /// With an exit status.
    case exited(Int32)
    /// By a signal.
    case killed(Int32)

    /// In words.
    var text: String {
      switch self {
      case .exited(let status): return "it ended with status \(status)"
      case .killed(let signal): return "it was ended by signal \(signal)" + (signal == SIGKILL ? " (killed)" : "")
      }
    }
  }

  private let identifier: pid_t

  /// The program that is running now, even if its file has been replaced since: the runs of one experiment are all of
  /// one build.
  static let thisProgram = "/proc/self/exe"

  /// Starts a program with empty standard input.
  /// - Parameters:
  ///   - program: path of the executable.
  ///   - arguments: its words, without its own name.
  ///   - output: file that takes standard output, emptied first.
  ///   - errors: file that takes standard error, emptied first.
  init(program: String, arguments: [String], output: String, errors: String) throws(ExperimentError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o666)

    // A run must not inherit signals that this process blocks or ignores: Ctrl-C ends it as well.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGINT)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var words: [UnsafeMutablePointer<CChar>?] = (["darec"] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var started = pid_t()
    let code = posix_spawn(
      &started, program, &actions, &attributes, words, UnsafeMutablePointer(mutating: cplatform_environment()))
    guard code == 0 else { throw .system(SystemError(call: "posix_spawn", path: program, code: code)) }
    identifier = started
  }

  /// How it ended; nil while it runs.
  func end() -> End? {
    var status: Int32 = 0
    let result = waitpid(identifier, &status, WNOHANG)
    return result == 0 || (result < 0 && errno == EINTR) ? nil : Self.end(status)
  }

  /// Ends it at once and waits for that.
  func stop() {
    kill(identifier, SIGKILL)
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
  }

  /// The lower seven bits of a wait status are the signal, the next eight the exit status.
  private static func end(_ status: Int32) -> End {
    let signal = status & 0x7F
    return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal)
  }
}

/// A child's duty to end with its parent.
package enum ParentProcess {
  /// Arranges that this process is killed when the one that started it ends.
  /// - Parameter parent: the process id that started this one.
  /// - Returns: false when it has ended already.
  package static func bind(_ parent: Int32) -> Bool {
    _ = cplatform_end_with_parent()
    // It may have ended before the call above.
    return getppid() == parent
  }

  /// The process id by which children know this process.
  package static var own: Int32 { getpid() }
}
