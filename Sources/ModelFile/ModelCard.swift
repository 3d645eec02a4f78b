// The model card: a README.md that says what a bundle is, with a part that belongs to the user.

import Files

/// Generates the `README.md` of a bundle: YAML front matter as on model hubs, then sections.
///
/// What the user writes between the two note markers is carried from one version to the next.
package enum ModelCard {
  /// Begins the part that is kept.
  package static let notesStart = "<!-- notes: kept when the model is saved again -->"
  /// Ends the part that is kept.
  package static let notesEnd = "<!-- end of notes -->"

  /// The text between the markers of the card in `directory`; nil when there is no card or no pair of markers.
  package static func notes(inDirectory directory: String) -> String? {
    guard let bytes = try? FileReader.contents(of: directory + "/" + Bundle.FileName.card, limit: 1 << 20),
      let text = String(validating: bytes, as: UTF8.self)
    else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(of: notesStart[...]), let end = lines.lastIndex(of: notesEnd[...]), start < end
    else { return nil }
    return lines[(start + 1)..<end].joined(separator: "\n")
  }

  /// The card of `bundle` with the given notes.
  package static func text(of bundle: Bundle, notes: String?) -> String {
    let backbone = bundle.configuration["backbone"]?.string
    let alignment = bundle.configuration["alignment"]?.string
    let results = numbers(in: bundle.metrics)
    var lines = ["---", "library_name: darec", "tags:", "- recommendation", "- collaborative-filtering"]
    for tag in [backbone, alignment] { if let tag { lines.append("- \(quoted(tag))") } }
    if let license = bundle.configuration["license"]?.string { lines.append("license: \(quoted(license))") }
    if let data = bundle.configuration["data_set"]?.string { lines += ["datasets:", "- \(quoted(data))"] }
    if !results.isEmpty {
      lines += [
        "model-index:", "- name: \(quoted(bundle.name))", "  results:", "  - task:", "      type: recommendation",
        "    dataset:", "      name: \(quoted(bundle.configuration["data_set"]?.string ?? "unnamed"))",
        "      type: interactions", "    metrics:",
      ]
      for (name, value) in results { lines += ["    - type: \(quoted(name))", "      value: \(value)"] }
    }
    lines += ["---", "", "# \(bundle.name)", ""]
    let method = [backbone, alignment].compactMap { $0 }.joined(separator: " + ")
    lines.append(
      "A recommender\(method.isEmpty ? "" : " (\(plain(method)))") of \(bundle.itemCount) items to "
        + "\(bundle.userCount) users, trained on \(bundle.interactions.entryCount) interactions; "
        + "vectors have \(bundle.dimension) dimensions."
    )
    lines += [
      "", "## Use", "", "    darec Models/\(bundle.name)", "    darec> recommend USER", "    darec> explain USER ITEM",
      "",
    ]
    lines += [
      "`model.safetensors` opens with the Python package `safetensors`; tensor names are in Docs/ModelFormat.md.", "",
    ]
    lines += ["## Contents", "", "| part | present |", "| --- | --- |"]
    lines.append("| titles | \(bundle.titles == nil ? "no" : "yes") |")
    lines.append("| contributions of past items | \(bundle.attribution.name) |")
    lines.append("| shared and specific parts | \(bundle.components == nil ? "no" : "yes") |")
    lines.append("| preference centres | \(bundle.centres.map { "\($0.collaborative.rows)" } ?? "no") |")
    lines.append(
      "| text embeddings of items | \((bundle.compactItemText?.columns ?? bundle.itemText?.columns).map { "\($0) dimensions" } ?? "no") |"
    )
    lines += ["", "## Evaluation", ""]
    if results.isEmpty {
      lines.append("Not evaluated yet: `darec evaluate`.")
    } else {
      lines += ["| metric | value |", "| --- | ---: |"]
      for (name, value) in results { lines.append("| \(plain(name)) | \(value) |") }
    }
    lines += [
      "", "## Limits", "",
      "Scores are inner products: they order items for one user and are not probabilities. Users and items that were",
      "not in the training data have no vector; `recommend --items` serves a new person from a list of items.", "",
      "## Notes", "", notesStart, notes ?? "Write here what others should know about this model.", notesEnd, "",
    ]
    return lines.joined(separator: "\n")
  }

  /// The numbers of a JSON object by path, in order, at most 60.
  private static func numbers(in value: JSONValue, prefix: String = "", depth: Int = 0) -> [(String, String)] {
    guard depth < 4, case .object(let members) = value else { return [] }
    var result: [(String, String)] = []
    for member in members {
      let name = prefix.isEmpty ? member.key : prefix + "." + member.key
      switch member.value {
      case .integer(let number): result.append((name, "\(number)"))
      case .number(let number): result.append((name, "\(number)"))
      case .float(let number): result.append((name, "\(number)"))
      case .object: result += numbers(in: member.value, prefix: name, depth: depth + 1)
      default: break
      }
    }
    return Array(result.prefix(60))
  }

  /// A JSON string, which is also a YAML string.
  private static func quoted(_ text: String) -> String {
    (try? JSONValue.string(text).text()) ?? "\"\""
  }

  /// Text that cannot break a line or a Markdown table.
  private static func plain(_ text: String) -> String {
    String(text.unicodeScalars.map { $0 == "|" || $0 == "<" || $0.value < 0x20 ? " " : Character($0) })
  }
}
