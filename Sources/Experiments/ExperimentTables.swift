// The reports of an experiment as files.

import Files
import Interactions

/// Writes the reports.
package enum ExperimentTables {
  /// Writes `table.md`, `summary.json` and `costs.md` from the runs that are finished.
  /// - Parameters:
  ///   - plan: what was asked for.
  ///   - folder: where the runs are.
  ///   - load: reads a data set, where the folder does not remember what it was.
  /// - Returns: the contents of `table.md`.
  /// - Throws: `ExperimentError.foreignFolder` or `.notAFolder` before anything is written; what is wrong with plan,
  ///   data or runs.
  package static func write(
    plan: ExperimentPlan, folder: ExperimentFolder, load: (ExperimentPlan.Source) throws -> DataSet
  ) throws -> String {
    try folder.requireOwn()
    let identities = try folder.knownData(plan) ?? plan.data.map { DataIdentity(try load($0)) }
    let schedule = try Schedule(plan: plan, identities: identities)
    let store = try RunStore(folder: folder.path)
    let summary = try ExperimentSummary(schedule: schedule, records: store.records, folder: folder)
    let costs = try ExperimentCosts(schedule: schedule, records: store.records)
    let table = summary.markdown
    try folder.write("table.md", Array(table.utf8))
    try folder.write("summary.json", try summary.json.serialized(.pretty) + [0x0A])
    try folder.write("costs.md", Array(costs.markdown.utf8))
    return table
  }
}
