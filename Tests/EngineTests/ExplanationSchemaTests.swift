// Every record validates against the published schema, by an independent validator.

import Engine
import Files
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct ExplanationSchemaTests {
  /// True when python3 with the package `jsonschema` is here; tests that need it are counted as skipped otherwise.
  static let hasValidator = run("import jsonschema; jsonschema.Draft202012Validator", []) == 0

  /// The exit status of a Python program.
  static func run(_ program: String, _ arguments: [String]) -> Int32 {
    var process = pid_t()
    let words = ["python3", "-W", "ignore", "-c", program] + arguments
    var pointers = words.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    guard posix_spawnp(&process, "python3", nil, nil, pointers, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return status
  }

  private func records() throws -> [JSONValue] {
    var result: [JSONValue] = []
    for attribution in ["propagation", "representation", "none"] {
      for hasParts in [true, false] {
        let engine = try ExampleModel(attribution: attribution, hasParts: hasParts).engine()
        for user in [0, 3, 9] {
          for item in [0, 20, 39] {
            var request = ExplainRequest(user: "user-\(user)", item: "item-\(item)")
            request.contributions = item == 0 ? 2 : nil
            result += try engine.explain(request, cancellation: Cancellation()).records
          }
        }
      }
    }
    // Every way to score an edited history, of a set that is found and of one that is not.
    for model in [
      ExampleModel(), ExampleModel(hasRecipe: false), ExampleModel(attribution: "representation"),
      ExampleModel(attribution: "none", isConcatenated: true, layers: 2, isHalved: true, languageWidth: 3),
    ] {
      let engine = try model.engine()
      for user in ["user-1", "user-4", "user-9"] {
        for item in try engine.recommendedItems(user: user, top: 3) {
          result += try engine.explain(ExplainRequest(user: user, item: item), cancellation: Cancellation()).records
        }
      }
    }
    return result
  }

  @Test(.enabled(if: hasValidator, "python3 with jsonschema is not installed"))
  func recordsValidateAndBrokenOnesDoNot() throws {
    let folder = try TemporaryFolder()
    for (name, schema) in [("open", ExplanationSchema.document), ("strict", ExplanationSchema.strict)] {
      try folder.write(name + ".json", try schema.serialized(.pretty))
    }
    let lines = try records().map { try $0.text() }.joined(separator: "\n")
    try folder.write("records.jsonl", lines + "\n")
    let program = """
      import json, sys, copy, jsonschema
      folder = sys.argv[1]
      schemas = [json.load(open(folder + "/" + name + ".json")) for name in ("open", "strict")]
      for schema in schemas: jsonschema.Draft202012Validator.check_schema(schema)
      free, strict = [jsonschema.Draft202012Validator(schema) for schema in schemas]
      records = [json.loads(line) for line in open(folder + "/records.jsonl")]
      assert len(records) == 90 and any("counterfactual" in record for record in records)
      for record in records:
          free.validate(record)
          strict.validate(record)
          total = sum(term["value"] for term in record["contributions"]) + record["residual"]
          assert abs(total - record["score"]["value"]) < 1e-9
      def broken(change, validator=free):
          record = copy.deepcopy(records[0])
          change(record)
          assert not validator.is_valid(record), "accepted a broken record"
      broken(lambda r: r.pop("residual"))
      broken(lambda r: r.update(rank=0))
      broken(lambda r: r["item"].update(id=7))
      broken(lambda r: r.update(schema="darec/explanation/2"))
      broken(lambda r: r["contributions"].append({"kind": "other", "value": 1, "share": 0}))
      broken(lambda r: r["neighbours"]["items"][0].update(space="nowhere"))
      broken(lambda r: r.update(counterfactual_test={"top": 10, "found": True, "method": "magic", "rank": 1, "score": 0}))
      broken(lambda r: r.update(surprise=1), strict)
      extended = dict(copy.deepcopy(records[0]), surprise=1)
      free.validate(extended)
      """
    #expect(Self.run(program, [folder.path]) == 0)
  }

  @Test func theIdentityEndsWithTheRecordsSchema() throws {
    let schema = ExplanationSchema.document
    #expect(schema["$id"]?.string?.hasSuffix("darec/explanation/1") == true)
    #expect(schema["properties"]?["schema"]?["const"]?.string == "darec/explanation/1")
  }
}
