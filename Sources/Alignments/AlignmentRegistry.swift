// Every alignment the program offers. A new alignment adds its file and one line here.

import Files

/// An alignment as the command line sees it.
package struct AlignmentDescriptor: Sendable {
  /// Name in `--align NAME`.
  package let name: String
  /// One line for help.
  package let summary: String
  /// The options it declares.
  package let options: [OptionDeclaration]
  /// Early stopping counts only after this many epochs, given the options: the terms need time to settle.
  package let minimumEpochs: @Sendable (OptionValues) -> Int
  /// Named settings, "model/preset" → option of the alignment or the model → value; applied after the model's own.
  package let presets: [String: [String: String]]
  /// What `--lambda X` stands for: option names and values.
  package let lambda: @Sendable (String, OptionValues) -> [(name: String, value: String)]
  /// Builds a freshly initialised alignment.
  package let make: @Sendable (AlignmentProblem, OptionValues) -> any Alignment

  /// Describes an alignment.
  package init(
    name: String, summary: String, options: [OptionDeclaration], presets: [String: [String: String]] = [:],
    minimumEpochs: @escaping @Sendable (OptionValues) -> Int = { _ in 0 },
    lambda: @escaping @Sendable (String, OptionValues) -> [(name: String, value: String)],
    make: @escaping @Sendable (AlignmentProblem, OptionValues) -> any Alignment
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.presets = presets
    self.minimumEpochs = minimumEpochs
    self.lambda = lambda
    self.make = make
  }
}

/// The list of alignments.
///
/// `none` is not one of them: it is their absence.
package enum AlignmentRegistry {
  /// All alignments in the order in which help lists them.
  package static let all: [AlignmentDescriptor] = [
    DaRec.descriptor, RLMRecContrastive.descriptor, RLMRecGenerative.descriptor, KAR.descriptor,
  ]

  /// The alignment of a name, if there is one.
  package static func named(_ name: String) -> AlignmentDescriptor? { all.first { $0.name == name } }
}
