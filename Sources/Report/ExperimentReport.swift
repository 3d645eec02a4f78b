// What a page about an experiment says, as plain values.

/// The results of an experiment: systems on data sets, with uncertainty and controls.
///
/// A plain value: it can be read from a summary file or made by hand. Nothing in it is computed here; `page()` only
/// shows it.
package struct ExperimentReport: Sendable {
  /// A mean with its interval and the value of every seed.
  package struct Estimate: Sendable {
    /// Mean over users and seeds.
    package var mean: Double
    /// Lower and upper end of its 95 % interval.
    package var interval: ClosedRange<Double>?
    /// One value for each seed, in the order of the plan; empty where not kept.
    package var seeds: [Double]

    /// An estimate.
    package init(_ mean: Double, interval: ClosedRange<Double>? = nil, seeds: [Double] = []) {
      self.mean = mean
      self.interval = interval
      self.seeds = seeds
    }
  }

  /// A metric of a system, such as `recall@20`.
  package struct Metric: Sendable {
    package var name: String
    package var value: Estimate

    /// A metric.
    package init(_ name: String, _ value: Estimate) {
      self.name = name
      self.value = value
    }
  }

  /// How much a system is better than another one on a metric.
  package struct Comparison: Sendable {
    /// The metric, such as `recall@20`.
    package var metric: String
    /// What it is compared with, such as `none` or `RLMRec-Con`.
    package var against: String
    /// Mean of the paired differences and its interval; positive: this system is better.
    package var difference: Estimate
    /// Two-sided p-value; nil where not computed.
    package var pValue: Double?

    /// A comparison.
    package init(metric: String, against: String, difference: Estimate, pValue: Double? = nil) {
      self.metric = metric
      self.against = against
      self.difference = difference
      self.pValue = pValue
    }
  }

  /// A row of the table: a base model with an alignment, or a baseline.
  package struct System: Sendable {
    /// The base model or baseline, such as `LightGCN`.
    package var model: String
    /// The alignment, such as `DaRec`; `none` or empty without.
    package var alignment: String
    /// What is different from the usual, such as `shuffled text`; may be empty.
    package var variant: String
    /// The metrics, in the order of the table's columns.
    package var metrics: [Metric]
    /// Differences to other systems.
    package var comparisons: [Comparison]
    /// The tuned settings in words; may be empty.
    package var settings: String
    /// Why there are no results, for a run that failed; nil otherwise.
    package var failure: String?

    /// A system.
    package init(
      model: String, alignment: String = "", variant: String = "", metrics: [Metric], comparisons: [Comparison] = [],
      settings: String = "", failure: String? = nil
    ) {
      self.model = model
      self.alignment = alignment
      self.variant = variant
      self.metrics = metrics
      self.comparisons = comparisons
      self.settings = settings
      self.failure = failure
    }

    /// The alignment and variant in words.
    package var method: String {
      let name = alignment.isEmpty ? "\u{2013}" : alignment
      return variant.isEmpty ? name : "\(name) (\(variant))"
    }

    /// The whole name, for legends.
    package var name: String {
      let parts = [model, alignment == "none" ? "" : alignment].filter { !$0.isEmpty }
      return parts.joined(separator: " + ") + (variant.isEmpty ? "" : " (\(variant))")
    }
  }

  /// A part of the users or items and how systems do on it.
  package struct Stratum: Sendable {
    /// Such as `1–5 training items`.
    package var name: String
    /// What is in it, such as `812 users`; may be empty.
    package var size: String
    /// Systems by name, in the same order in every stratum.
    package var systems: [(name: String, value: Estimate)]

    /// A stratum.
    package init(_ name: String, size: String = "", systems: [(name: String, value: Estimate)]) {
      self.name = name
      self.size = size
      self.systems = systems
    }
  }

  /// Strata of one kind.
  package struct Stratification: Sendable {
    /// Such as `Recall@20 by training items of the user`.
    package var title: String
    package var strata: [Stratum]

    /// A stratification.
    package init(title: String, strata: [Stratum]) {
      self.title = title
      self.strata = strata
    }
  }

  /// A metric on the validation split over the values of one setting.
  package struct Sweep: Sendable {
    /// The setting, such as `centres` (K), `lambda` or `sample-size` (N-hat).
    package var parameter: String
    /// The metric, such as `recall@20`.
    package var metric: String
    /// One curve for each system: setting, mean, smallest and largest seed.
    package var curves: [(system: String, points: [LineChart.Point])]
    /// The value the table was made with.
    package var chosen: Double?

    /// A sweep.
    package init(
      parameter: String, metric: String, curves: [(system: String, points: [LineChart.Point])], chosen: Double? = nil
    ) {
      self.parameter = parameter
      self.metric = metric
      self.curves = curves
      self.chosen = chosen
    }
  }

  /// Validation over training, one chart for each base model.
  package struct Learning: Sendable {
    /// The base model.
    package var model: String
    /// The metric, such as `recall@20`.
    package var metric: String
    /// One curve for each alignment: epochs and values.
    package var curves: [(system: String, points: [LineChart.Point])]

    /// Curves of one base model.
    package init(model: String, metric: String, curves: [(system: String, points: [LineChart.Point])]) {
      self.model = model
      self.metric = metric
      self.curves = curves
    }
  }

  /// The balance of the two sides over training: kappa of the movement that each side's step causes.
  package struct BalanceTrace: Sendable {
    /// The system, by name.
    package var system: String
    /// Epoch and kappa, positive.
    package var points: [(epoch: Double, kappa: Double)]

    /// A trace.
    package init(system: String, points: [(epoch: Double, kappa: Double)]) {
      self.system = system
      self.points = points
    }
  }

  /// A table of other numbers, such as coverage and novelty, or the sampled task.
  package struct Extra: Sendable {
    package var title: String
    /// How to read it; may be empty.
    package var note: String
    package var columns: [String]
    /// The first text of a row names it.
    package var rows: [(name: String, values: [Double])]

    /// A table.
    package init(title: String, note: String = "", columns: [String], rows: [(name: String, values: [Double])]) {
      self.title = title
      self.note = note
      self.columns = columns
      self.rows = rows
    }
  }

  /// Everything about one data set.
  package struct DataSetResults: Sendable {
    package var name: String
    /// Such as `943 users, 1,682 items, 49,506 training interactions, 5 seeds`.
    package var facts: String
    /// What is to be learnt from it, in sentences.
    package var findings: [String]
    package var systems: [System]
    package var stratifications: [Stratification]
    package var sweeps: [Sweep]
    package var learning: [Learning]
    package var balance: [BalanceTrace]
    package var extras: [Extra]

    /// Results on one data set.
    package init(
      name: String, facts: String = "", findings: [String] = [], systems: [System],
      stratifications: [Stratification] = [], sweeps: [Sweep] = [], learning: [Learning] = [],
      balance: [BalanceTrace] = [], extras: [Extra] = []
    ) {
      self.name = name
      self.facts = facts
      self.findings = findings
      self.systems = systems
      self.stratifications = stratifications
      self.sweeps = sweeps
      self.learning = learning
      self.balance = balance
      self.extras = extras
    }
  }

  /// The page's title.
  package var title: String
  /// One line under it.
  package var subtitle: String
  /// What is to be learnt from all data sets together, in sentences.
  package var findings: [String]
  package var dataSets: [DataSetResults]

  /// A report.
  package init(title: String, subtitle: String = "", findings: [String] = [], dataSets: [DataSetResults]) {
    self.title = title
    self.subtitle = subtitle
    self.findings = findings
    self.dataSets = dataSets
  }
}
