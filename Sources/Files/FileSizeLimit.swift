// A limit on file sizes (`ulimit -f`) is an error like a full disk, not the end of the process.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The process's limit on the size of files that it writes.
package enum FileSizeLimit {
  /// Makes a write over the process's file size limit fail with `EFBIG`.
  ///
  /// The signal that the system sends otherwise ends the process without a message and leaves temporary files behind.
  /// A handler that the program has installed itself stays.
  package static func reportAsError() { _ = once }

  private static let once: Void = {
    let previous = signal(SIGXFSZ, SIG_IGN)
    // The default is a null pointer and "ignore" is 1; anything else is somebody's function.
    if let previous, unsafeBitCast(previous, to: Int.self) > 1 { signal(SIGXFSZ, previous) }
  }()
}
