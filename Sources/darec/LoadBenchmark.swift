// darec bench load: how fast a model opens, and how long a single question takes from nothing.
// Guide: Docs/Benchmarks/opening.md.

import Benchmarks
import Engine
import Files
import Glibc
import ModelFile
import Numerics

/// Measures opening a model beside what the machine needs to move the same bytes, and whole processes that ask one
/// question beside the least that a process takes.
struct LoadBenchmark {
  /// Directory of the model.
  let model: String

  static let name = "load"
  static let summary = "opening a model (GB/s beside read and memcpy) and one question from process start (ms)"

  /// The benchmark to run.
  func benchmark() -> Benchmark {
    Benchmark(name: Self.name, summary: Self.summary) { options in try measure(options) }
  }

  private func measure(_ options: BenchmarkOptions) throws -> [BenchmarkSection] {
    let path = model + "/model.safetensors"
    let engine = Engine(bundle: try Bundle.load(model))
    guard let user = engine.ids(of: .user, startingWith: "", limit: 1).first else {
      throw CommandFailure.notHeld("\(model) has no users to ask about")
    }
    let size = try FileReader(path).size
    return try options.resolvedThreadCounts.flatMap { threads -> [BenchmarkSection] in
      Parallelism.threadCount = threads
      options.progress("load: \(grouped(size)) bytes, \(threads) thread(s)")
      return [
        try opening(path, size: size, threads: threads, options: options),
        try starting(user: user, threads: threads, options: options),
      ]
    }
  }

  // MARK: - Opening

  private func opening(
    _ path: String, size: Int, threads: Int, options: BenchmarkOptions
  ) throws -> BenchmarkSection {
    let work = Double(size) / 1e9
    let original = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    defer { original.deallocate() }
    try Self.read(path, into: original)
    func timed(_ body: () throws -> Void) rethrows -> Double {
      let start = monotonicSeconds()
      try body()
      return monotonicSeconds() - start
    }
    let contenders = [
      Contender.timingItself(name: "darec, verified", work: work) { [model] in
        try timed { withExtendedLifetime(try Bundle.load(model)) {} }
      },
      Contender.timingItself(name: "darec --mmap", work: work) { [model] in
        try timed { withExtendedLifetime(try Bundle.load(model, mapped: true)) {} }
      },
      Contender.timingItself(name: "read into new memory", work: work) {
        try timed {
          let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
          defer { target.deallocate() }
          try Self.read(path, into: target)
        }
      },
      Contender.timingItself(name: "memcpy to new memory", work: work) {
        timed {
          let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
          defer { target.deallocate() }
          parallelRanges(size, blockSize: 1 << 20) { range in
            UnsafeMutableRawBufferPointer(rebasing: target[range]).copyMemory(
              from: UnsafeRawBufferPointer(rebasing: original[range]))
          }
        }
      },
    ]
    return BenchmarkSection(
      threads: threads, unit: "GB/s",
      cases: [
        BenchmarkCase(
          name: "open, \(grouped(size >> 10)) KiB", measurements: try alternate(contenders, rounds: options.rounds))
      ],
      notes: [
        "the file is in the system's cache; 'read' and 'memcpy' go over 1 MiB pieces on as many threads, into memory that "
          + "is new each time",
        "--mmap sums what every query needs (ids, training interactions, final vectors) and leaves the rest for later",
      ])
  }

  private static func read(_ path: String, into target: UnsafeMutableRawBufferPointer) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.unreadable(path: path, reason: FileError.reason(errno)) }
    defer { close(descriptor) }
    parallelRanges(target.count, blockSize: 1 << 20) { range in
      var done = range.lowerBound
      while done < range.upperBound {
        let count = pread(descriptor, target.baseAddress.map { $0 + done }, range.upperBound - done, off_t(done))
        if count <= 0 { return }
        done += count
      }
    }
  }

  // MARK: - Starting

  private func starting(user: String, threads: Int, options: BenchmarkOptions) throws -> BenchmarkSection {
    let program = try TimedProcess.ownPath()
    let question = ["-c", "recommend \(Self.quoted(user))", "--threads", "\(threads)"]
    var contenders = [
      Self.process(program, [model] + question, name: "darec MODEL -c 'recommend USER'"),
      Self.process(program, [model, "--mmap"] + question, name: "the same with --mmap"),
      Self.process(program, ["--version"], name: "darec --version"),
      Self.process("/bin/true", [], name: "/bin/true"),
    ]
    var notes = ["rates are starts a second"]
    if options.includesPeers {
      let numpy = Self.process(
        "/usr/bin/env", ["python3", "-c", "import numpy"], name: "python3 import numpy")
      if (try? numpy.run()) != nil {
        contenders.append(numpy)
      } else {
        notes.append("no python3 with numpy on the path")
      }
    }
    let measurements = try alternate(contenders, rounds: max(21, options.rounds))
    return BenchmarkSection(
      threads: threads, unit: "1/s", cases: [BenchmarkCase(name: "one question", measurements: measurements)],
      notes: notes)
  }

  private static func quoted(_ user: String) -> String {
    "\"" + user.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
  }

  /// A process that must succeed, timed from before its start to after its end; its output is dropped.
  private static func process(_ program: String, _ arguments: [String], name: String) -> Contender {
    Contender.timingItself(name: name, work: 1) { try TimedProcess(program, arguments, name: name).seconds }
  }
}
