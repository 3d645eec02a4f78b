// Every base model the program offers. A new model adds its file and one line here.

import Files
import Numerics

/// What a base model is built for.
package struct ModelProblem {
  /// Training interactions, `[users, items]`.
  package var interactions: CSRMatrix
  /// The run's seed.
  package var seed: UInt64

  /// A problem.
  package init(interactions: CSRMatrix, seed: UInt64) {
    self.interactions = interactions
    self.seed = seed
  }
}

/// A base model as the command line sees it.
package struct BaseModelDescriptor: Sendable {
  /// Name in `--model NAME`.
  package let name: String
  /// One line for help.
  package let summary: String
  /// The options it declares, `dimension` and `regularization` among them.
  package let options: [OptionDeclaration]
  /// Named settings, preset → option → value.
  package let presets: [String: [String: String]]
  /// Builds a freshly initialised model.
  package let make: @Sendable (ModelProblem, OptionValues) -> any BaseModel

  /// Describes a model.
  package init(
    name: String, summary: String, options: [OptionDeclaration], presets: [String: [String: String]],
    make: @escaping @Sendable (ModelProblem, OptionValues) -> any BaseModel
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.presets = presets
    self.make = make
  }
}

/// The list of base models.
package enum BaseModelRegistry {
  /// All models in the order in which help lists them.
  package static let all: [BaseModelDescriptor] = [
    BPRMF.descriptor,
    LightGCN.descriptor,
    GCCF.descriptor,
    SGL.descriptor,
    SimGCL.descriptor,
    DCCF.descriptor,
    AutoCF.descriptor,
  ]

  /// The model of a name, if there is one.
  package static func named(_ name: String) -> BaseModelDescriptor? { all.first { $0.name == name } }
}

extension OptionDeclaration {
  /// Embedding width.
  package static let dimension = OptionDeclaration(
    "dimension", .integer(1...4096), default: "32", "width of the embeddings")

  /// Weight of the L2 penalty on whole parameters.
  package static func regularization(default value: String) -> OptionDeclaration {
    OptionDeclaration(
      "regularization", .number(0...1000), default: value, "weight of the squared norm of all parameters")
  }

  /// Number of propagations.
  package static func layers(default value: Int) -> OptionDeclaration {
    OptionDeclaration("layers", .integer(0...16), default: String(value), "graph propagations")
  }

  /// Weight of a contrastive loss.
  package static func contrastWeight(default value: String) -> OptionDeclaration {
    OptionDeclaration("contrast-weight", .number(0...1000), default: value, "weight of the contrastive loss")
  }

  /// Temperature of a contrastive loss.
  package static func contrastTemperature(default value: String) -> OptionDeclaration {
    OptionDeclaration(
      "contrast-temperature", .number(0.001...1000), default: value, "temperature of the contrastive loss")
  }

  /// Probability with which a directed graph entry is kept in a training step.
  package static func keepRate(default value: String) -> OptionDeclaration {
    OptionDeclaration("keep-rate", .number(0...1), default: value, "share of graph entries kept in a training step")
  }
}
