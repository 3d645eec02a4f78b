// The result of a benchmark, as text for a person and as JSON for a script.

import Files

/// One measured contender on one case.
package struct BenchmarkMeasurement: Sendable {
  /// Who was measured: "darec", "numpy", ...
  package var contender: String
  /// Median time of one run, seconds.
  package var median: Double
  /// Shortest time, seconds.
  package var minimum: Double
  /// (third quartile - first quartile) / median.
  package var spread: Double
  /// Work per second in the section's unit (GFLOP/s, GB/s, ...), from the median.
  package var rate: Double
  /// Rate over the ceiling of the section, or, where a contender of the case works at the limit, the median over the rounds
  /// of the quotient of both rates; nil where there is neither.
  package var shareOfCeiling: Double?
  /// Time of this contender over that of the first contender of the case, the median over the rounds: above 1 means the
  /// first is faster.
  package var ratio: Double

  /// Creates a measurement from times taken elsewhere; `alternate` makes those of timed runs.
  package init(
    contender: String, median: Double, minimum: Double, spread: Double, rate: Double, shareOfCeiling: Double?,
    ratio: Double
  ) {
    self.contender = contender
    self.median = median
    self.minimum = minimum
    self.spread = spread
    self.rate = rate
    self.shareOfCeiling = shareOfCeiling
    self.ratio = ratio
  }

  /// Creates a measurement from the times of its runs, of a contender that stands alone and has no ceiling.
  /// - Parameters:
  ///   - times: of the runs, seconds; not empty.
  ///   - rate: what stands in the rate's column, from the median time.
  package init(contender: String, times: [Double], rate: (_ median: Double) -> Double) {
    let sorted = times.sorted()
    let median = quantile(sorted, 0.5)
    self.init(
      contender: contender, median: median, minimum: sorted[0],
      spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median, rate: rate(median), shareOfCeiling: nil,
      ratio: 1)
  }

  /// The measurement as a JSON object.
  package var json: JSONValue {
    .object([
      .init("contender", .string(contender)), .init("median_seconds", .number(median)),
      .init("minimum_seconds", .number(minimum)), .init("spread", .number(spread)), .init("rate", .number(rate)),
      .init("share_of_ceiling", shareOfCeiling.map { .number($0) } ?? .null), .init("ratio", .number(ratio)),
    ])
  }
}

/// One case: a shape, a size, a kernel.
package struct BenchmarkCase: Sendable {
  /// What was measured, for instance "4096 x 1536 x 784".
  package var name: String
  /// One entry per contender; the first is ours.
  package var measurements: [BenchmarkMeasurement]

  /// Creates a case.
  package init(name: String, measurements: [BenchmarkMeasurement]) {
    self.name = name
    self.measurements = measurements
  }
}

/// The cases measured at one thread count.
package struct BenchmarkSection: Sendable {
  /// Threads used.
  package var threads: Int
  /// Unit of `rate`.
  package var unit: String
  /// The ceiling in that unit, and what it is; nil where there is none.
  package var ceiling: (rate: Double, meaning: String)?
  /// The cases in the order measured.
  package var cases: [BenchmarkCase]
  /// Sentences about what is missing or special in this run.
  package var notes: [String]
  /// What the machine could do in this run with as many threads, GFLOP/s; nil until `Benchmark.run` has measured it.
  package var multiplyAddRate: Double?

  /// Creates a section.
  package init(
    threads: Int, unit: String, ceiling: (rate: Double, meaning: String)? = nil, cases: [BenchmarkCase],
    notes: [String] = []
  ) {
    self.threads = threads
    self.unit = unit
    self.ceiling = ceiling
    self.cases = cases
    self.notes = notes
  }
}

