// A program run once, with its wall time and its peak memory: what benchmarks of whole processes need.

import Benchmarks
import Glibc

/// One finished run of a program.
struct TimedProcess {
  /// From before its start to after its end.
  let seconds: Double
  /// Largest resident memory of the process; the system counts from the size of this program upwards.
  let peakBytes: Int

  /// Runs a program that must succeed; its standard streams are `/dev/null`.
  /// - Parameter name: what an error calls it.
  init(_ program: String, _ arguments: [String], name: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
    }
    let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let start = monotonicSeconds()
    var child: pid_t = 0
    guard posix_spawn(&child, program, &actions, nil, words, environ) == 0 else {
      throw CommandFailure.notHeld("\(program) cannot be started")
    }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(child, &status, 0, &usage) < 0 && errno == EINTR {}
    guard status == 0 else { throw CommandFailure.notHeld("\(name) fails") }
    seconds = monotonicSeconds() - start
    // Linux counts in KiB.
    peakBytes = Int(usage.ru_maxrss) * 1024
  }

  /// The path of the program that is running.
  static func ownPath() throws -> String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    guard count > 0 else { throw CommandFailure.notHeld("the program's own path is not known here") }
    return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
