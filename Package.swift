// swift-tools-version: 6.2
import PackageDescription

// Layers: imports only go down (Docs/Architecture.md); `swift build --explicit-target-dependency-import-check error`
// turns an undeclared import into an error.

/// Every Swift target: language mode 6, warnings are errors, existentials spelled `any`.
let common: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// Kernels stay optimised in a debug build too.
///
/// Unoptimised SIMD generics are a thousand times slower.
/// `-fno-math-errno` turns `squareRoot()` into the vector instruction instead of sixteen library calls.
let kernelFlags = ["-O", "-Xcc", "-fno-math-errno"]

#if arch(x86_64)
  let wideKernelFlags = kernelFlags + ["-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mf16c"]
  let widestKernelFlags =
    wideKernelFlags
    + ["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mavx512cd"].flatMap { ["-Xcc", $0] }
#else
  let wideKernelFlags = kernelFlags
  let widestKernelFlags = kernelFlags
#endif

let package = Package(
  name: "darec",
  products: [.executable(name: "darec", targets: ["darec"])],
  traits: [
    .trait(
      name: "Readline", description: "Edit lines with GNU readline (GPL-3.0); without it a plain line reader is built."),
    .trait(
      name: "StaticRuntime",
      description: "On Linux, put Swift's own libraries into the program: it starts in half the time."),
    .default(enabledTraits: ["Readline", "StaticRuntime"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // Layer 0: the machine.
    .target(name: "CPlatform"),
    .target(name: "CReadline", linkerSettings: [.linkedLibrary("readline", .when(traits: ["Readline"]))]),
    // Layer 1: kernels, one source folder compiled once per instruction set (the others are symbolic links to Kernels).
    .target(name: "Kernels", dependencies: ["CPlatform"], swiftSettings: common + [.unsafeFlags(kernelFlags)]),
    .target(
      name: "KernelsAVX2", dependencies: ["CPlatform"],
      swiftSettings: common + [.define("KERNEL_FMA"), .unsafeFlags(wideKernelFlags)]),
    .target(
      name: "KernelsAVX512", dependencies: ["CPlatform"],
      swiftSettings: common + [.define("KERNEL_FMA"), .define("KERNEL_AVX512"), .unsafeFlags(widestKernelFlags)]),
    // Layer 2: matrices and everything numeric; files and formats that know nothing of recommenders.
    .target(
      name: "Numerics", dependencies: ["CPlatform", "Kernels", "KernelsAVX2", "KernelsAVX512", "Files"],
      swiftSettings: common),
    .target(name: "Files", dependencies: ["CPlatform"], swiftSettings: common),
    // Layer 3
    .target(name: "Autodiff", dependencies: ["Numerics"], swiftSettings: common),
    .target(name: "Interactions", dependencies: ["Numerics", "Files"], swiftSettings: common),
    .target(name: "ModelFile", dependencies: ["Numerics", "Files"], swiftSettings: common),
    // Layer 4
    .target(name: "Recommenders", dependencies: ["Autodiff", "Numerics", "Files"], swiftSettings: common),
    .target(name: "Alignments", dependencies: ["Autodiff", "Numerics", "Files"], swiftSettings: common),
    .target(name: "Evaluation", dependencies: ["Numerics", "Files"], swiftSettings: common),
    .target(name: "Baselines", dependencies: ["Autodiff", "Numerics", "Files"], swiftSettings: common),
    // Layer 5
    .target(
      name: "Training",
      dependencies: [
        "Recommenders", "Alignments", "Evaluation", "Autodiff", "Interactions", "ModelFile", "Numerics", "Files",
      ], swiftSettings: common),
    .target(
      name: "Engine",
      dependencies: [
        "Evaluation", "ModelFile", "Numerics", "Files",
      ], swiftSettings: common),
    // Layer 6
    .target(
      name: "Shell",
      dependencies: [
        "Engine", "Numerics", "Files", .target(name: "CReadline", condition: .when(traits: ["Readline"])),
      ], swiftSettings: common),
    .target(
      name: "Benchmarks", dependencies: ["Alignments", "Autodiff", "Numerics", "Files"], swiftSettings: common),
    .target(
      name: "Experiments",
      dependencies: [
        "Training", "Evaluation", "Baselines", "Interactions", "Recommenders", "Alignments", "Autodiff", "Numerics",
        "Files", "CPlatform",
      ], swiftSettings: common),
    .target(
      name: "Report", dependencies: ["Engine", "Evaluation", "ModelFile", "Numerics", "Files"], swiftSettings: common),
    // Layer 7
    .executableTarget(
      name: "darec",
      dependencies: [
        "Shell", "Report", "Engine", "Training", "Evaluation", "Interactions", "ModelFile", "Recommenders",
        "Alignments", "Autodiff", "Baselines", "Benchmarks", "Experiments", "Numerics", "Files",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: common,
      linkerSettings: [
        .unsafeFlags(
          ["-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections"],
          .when(platforms: [.linux], traits: ["StaticRuntime"]))
      ]),
    // Tests
    .target(
      name: "TestSupport", dependencies: ["Numerics", "Files"], path: "Tests/TestSupport", swiftSettings: common),
    .testTarget(
      name: "NumericsTests",
      dependencies: [
        "Numerics", "Benchmarks", "CPlatform", "Kernels", "KernelsAVX2", "KernelsAVX512", "TestSupport", "Files",
      ],
      swiftSettings: common),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "InteractionsTests", dependencies: ["Interactions", "Files", "Numerics", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "ModelFileTests", dependencies: ["ModelFile", "Files", "Numerics", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "LearningTests",
      dependencies: [
        "Autodiff", "Recommenders", "Alignments", "Evaluation", "Training", "Interactions", "ModelFile", "Numerics",
        "Files", "TestSupport",
      ], swiftSettings: common),
    .testTarget(
      name: "EvaluationTests", dependencies: ["Evaluation", "Files", "Numerics", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "BaselinesTests", dependencies: ["Baselines", "Autodiff", "Numerics", "Files", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "EngineTests",
      dependencies: ["Engine", "Training", "Interactions", "ModelFile", "Numerics", "Files", "TestSupport"],
      swiftSettings: common),
    .testTarget(
      name: "ShellTests", dependencies: ["Shell", "Engine", "Numerics", "Files", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "ReportTests",
      dependencies: ["Report", "Engine", "Evaluation", "ModelFile", "Numerics", "Files", "TestSupport"],
      swiftSettings: common),
    .testTarget(name: "CommandTests", dependencies: ["Shell", "Files", "TestSupport"], swiftSettings: common),
    .testTarget(
      name: "ExperimentTests",
      dependencies: ["Experiments", "Training", "Interactions", "Evaluation", "Numerics", "Files", "TestSupport"],
      swiftSettings: common),
  ]
)
