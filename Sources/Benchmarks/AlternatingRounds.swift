// Fair timing of several contenders: they take turns, so a disturbance hits all of them.

import Numerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Seconds of the monotonic clock.
package func monotonicSeconds() -> Double { seconds(of: CLOCK_MONOTONIC) }

/// Processor time of all threads of the process, in seconds.
func processorSeconds() -> Double { seconds(of: CLOCK_PROCESS_CPUTIME_ID) }

private func seconds(of clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Runnable threads of the machine, averaged over the last minute; 0 where the system does not tell.
func loadAverage() -> Double {
  var load = 0.0
  return getloadavg(&load, 1) == 1 ? load : 0
}

/// One contender: a name and a run that returns how long its work took, in seconds.
package struct Contender {
  /// Name in the report.
  package let name: String
  /// Work of one run in the unit of the section times seconds (1e9 operations for GFLOP/s).
  package let work: Double
  /// Runs once and returns seconds.
  package let run: () throws -> Double

  /// A contender that times itself, such as a child process.
  package static func timingItself(
    name: String, work: Double, run: @escaping () throws -> Double
  ) -> Contender {
    Contender(name: name, work: work, run: run)
  }

  private init(name: String, work: Double, run: @escaping () throws -> Double) {
    self.name = name
    self.work = work
    self.run = run
  }

  /// A contender timed here.
  ///
  /// Short bodies are repeated inside one run until it lasts about 40 milliseconds; the time of one repetition is
  /// returned. The first call of a run is not timed: after the pause between contenders, processors and threads wake up
  /// in it, as a peer's do in the first of its own repetitions.
  package init(name: String, work: Double, body: @escaping () -> Void) {
    self.name = name
    self.work = work
    var repetitions = 0
    run = {
      if repetitions == 0 {
        body()
        let start = monotonicSeconds()
        body()
        let once = max(1e-9, monotonicSeconds() - start)
        repetitions = max(1, min(10_000_000, Int(0.04 / once)))
      }
      body()
      let start = monotonicSeconds()
      for _ in 0..<repetitions { body() }
      return (monotonicSeconds() - start) / Double(repetitions)
    }
  }
}

/// Runs the contenders in turn for `rounds` rounds, after one round to warm up, and summarises each.
/// - Parameters:
///   - ceiling: rate to compare with, in the unit of the contenders' work per second.
///   - limit: a contender that works as fast as the machine can, in place of `ceiling`: where other tenants slow the
///     machine down for minutes, only runs in between tell what it could do. It comes last in the result.
package func alternate(
  _ contenders: [Contender], rounds: Int, ceiling: Double? = nil, limit: Contender? = nil
) throws -> [BenchmarkMeasurement] {
  let contenders = contenders + (limit.map { [$0] } ?? [])
  var times = [[Double]](repeating: [], count: contenders.count)
  for contender in contenders { _ = try contender.run() }
  for _ in 0..<rounds {
    for (index, contender) in contenders.enumerated() {
      // Threads of a peer spin for some time after their work (OpenBLAS's for 120 milliseconds, OpenMP's for 200), on
      // processors that belong to the next one.
      if contenders.count > 1 { usleep(250_000) }
      // No clock here tells less; a zero would leave quotients that are no numbers.
      times[index].append(max(1e-9, try contender.run()))
    }
  }
  return zip(contenders, times).map { contender, own in
    var measurement = BenchmarkMeasurement(contender: contender.name, times: own) { contender.work / $0 }
    measurement.ratio = medianQuotient(own, times[0])
    measurement.shareOfCeiling =
      limit.map { contender.work / $0.work * medianQuotient(times[times.count - 1], own) }
      ?? ceiling.map { measurement.rate / $0 }
    return measurement
  }
}

/// The median over the rounds of one contender's time over another's: what a disturbance of some seconds does to both is
/// in no quotient, though it may be in either median.
private func medianQuotient(_ times: [Double], _ others: [Double]) -> Double {
  quantile(zip(times, others).map { $0 / $1 }.sorted(), 0.5)
}

/// The quantile of ascending numbers by linear interpolation.
func quantile(_ sorted: [Double], _ fraction: Double) -> Double {
  let position = fraction * Double(sorted.count - 1)
  let low = Int(position)
  let high = min(low + 1, sorted.count - 1)
  return sorted[low] + (position - Double(low)) * (sorted[high] - sorted[low])
}
