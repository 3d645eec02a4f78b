// The largest resident memory of this process.

import Files

#if canImport(Glibc)
  import Glibc
#endif

/// Memory of this process as the system counts it.
enum ProcessMemory {
  /// Largest resident size in bytes; nil where the system does not say.
  ///
  /// From `/proc/self/status` and not from `getrusage`: the latter's maximum is inherited from the process that started
  /// this one, because `posix_spawn` shares its memory until the new program begins.
  static var peak: Int? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("VmHWM:") else { continue }
      return Int(text.dropFirst(6).filter { $0.isASCII && $0.isNumber }).map { $0 * 1024 }
    }
    return nil
  }
}
