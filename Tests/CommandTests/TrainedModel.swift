// A small model trained once for all tests of the program.

import TestSupport

/// Planted data and a model trained on it by the program itself.
final class TrainedModel: Sendable {
  /// Shared by all tests; nil when training failed, which every test then reports.
  static let shared: TrainedModel? = try? TrainedModel()

  let data: String
  let model: String
  private let directory: TemporaryFolder

  private init() throws {
    directory = try TemporaryFolder()
    data = directory.path + "/data"
    model = directory.path + "/model"
    _ = try DarecProcess(["sample", data, "--users", "120", "--items", "90", "--interactions", "3000"])
    _ = try DarecProcess([
      "train", "--data", data, "--align", "darec", "--epochs", "8", "--quiet", "--out", model,
    ])
  }

  /// A fresh copy of a file or directory of the shared model or data, to be damaged by a test.
  func path(_ name: String) -> String { directory.path + "/" + name }
}
