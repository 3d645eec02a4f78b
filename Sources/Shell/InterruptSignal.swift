// Ctrl-C while a query or a script runs.

import Engine
import Glibc
import Synchronization

/// Turns SIGINT into a cancellation.
///
/// While a line is edited, the line editor has its own handler.
package enum InterruptSignal {
  /// The process's one cancellation, set by the handler.
  package static let cancellation = Cancellation()
  /// When the last Ctrl-C came, in nanoseconds; far in the past when there was none.
  private static let last = Atomic<Int64>(-2_000_000_000)
  /// A second Ctrl-C within a second ends the process at once: a script may be stuck where nothing polls.
  private static let secondEndsProcess = Atomic<Bool>(false)

  /// Installs the handler.
  /// - Parameter secondEndsProcess: true for scripts; at a prompt a second Ctrl-C still only cancels.
  package static func install(secondEndsProcess: Bool) {
    // Touch every global here, so that none is initialised inside the handler.
    cancellation.reset()
    last.store(-2_000_000_000, ordering: .relaxed)
    self.secondEndsProcess.store(secondEndsProcess, ordering: .relaxed)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in InterruptSignal.handle() }
    // Without SA_RESTART: a read that waits for the script's next line has to come back.
    action.sa_flags = 0
    sigemptyset(&action.sa_mask)
    sigaction(SIGINT, &action, nil)
    // A parent that starts the program from a worker thread hands down that thread's blocked signals.
    var wanted = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
  }

  /// Writes to a closed pipe fail with EPIPE instead of killing the process, so that temporary files are removed; the
  /// session then ends with the status that the signal would have given.
  package static func ignoreBrokenPipe() { signal(SIGPIPE, SIG_IGN) }

  private static func handle() {
    let savedError = errno
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let nanoseconds = Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    let previous = last.exchange(nanoseconds, ordering: .relaxed)
    if secondEndsProcess.load(ordering: .relaxed) && nanoseconds &- previous < 1_000_000_000 { _exit(130) }
    cancellation.cancel()
    errno = savedError
  }
}