/// Everything one `darec bench NAME` measured.
package struct BenchmarkReport: Sendable {
  /// Name of the benchmark.
  package var name: String
  /// What it measures.
  package var summary: String
  /// Instruction set level of the kernels.
  package var level: String
  /// Processors this process may use.
  package var processors: Int
  /// One section per thread count.
  package var sections: [BenchmarkSection]

  /// Creates a report.
  package init(name: String, summary: String, level: String, processors: Int, sections: [BenchmarkSection]) {
    self.name = name
    self.summary = summary
    self.level = level
    self.processors = processors
    self.sections = sections
  }

  /// The report as a JSON object, schema `darec/benchmark/1`.
  package var json: JSONValue {
    .object([
      .init("schema", .string("darec/benchmark/1")), .init("name", .string(name)),
      .init("summary", .string(summary)), .init("simd", .string(level)), .init("processors", .integer(processors)),
      .init("sections", .array(sections.map(Self.json))),
    ])
  }

  private static func json(_ section: BenchmarkSection) -> JSONValue {
    .object([
      .init("threads", .integer(section.threads)), .init("unit", .string(section.unit)),
      .init("ceiling", section.ceiling.map { .number($0.rate) } ?? .null),
      .init("ceiling_meaning", section.ceiling.map { .string($0.meaning) } ?? .null),
      .init("multiply_add_rate", section.multiplyAddRate.map { .number($0) } ?? .null),
      .init(
        "cases",
        .array(
          section.cases.map { one in
            .object([
              .init("name", .string(one.name)), .init("measurements", .array(one.measurements.map(\.json))),
            ])
          })), .init("notes", .array(section.notes.map { .string($0) })),
    ])
  }

  /// The report as aligned lines ending in a newline.
  package var text: String {
    var lines = ["\(name): \(summary)", "kernels \(level), \(processors) processors"]
    for section in sections {
      lines.append("")
      var title = section.threads == 1 ? "1 thread" : "\(section.threads) threads"
      if let ceiling = section.ceiling {
        title += ", ceiling \(fixed(ceiling.rate, 1)) \(section.unit) (\(ceiling.meaning))"
      }
      lines.append(title)
      let caseWidth = max(4, section.cases.map(\.name.count).max() ?? 0)
      let nameWidth = max(4, section.cases.flatMap { $0.measurements.map(\.contender.count) }.max() ?? 0)
      lines.append(
        "  " + padded("case", caseWidth) + "  " + padded("who", nameWidth) + leading("median", 11)
          + leading("spread", 8) + leading(section.unit, max(12, section.unit.count + 2)) + leading("ceiling", 9)
          + leading("their/our", 11))
      for one in section.cases {
        for (index, measurement) in one.measurements.enumerated() {
          lines.append(
            "  " + padded(index == 0 ? one.name : "", caseWidth) + "  " + padded(measurement.contender, nameWidth)
              + leading(duration(measurement.median), 11)
              + leading(fixed(measurement.spread * 100, 0) + "%", 8)
              + leading(significant(measurement.rate), max(12, section.unit.count + 2))
              + leading(measurement.shareOfCeiling.map { fixed($0 * 100, 0) + "%" } ?? "", 9)
              + leading(index == 0 ? "" : fixed(measurement.ratio, 2), 11))
        }
      }
      lines += section.notes.map { "  note: \($0)" }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// `value` with a fixed number of decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
  guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
  var power = 1.0
  for _ in 0..<decimals { power *= 10 }
  let scaled = (value.magnitude * power).rounded()
  let whole = Int(scaled / power)
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard decimals > 0 else { return sign + "\(whole)" }
  let fraction = "\(Int(scaled - Double(whole) * power))"
  return sign + "\(whole)." + String(repeating: "0", count: max(0, decimals - fraction.count)) + fraction
}

/// A time with the unit that suits it.
func duration(_ seconds: Double) -> String {
  if seconds >= 1 { return significant(seconds) + " s" }
  if seconds >= 1e-3 { return significant(seconds * 1e3) + " ms" }
  if seconds >= 1e-6 { return significant(seconds * 1e6) + " us" }
  return significant(seconds * 1e9) + " ns"
}

/// `value` with about four significant digits.
func significant(_ value: Double) -> String {
  if value.magnitude >= 100 { return fixed(value, 1) }
  if value.magnitude >= 1 { return fixed(value, 2) }
  return fixed(value, 4)
}

/// `text` filled with spaces on the right.
func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// `text` filled with spaces on the left.
func leading(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
