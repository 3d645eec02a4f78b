// Which build of the kernels this process uses.

import CPlatform
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An instruction set the kernels are compiled for.
package enum SIMDLevel: String, CaseIterable, Sendable {
  /// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
  case baseline
  /// AVX2 with FMA and F16C, x86-64 only.
  case avx2
  /// AVX-512 (F, VL, DQ, BW, CD) besides AVX2 and FMA: one register holds all sixteen lanes.
  case avx512

  /// The name used in `DAREC_SIMD`, reports and benchmarks.
  package var name: String { rawValue }

  /// True when this processor and operating system can run the level.
  package var isSupported: Bool {
    switch self {
    case .baseline: true
    case .avx2: cplatform_has_avx2_fma()
    case .avx512: cplatform_has_avx512()
    }
  }

  /// The widest level this processor runs.
  package static var widest: SIMDLevel { allCases.last { $0.isSupported } ?? .baseline }

  /// The level asked for in the environment variable `DAREC_SIMD`, or the widest.
  /// - Throws: `SIMDLevelError` when the variable names no level, or one this processor lacks.
  package static func requested() throws -> SIMDLevel {
    guard let value = getenv("DAREC_SIMD") else { return widest }
    return try named(String(cString: value))
  }

  /// The level called `name`; the widest for an empty name.
  /// - Throws: `SIMDLevelError` when there is no such level, or this processor lacks it.
  package static func named(_ name: String) throws -> SIMDLevel {
    if name.isEmpty { return widest }
    guard let level = SIMDLevel(rawValue: name) else { throw SIMDLevelError.unknown(name: name) }
    guard level.isSupported else { throw SIMDLevelError.unsupported(level: level) }
    return level
  }

  /// The level of `kernels`: the requested one, or the widest where the request is not usable.
  package static let selected: SIMDLevel = (try? requested()) ?? widest
}

/// Why `DAREC_SIMD` could not be followed.
package enum SIMDLevelError: DescribedFailure, Equatable {
  /// The variable holds a word that is no level.
  case unknown(name: String)
  /// The processor lacks the instructions.
  case unsupported(level: SIMDLevel)

  package var description: String {
    let names = SIMDLevel.allCases.map(\.name).joined(separator: ", ")
    switch self {
    case .unknown(let name):
      return "DAREC_SIMD is \"\(name)\", which is no instruction set level; set it to \(names), or unset it"
    case .unsupported(let level):
      return "DAREC_SIMD asks for \(level.name), which this processor does not have; set it to baseline, or unset it"
    }
  }

  package var exitStatus: ExitStatus { .usage }
}
