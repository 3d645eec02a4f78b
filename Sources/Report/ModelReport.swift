// The report of one trained model, alone or beside a base model of the same data.

import Engine
import Evaluation
import Files
import ModelFile
import Numerics

/// Everything a page about a model says, measured once.
package struct ModelReport {
  /// How the report is made.
  package struct Options: Sendable {
    /// How maps are made.
    package var map = MapMethod.tsne
    /// Users and items shown on a map.
    package var points = 1_500

    /// Most points that an exact map takes.
    package static let pointLimit = TSNE.pointLimit

    /// The defaults.
    package init() {}
  }

  let bundle: Bundle
  let base: Bundle?
  let options: Options
  /// Training interactions of every item.
  let degrees: [Int32]
  /// Rankings of the test split, or of the validation split where there is no test.
  let results: RankedResults?
  let log: TrainingLog?
  let baseLog: TrainingLog?
  let comparison: SpaceComparison?
  let centres: [CentreSummary]
  let complements: Complements?

  /// Measures a model.
  /// - Parameters:
  ///   - bundle: the model.
  ///   - base: a model trained on the same data to stand beside it, such as the same base model without alignment.
  ///   - options: how.
  /// - Throws: `ReportError.otherData` when the two were not trained on the same interactions, `.log` or `.file` for an
  ///   unreadable training log.
  package init(_ bundle: Bundle, against base: Bundle? = nil, options: Options = Options()) throws(ReportError) {
    if let base, let what = bundle.difference(from: base) {
      throw .otherData(model: bundle.name, base: base.name, what: what)
    }
    self.bundle = bundle
    self.base = base
    self.options = options
    let engine = Engine(bundle: bundle)
    degrees = engine.itemDegrees
    log = try bundle.trainingLogPath.map { (path) throws(ReportError) in try TrainingLog(path: path) }
    baseLog = try base?.trainingLogPath.map { (path) throws(ReportError) in try TrainingLog(path: path) }
    results = RankedResults(bundle, base: base)
    comparison = SpaceComparison(bundle, degrees: degrees)
    centres = CentreSummary.all(bundle, degrees: degrees)
    complements = results.flatMap { Complements(bundle, base: base, engine: engine, results: $0) }
  }

  /// The method, such as `lightgcn + darec`.
  static func method(of bundle: Bundle) -> String {
    let names = [bundle.configuration["backbone"]?.string, bundle.configuration["alignment"]?.string]
    return names.compactMap { $0 == "none" ? nil : $0 }.joined(separator: " + ")
  }

  /// The name that curves and tables give the base model.
  var baseName: String { base?.name ?? "base" }
}
