// Reports of earlier runs, and what has become slower since. Guide: Docs/Benchmarks/README.md, "History".

import Files

/// The reports that a file holds, one JSON object a line, oldest first.
package struct BenchmarkHistory: Sendable {
  /// What a case must have lost to be named.
  package static let threshold = 0.10
  /// Largest file that is read.
  private static let largestFile = 64 << 20

  /// One case that takes longer than it did.
  package struct Slowdown: Equatable, Sendable {
    package var benchmark: String
    package var threads: Int
    package var name: String
    /// Seconds now over seconds then, each in units of the machine's own speed in its run.
    package var factor: Double

    /// In words.
    package var text: String {
      "\(benchmark), \(threads) thread\(threads == 1 ? "" : "s"), \(name): \(fixed((factor - 1) * 100, 0)) % slower"
    }
  }

  private var reports: [JSONValue]

  /// Reads a history; a missing file is an empty one.
  /// - Throws: `FileError` for a file that cannot be read or is no history.
  package init(path: String) throws {
    reports = []
    guard FileReader.exists(path) else { return }
    let bytes = try FileReader.contents(of: path, limit: Self.largestFile)
    for (number, line) in bytes.split(separator: 0x0A).enumerated() {
      guard let report = try? JSONValue.parse(Array(line)), report["schema"]?.string == "darec/benchmark/1" else {
        throw BenchmarkError.notAHistory(path: path, line: number + 1)
      }
      reports.append(report)
    }
  }

  /// Appends a report as one line; the file is replaced whole, so that a kill leaves the old one or the new one.
  /// - Parameters:
  ///   - date: the day, such as `2026-11-26`.
  ///   - path: the file; made when missing.
  package mutating func append(_ report: JSONValue, date: String, path: String) throws {
    guard case .object(let members) = report else { return }
    reports.append(.object([.init("recorded", .string(date))] + members))
    var bytes: [UInt8] = []
    for report in reports { bytes += try report.serialized(.compact) + [0x0A] }
    try AtomicReplace.file(at: path, bytes: bytes)
  }

  /// A history of reports at hand.
  package init(reports: [JSONValue]) { self.reports = reports }

  /// The last report of the same benchmark with the same kernels and as many processors; nil when there is none.
  private func last(like report: JSONValue) -> JSONValue? {
    reports.last { earlier in
      ["name", "simd"].allSatisfy { earlier[$0]?.string == report[$0]?.string }
        && earlier["processors"]?.int == report["processors"]?.int
    }
  }

  /// The cases of a report that take at least a tenth longer than in the last report like it, worst first.
  ///
  /// Times are taken in units of the multiply-add rate that the machine had in the same run with as many threads, so that
  /// a slow minute of the machine is not counted against the program; what waits for memory is judged less fairly.
  /// - Returns: nil when there is nothing to compare with.
  package func slowdowns(in report: JSONValue) -> [Slowdown]? {
    guard let earlier = last(like: report) else { return nil }
    func times(_ report: JSONValue) -> [(threads: Int, name: String, work: Double)] {
      (report["sections"]?.array ?? []).flatMap { section -> [(threads: Int, name: String, work: Double)] in
        let speed = section["multiply_add_rate"]?.double ?? 1
        return (section["cases"]?.array ?? []).compactMap { one in
          guard let seconds = one["measurements"]?.array?.first?["median_seconds"]?.double,
            let name = one["name"]?.string, let threads = section["threads"]?.int
          else { return nil }
          return (threads, name, seconds * speed)
        }
      }
    }
    let before = times(earlier)
    let slower = times(report).compactMap { now -> Slowdown? in
      guard let then = before.first(where: { $0.threads == now.threads && $0.name == now.name }), then.work > 0,
        now.work / then.work > 1 + Self.threshold
      else { return nil }
      return Slowdown(
        benchmark: report["name"]?.string ?? "", threads: now.threads, name: now.name, factor: now.work / then.work)
    }
    return slower.sorted { ($1.factor, $0.name) < ($0.factor, $1.name) }
  }
}
