// Every baseline the program offers. A new one adds its file and one line here.

/// The list of baselines.
package enum BaselineRegistry {
  /// All baselines in the order in which help lists them.
  package static let all: [BaselineDescriptor] = [
    Popularity.descriptor, ImplicitALS.descriptor, EASE.descriptor, TextSmoothing.descriptor, TextProbe.descriptor,
    TextRegularizedEASE.descriptor,
  ]

  /// The baseline of a name, if there is one.
  package static func named(_ name: String) -> BaselineDescriptor? { all.first { $0.name == name } }
}
