// darec export: a data set in the layout of another program, or explanations of many users.

import ArgumentParser
import Files
import Interactions
import Numerics
import Shell

/// `darec export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a data set in another layout, or explanations as JSON Lines.",
    subcommands: [ExportDataCommand.self, ExportExplanationsCommand.self], defaultSubcommand: ExportDataCommand.self)
}

/// `darec export data`, which `darec export` alone means.
struct ExportDataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Write a data set as RLMRec's folder, as matrices or as tables.",
    discussion: """
      rlmrec: trn_mat.pkl, val_mat.pkl, tst_mat.pkl, usr_emb_np.pkl, itm_emb_np.pkl, which RLMRec's own loader reads.
      npz, safetensors: the same matrices as .npz, embeddings as .npy or .safetensors.
      tsv: train.tsv, valid.tsv, test.tsv and .npy embeddings.
      users.tsv and items.tsv list ids and titles in the order of rows. The same data give the same bytes.

      Example: darec export --data Data/planted --format rlmrec --out Data/planted-rlmrec
      """)

  @OptionGroup var data: DataArguments
  @Option(help: "rlmrec, npz, safetensors or tsv.") var format: String
  @Option(help: "Directory to write to; made when missing.") var out: String
  @Option(help: "Seed of a random split (default 2023).") var seed: UInt64?
  @Flag(help: "Replace files of an earlier export.") var force = false
  @OptionGroup var threads: ThreadArguments

  mutating func run() throws {
    try threads.apply()
    guard let layout = ExportFormat(rawValue: format) else {
      let known = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw CommandFailure.usage("--format takes one of \(known), not '\(format)'")
    }
    let dataSet = try DataSet.load(try data.options(seed: seed ?? 2023))
    for notice in dataSet.notices { Console.error("notice: \(TerminalText.escaped(notice.message))") }
    let names = try DataSetExport.write(dataSet, to: out, format: layout, replacesFiles: force)
    let parts = [dataSet.train, dataSet.valid, dataSet.test].map { String($0.entryCount) }.joined(separator: ", ")
    let text = """
      \(out): \(names.count) files; \(dataSet.users.count) users, \(dataSet.items.count) items, \
      \(parts) training, validation and test interactions

      """
    try Console.output(Array(text.utf8))
  }
}
