// Selection of the kernels, and the promise that the wide build shares no code with the baseline.

import Glibc
import Numerics
import Testing

@Suite struct SIMDLevelTests {
  @Test func selectedLevelIsSupported() {
    #expect(SIMDLevel.selected.isSupported)
    #expect(kernels.level == SIMDLevel.selected)
    #expect(KernelTable.table(.baseline).level == .baseline)
  }

  @Test func namesSelectLevelsAndOtherWordsAreErrors() throws {
    for level in supportedLevels { #expect(try SIMDLevel.named(level.name) == level) }
    #expect(try SIMDLevel.named("") == SIMDLevel.widest)
    for name in ["avx9", "AVX2", " avx2", "baseline ", "0"] {
      #expect(throws: SIMDLevelError.unknown(name: name)) { try SIMDLevel.named(name) }
    }
  }

  /// Listed as skipped where the processor has no AVX2, so that a run tells what it did not test.
  @Test(.enabled(if: SIMDLevel.avx2.isSupported, "this processor has no AVX2 with FMA: that level is not tested"))
  func avx2LevelIsTested() {
    #expect(supportedLevels.contains(.avx2))
    #expect(KernelTable.table(.avx2).level == .avx2)
  }

  /// As above for AVX-512.
  @Test(.enabled(if: SIMDLevel.avx512.isSupported, "this processor has no AVX-512: that level is not tested"))
  func avx512LevelIsTested() {
    #expect(supportedLevels.contains(.avx512))
    #expect(KernelTable.table(.avx512).level == .avx512)
  }

  @Test func errorsNameTheVariableAndTheRemedy() {
    let unknown = SIMDLevelError.unknown(name: "avx9").description
    #expect(unknown.contains("DAREC_SIMD") && unknown.contains("avx9") && unknown.contains("baseline, avx2, avx512"))
    let unsupported = SIMDLevelError.unsupported(level: .avx2).description
    #expect(unsupported.contains("DAREC_SIMD") && unsupported.contains("avx2"))
    #expect(SIMDLevelError.unknown(name: "").exitStatus == .usage)
  }

  /// An object compiled for AVX2 must define no weak function: the linker could choose it for baseline callers.
  @Test(
    .enabled(if: WideObjects.nm != nil && !WideObjects.paths.isEmpty, "nm or the objects are not here: not checked"))
  func wideObjectsDefineNoWeakFunctions() throws {
    let nm = try #require(WideObjects.nm)
    var functions = 0
    for path in WideObjects.paths {
      for line in WideObjects.lines(of: "\(nm) '\(path)'") {
        let words = line.split(separator: " ")
        guard words.count == 3 else { continue }
        #expect(words[1] != "W" && words[1] != "u", "\(words[2]) in \(path)")
        if words[1] == "T" { functions += 1 }
      }
    }
    #expect(functions >= 30)
  }
}

/// The objects of the wide kernels beside the running test binary.
enum WideObjects {
  /// Path of nm, nil where there is none.
  static let nm: String? = lines(of: "command -v nm").first

  /// The object files, empty where the build keeps them elsewhere.
  static let paths: [String] = {
    guard let binary = lines(of: "readlink /proc/\(getpid())/exe").first, !binary.isEmpty else { return [] }
    var directories = [binary] + CommandLine.arguments
    directories = directories.map { path in
      path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
    for directory in directories {
      let found = lines(of: "ls '\(directory)'/KernelsAVX*.build/*.o 2>/dev/null")
      if !found.isEmpty { return found }
    }
    return []
  }()

  /// Output lines of a shell command.
  static func lines(of command: String) -> [String] {
    guard let stream = popen(command, "r") else { return [] }
    defer { pclose(stream) }
    var result: [String] = []
    var buffer = [CChar](repeating: 0, count: 4096)
    while fgets(&buffer, Int32(buffer.count), stream) != nil {
      let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
      result.append(String(decoding: bytes, as: UTF8.self))
    }
    return result
  }
}
