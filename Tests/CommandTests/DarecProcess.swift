// Runs the built program as a user would.

import Files
import TestSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif
import Foundation

/// One finished run of `darec`.
struct DarecProcess {
  let status: Int32
  let output: String
  let errors: String

  /// The program beside the test bundle.
  static let path: String = {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    let directory = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return directory + "/darec"
  }()

  /// Runs the program to its end.
  /// - Parameters:
  ///   - arguments: its command line.
  ///   - input: its standard input; an empty one by default.
  ///   - environment: variables added to the test's own.
  ///   - directory: where it runs, instead of where the test does.
  ///   - outputPath: where standard output goes instead of into `output`.
  ///   - interruptWhen: asked again and again while the program runs; Ctrl-C is sent once it says yes.
  ///   - killAfter: seconds after which the program is killed if it still runs.
  init(
    _ arguments: [String], input: String = "", environment: [String: String] = [:],
    directory workingDirectory: String? = nil, outputPath: String? = nil, interruptWhen: (() -> Bool)? = nil,
    killAfter: Double? = nil
  ) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments = arguments
    if let workingDirectory { process.currentDirectoryURL = URL(fileURLWithPath: workingDirectory) }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files instead of pipes: no reader threads, no full pipe.
    let directory = try TemporaryFolder()
    let names = ["input", "output", "errors"].map { directory.path + "/" + $0 }
    try input.write(toFile: names[0], atomically: false, encoding: .utf8)
    for name in names.dropFirst() { _ = FileManager.default.createFile(atPath: name, contents: nil) }
    process.standardInput = FileHandle(forReadingAtPath: names[0])
    process.standardOutput = FileHandle(forWritingAtPath: outputPath ?? names[1])
    process.standardError = FileHandle(forWritingAtPath: names[2])
    try process.run()
    if let interruptWhen {
      while process.isRunning && !interruptWhen() { usleep(2_000) }
      process.interrupt()
    }
    if let killAfter {
      let start = DispatchTime.now().uptimeNanoseconds
      while process.isRunning, Double(DispatchTime.now().uptimeNanoseconds - start) < killAfter * 1e9 { usleep(500) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    process.waitUntilExit()
    // A signal is reported as a shell would.
    status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    output = try String(contentsOfFile: names[1], encoding: .utf8)
    errors = try String(contentsOfFile: names[2], encoding: .utf8)
  }
}
