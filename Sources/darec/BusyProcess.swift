// Another program that takes a processor, for measurements of how ours shares the machine.

import Glibc

/// A process that computes until it is stopped; it ends by itself when this program does.
struct BusyProcess {
  private let process: pid_t

  /// Starts it.
  init() throws {
    let loop = "while [ -d /proc/$PPID ]; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done"
    let words: [UnsafeMutablePointer<CChar>?] = (["/bin/sh", "-c", loop] as [String]).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    guard posix_spawn(&child, "/bin/sh", nil, nil, words, environ) == 0 else {
      throw CommandFailure.notHeld("/bin/sh cannot be started")
    }
    process = child
  }

  /// Ends it.
  func stop() {
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
  }
}
