// Runs sessions with files in place of the standard streams.

import Engine
import Files
import Glibc
import Shell

/// A folder of its own under the system's temporary folder, removed at the end of its life.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("\(Terminal.environment("TMPDIR") ?? "/tmp")/darec-shell-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress, let made = mkdtemp(base) else { return "/nonexistent" }
      return String(cString: made)
    }
  }

  deinit { Self.remove(path) }

  /// Path of a file inside.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) -> String {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    let output = BufferedOutput(descriptor: descriptor)
    output.write(bytes)
    output.flush()
    close(descriptor)
    return file(name)
  }

  /// Names inside, sorted.
  var names: [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    guard let stream = opendir(path) else { return }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let child = path + "/" + name
      if unlink(child) != 0 { remove(child) }
    }
    closedir(stream)
    rmdir(path)
  }
}

/// The bytes of a file; empty when there is none.
func fileBytes(_ path: String) -> [UInt8] {
  let descriptor = open(path, O_RDONLY)
  guard descriptor >= 0 else { return [] }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count <= 0 { return bytes }
    bytes.append(contentsOf: buffer[..<count])
  }
}

/// The text of a file; empty when there is none.
func fileText(_ path: String) -> String { String(decoding: fileBytes(path), as: UTF8.self) }

/// What a session wrote and returned.
struct Transcript: Equatable {
  var output: String
  var errors: String
  var status: Int32
}

/// Runs `body` with a session whose streams are files and returns what it wrote.
func transcript(
  engine: any QueryAnswering = FakeEngine(), input: String = "", folder: TemporaryFolder = TemporaryFolder(),
  configure: (inout SessionOptions) -> Void = { _ in }, _ body: (Session) -> ExitStatus
) -> Transcript {
  let inputPath = folder.write("stdin", input)
  let descriptors = (
    open(inputPath, O_RDONLY), open(folder.file("stdout"), O_WRONLY | O_CREAT | O_TRUNC, 0o600),
    open(folder.file("stderr"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  )
  var options = SessionOptions()
  options.inputDescriptor = descriptors.0
  options.outputDescriptor = descriptors.1
  options.errorDescriptor = descriptors.2
  // A cancellation of its own keeps the test process's signal handlers as they are.
  options.cancellation = Cancellation()
  options.environment = { _ in nil }
  configure(&options)
  let session = Session(engine: engine, options: options)
  _ = body(session)
  close(descriptors.0)
  close(descriptors.1)
  close(descriptors.2)
  return Transcript(
    output: fileText(folder.file("stdout")), errors: fileText(folder.file("stderr")), status: session.exitCode)
}

/// Runs a script from standard input.
func script(
  _ text: String, engine: any QueryAnswering = FakeEngine(), folder: TemporaryFolder = TemporaryFolder(),
  configure: (inout SessionOptions) -> Void = { _ in }
) -> Transcript {
  var descriptor: Int32 = 0
  return transcript(
    engine: engine, input: text, folder: folder,
    configure: {
      configure(&$0)
      descriptor = $0.inputDescriptor
    }
  ) { $0.runScript(fileDescriptor: descriptor) }
}
