// The file of finished runs: appended a line at a time, read whole, repaired when its last line is torn.

import Files

#if canImport(Glibc)
  import Glibc
#endif

/// `runs.jsonl` in an experiment's folder.
package struct RunStore {
  /// The path of the file.
  package let path: String
  /// Finished and failed runs by their identity in this version of the program.
  ///
  /// A run of an older version counts when today's version reads the same definition out of it: options that came later
  /// take their defaults. Of several lines of one identity a finished one counts, else the last.
  package private(set) var records: [String: RunRecord] = [:]
  /// Where the last complete line ends, in bytes.
  private var completeLength = 0

  /// Reads the runs of a folder; a torn last line is passed over.
  /// - Throws: `FileError`, or `ExperimentError.badRecord` for a line that is complete and no run.
  package init(folder: String) throws {
    path = folder + "/runs.jsonl"
    guard FileReader.exists(path) else { return }
    let bytes = try FileReader.contents(of: path)
    var start = 0
    var line = 0
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      line += 1
      try bytes.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[start..<end]), line: line) }
      start = end + 1
    }
    completeLength = start
  }

  private mutating func read(_ bytes: UnsafeRawBufferPointer, line: Int) throws {
    let json: JSONValue
    do { json = try JSONValue.parse(bytes) } catch {
      throw ExperimentError.badRecord(path: path, line: line, reason: "is no JSON (\(error.description))")
    }
    guard let record = RunRecord(json: json) else {
      throw ExperimentError.badRecord(path: path, line: line, reason: "is no run of schema \(RunRecord.schema)")
    }
    keep(record)
  }

  private mutating func keep(_ record: RunRecord) {
    // A definition that this version cannot read belongs to nothing that this version would run.
    guard let identity = try? RunDefinition(json: record.definition).id else { return }
    if let known = records[identity], known.failure == nil, record.failure != nil { return }
    records[identity] = record
  }

  /// Forgets failed runs, so that they are done again.
  package mutating func forgetFailures() {
    records = records.filter { $0.value.failure == nil }
  }

  /// Cuts off a line that was being written when the process or the machine died.
  ///
  /// Only for the holder of the folder's lock.
  package func repair() throws(ExperimentError) {
    guard FileReader.exists(path) else { return }
    try withDescriptor(O_WRONLY | O_CLOEXEC) { descriptor throws(ExperimentError) in
      guard ftruncate(descriptor, off_t(completeLength)) == 0, fsync(descriptor) == 0 else {
        throw .system(SystemError(call: "ftruncate", path: path, code: errno))
      }
    }
  }

  /// Appends a line with one write and waits until it is on the device.
  package mutating func append(_ record: RunRecord) throws {
    let bytes = try record.json.serialized() + [0x0A]
    try withDescriptor(O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC) { descriptor throws(ExperimentError) in
      let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard written == bytes.count else {
        let code = written < 0 ? errno : ENOSPC
        // What was written of the line would otherwise stand before the next one.
        _ = ftruncate(descriptor, off_t(completeLength))
        throw .system(SystemError(call: "write", path: path, code: code))
      }
      guard fsync(descriptor) == 0 else { throw .system(SystemError(call: "fsync", path: path, code: errno)) }
    }
    completeLength += bytes.count
    keep(record)
  }

  private func withDescriptor(
    _ flags: Int32, _ body: (Int32) throws(ExperimentError) -> Void
  ) throws(ExperimentError) {
    var descriptor: Int32 = -1
    repeat { descriptor = open(path, flags, 0o666) } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else { throw .system(SystemError(call: "open", path: path, code: errno)) }
    defer { close(descriptor) }
    try body(descriptor)
  }
}
