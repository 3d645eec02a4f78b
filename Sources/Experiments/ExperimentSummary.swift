// All that the finished runs of an experiment say: a function of the plan and the runs, without times.

import Evaluation
import Files

/// The results of an experiment, ready to be written.
struct ExperimentSummary {
  /// The plan.
  let plan: ExperimentPlan
  /// What is known of each data set.
  let identities: [DataIdentity]
  /// The rows in the plan's order.
  let rows: [SummaryRow]
  /// Every alignment against the base model, then the subject against the other alignments.
  let comparisons: [Comparison]
  /// One for each data set and model with a subject.
  let findings: [Finding]
  /// The best model of each data set against its best baseline.
  let standings: [BaselineStanding]
  /// Curves.
  let sweeps: [SweepResult]

  /// Gathers finished runs.
  /// - Throws: `ExperimentError` or what is wrong with an option of the plan.
  init(schedule: Schedule, records: [String: RunRecord], folder: ExperimentFolder) throws {
    plan = schedule.plan
    identities = schedule.identities
    let bootstrap = PairedBootstrap(resamples: schedule.plan.report.resamples)
    let rows = try schedule.kinds.indices.map { index in
      try SummaryRow(index, schedule: schedule, records: records, folder: folder)
    }
    var comparisons: [Comparison] = []
    var findings: [Finding] = []
    for index in plan.data.indices {
      for model in plan.models {
        let group = rows.filter { row in
          guard row.kind.dataIndex == index, case .model(let entry, _) = row.kind.subject else { return false }
          return entry.label == model.label
        }
        let compared = Self.compare(group, plan: plan, bootstrap: bootstrap)
        comparisons += compared.overNone + compared.subjectOver
        if let finding = Self.finding(compared, plan: plan) { findings.append(finding) }
      }
    }
    self.rows = rows
    self.comparisons = comparisons
    self.findings = findings
    standings = plan.data.indices.compactMap { index in
      BaselineStanding(rows.filter { $0.kind.dataIndex == index }, bootstrap: bootstrap)
    }
    sweeps = try schedule.kinds.indices.flatMap { index in
      try schedule.sweeps(of: schedule.kinds[index]).map { sweep in
        try SweepResult(
          sweep, row: index, schedule: schedule, records: records, folder: folder, bootstrap: bootstrap)
      }
    }
  }

  /// The comparisons of one model on one data set.
  private typealias Compared = (overNone: [Comparison], subjectOver: [Comparison])

  private static func compare(_ rows: [SummaryRow], plan: ExperimentPlan, bootstrap: PairedBootstrap) -> Compared {
    func isNone(_ row: SummaryRow) -> Bool {
      plan.alignments.contains { $0.label == row.kind.alignment && $0.name == nil }
    }
    var compared: Compared = ([], [])
    let others = rows.filter { !isNone($0) }
    if let none = rows.first(where: isNone) {
      compared.overNone = others.map { Comparison($0, with: none, bootstrap: bootstrap) }
    }
    if let subject = others.first(where: { $0.kind.alignment == plan.report.subject }) {
      compared.subjectOver = others.filter { $0.kind.alignment != plan.report.subject }.map {
        Comparison(subject, with: $0, bootstrap: bootstrap)
      }
    }
    return compared
  }

  private static func finding(_ compared: Compared, plan: ExperimentPlan) -> Finding? {
    guard
      let subject = plan.report.subject, let entry = plan.alignments.first(where: { $0.label == subject }),
      let overNone = compared.overNone.first(where: { $0.first == subject })
    else { return nil }
    // A control is the subject itself with its text taken away.
    let labels = plan.alignments.filter { $0.isControl(of: entry) }.map(\.label)
    let others = plan.alignments.filter { $0.name == entry.name && $0.textControl != nil && $0.label != subject }
    let controls = labels.compactMap { label -> (label: String, overNone: Comparison, subjectOver: Comparison)? in
      guard
        let own = compared.overNone.first(where: { $0.first == label }),
        let against = compared.subjectOver.first(where: { $0.second == label })
      else { return nil }
      return (label, own, against)
    }
    return Finding(
      subject: subject, overNone: overNone, controls: controls,
      unlike: others.map(\.label).filter { !labels.contains($0) },
      rivals: compared.subjectOver.filter { !labels.contains($0.second) })
  }

  /// The comparison of two rows of one model on one data set.
  func comparison(data: String, model: String, first: String, second: String) -> Comparison? {
    comparisons.first { $0.data == data && $0.model == model && $0.first == first && $0.second == second }
  }

  /// The label of the base model without alignment.
  var noneLabel: String? { plan.alignments.first { $0.name == nil }?.label }
}
