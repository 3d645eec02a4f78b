// The JSON Schema of `darec/explanation/1`, printed by `darec schema explanation`.

import Files

/// The JSON Schema (draft 2020-12) of explanation records.
package enum ExplanationSchema {
  /// The published schema: objects are open, so that later minor versions may add members.
  package static var document: JSONValue { schema(isStrict: false) }

  /// The schema that producers are tested with: no member may appear that it does not name.
  package static var strict: JSONValue { schema(isStrict: true) }

  /// Where the published schema has its identity; the tail is the `schema` member of every record.
  package static let identifier = "https://darec.invalid/schemas/darec/explanation/1"

  private static func schema(isStrict: Bool) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("$schema", "https://json-schema.org/draft/2020-12/schema"), .init("$id", .string(identifier)),
      .init("title", "Explanation of one recommendation"),
      .init(
        "description",
        "Why an item has its score for a user. The listed contributions and the residual add up to the score."),
    ]
    members += object(isStrict, required: required, properties: properties(isStrict))
    members.append(.init("$defs", .object(definitions(isStrict))))
    return .object(members)
  }

  private static let required = [
    "schema", "schema_version", "type", "generator", "model", "request", "user", "item", "rank", "candidates", "score",
    "contributions", "residual", "exact", "neighbours", "warnings",
  ]

  private static func properties(_ isStrict: Bool) -> [JSONValue.Member] {
    [
      .init("schema", ["const": "darec/explanation/1"]),
      .init(
        "schema_version",
        ["type": "string", "pattern": "^1\\.[0-9]+$", "description": "major.minor; readers accept any minor of 1"]),
      .init("type", ["const": "explanation"]),
      .init(
        "generator",
        nested(isStrict, required: ["name", "version"], [.init("name", string), .init("version", string)])),
      .init("model", reference("model")), .init("request", reference("request")), .init("user", reference("user")),
      .init("item", reference("item")),
      .init(
        "rank", count("Place of the item by score among the candidates, best first; ties by item order", minimum: 1)),
      .init("candidates", count("Items ranked: those the user has not seen, and this one", minimum: 1)),
      .init(
        "score",
        nested(
          isStrict, required: ["value", "kind"],
          [
            .init("value", number("The inner product of the final vectors; not a probability")),
            .init("kind", ["enum": ["dot", "cosine"]]), .init("parts", parts),
          ])),
      .init(
        "contributions",
        [
          "type": "array", "items": ["$ref": "#/$defs/contribution"],
          "description": "Terms of the score by descending magnitude, then item order",
        ]),
      .init("residual", number("score.value minus the sum of the listed contributions")),
      .init(
        "exact",
        [
          "type": "boolean",
          "description": "True when all terms together are the score by an identity of the model",
        ]),
      .init("components", reference("components")),
      .init(
        "neighbours",
        nested(
          isStrict, required: ["users", "items"],
          [
            .init("users", ["type": "array", "items": ["$ref": "#/$defs/neighbour"]]),
            .init("items", ["type": "array", "items": ["$ref": "#/$defs/neighbour"]]),
          ])),
      .init(
        "counterfactual",
        [
          "type": "array", "items": ["$ref": "#/$defs/item"],
          "description":
            "Past items whose removal drops the item out of the user's best `request.top`, most effective first",
        ]),
      .init("counterfactual_test", reference("counterfactual_test")),
      .init(
        "evidence",
        nested(
          isStrict, required: ["share", "terms", "sum"],
          [
            .init("share", bounded("Share of the score that the terms must carry")),
            .init("terms", count("Length of the shortest beginning of the contributions that carries it", minimum: 1)),
            .init("sum", number("What these terms add up to")),
          ])),
      .init(
        "warnings",
        [
          "type": "array",
          "items": nested(
            isStrict, required: ["code", "message"],
            [
              .init(
                "code",
                [
                  "type": "string",
                  "examples": [
                    "cold_item", "few_interactions", "text_missing", "already_seen", "linearised",
                  ],
                ]),
              .init("message", string),
            ]),
        ]),
    ]
  }

  private static func definitions(_ isStrict: Bool) -> [JSONValue.Member] {
    [
      .init(
        "id",
        ["type": "string", "minLength": 1, "description": "An id exactly as in the user's data; always a string"]),
      .init(
        "item", nested(isStrict, required: ["id"], [.init("id", reference("id")), .init("title", string)])),
      .init(
        "user",
        nested(
          isStrict, required: ["id", "kind"],
          [
            .init("id", reference("id")), .init("kind", ["enum": ["known", "folded_in"]]),
            .init("items", ["type": "array", "items": ["$ref": "#/$defs/id"]]),
          ])),
      .init(
        "model",
        nested(
          isStrict, required: ["id", "dimension"],
          [
            .init("id", string), .init("backbone", string), .init("alignment", string),
            .init("dimension", count("Columns of the final vectors", minimum: 1)),
            .init(
              "fingerprint",
              [
                "type": "string", "pattern": "^[0-9a-f]{8}$",
                "description": "Checksum that tells this model's tensors from others'",
              ]),
          ])),
      .init(
        "request",
        nested(
          isStrict, required: ["neighbors"],
          [
            .init("neighbors", count("Neighbours asked for in each space", minimum: 0)),
            .init("contributions", count("Most past items to list; absent: all", minimum: 0)),
            .init("top", count("Length of the list that the counterfactual is about", minimum: 1)),
          ])),
      .init(
        "counterfactual_test",
        nested(
          isStrict, required: ["top", "found", "method", "rank", "score"],
          [
            .init("top", count("Length of the list", minimum: 1)),
            .init(
              "found", ["type": "boolean", "description": "False: even without any past item it stays in the list"]),
            .init(
              "method",
              [
                "enum": ["repropagation", "refit", "closed_form"],
                "description": "How the scores without the items were computed",
              ]),
            .init("rank", count("The item's place without them", minimum: 1)),
            .init("score", number("Its score without them")),
          ])),
      .init(
        "part",
        nested(
          isStrict, required: ["name", "value"],
          [.init("name", string), .init("value", number("What this part of the score's vectors adds"))])),
      .init("contribution", contribution(isStrict)), .init("neighbour", neighbour(isStrict)),
      .init("affinity", affinity(isStrict)), .init("sides", sides(isStrict)), .init("components", components(isStrict)),
    ]
  }

  private static func contribution(_ isStrict: Bool) -> JSONValue {
    let value = JSONValue.Member("value", number("What the term adds to the score"))
    let share = JSONValue.Member("share", bounded("Its part of the sum of all terms' magnitudes, signed"))
    return [
      "oneOf": [
        nested(
          isStrict, required: ["kind", "id", "value", "share"],
          [
            .init("kind", ["const": "history_item"]), .init("id", reference("id")), .init("title", string), value,
            share, .init("parts", parts),
          ]),
        nested(
          isStrict, required: ["kind", "value", "share"],
          [.init("kind", ["enum": ["self", "bias"]]), value, share, .init("parts", parts)]),
      ]
    ]
  }

  private static func neighbour(_ isStrict: Bool) -> JSONValue {
    nested(
      isStrict, required: ["id", "similarity", "space", "has_item", "overlap"],
      [
        .init("id", reference("id")), .init("title", string), .init("similarity", bounded("Cosine in the space")),
        .init("space", ["enum": ["final", "shared", "specific", "text"]]),
        .init("side", ["enum": ["collaborative", "language"]]),
        .init(
          "has_item",
          ["type": "boolean", "description": "The neighbour has the item; for items: the user has the neighbour"]),
        .init("overlap", count("Items both users have, or users who have both items, in training", minimum: 0)),
      ])
  }

  private static func affinity(_ isStrict: Bool) -> JSONValue {
    nested(isStrict, required: ["cosine", "user_norm", "item_norm"], affinityProperties)
  }

  private static var affinityProperties: [JSONValue.Member] {
    [
      .init("cosine", bounded("Cosine of the user's and the item's vector")),
      .init("user_norm", ["type": "number", "minimum": 0]), .init("item_norm", ["type": "number", "minimum": 0]),
      .init("history_affinity", bounded("Mean cosine of the item to the user's other items")),
      .init("baseline", bounded("Mean cosine of the item to a fixed sample of other items")),
      .init("lift", number("history_affinity minus baseline, in standard deviations over the sample")),
    ]
  }

  private static func sides(_ isStrict: Bool) -> JSONValue {
    nested(
      isStrict, required: ["collaborative", "language"],
      [
        .init("collaborative", reference("affinity")), .init("language", reference("affinity")),
        .init("lift", number("Mean lift of the two sides")),
      ])
  }

  private static func components(_ isStrict: Bool) -> JSONValue {
    nested(
      isStrict, required: [],
      [
        .init("final", reference("affinity")), .init("shared", reference("sides")),
        .init("specific", reference("sides")), .init("text", reference("affinity")),
        .init(
          "ranks_higher",
          [
            "enum": ["shared", "specific", "both", "neither"],
            "description": "Which parts place the item unusually near the user's items",
          ]),
      ])
  }

  // MARK: - Building blocks

  private static let string: JSONValue = ["type": "string"]

  private static let parts: JSONValue = [
    "type": "array", "items": ["$ref": "#/$defs/part"],
    "description": "The value by parts of the score, which add up to it; absent for a score of one part",
  ]

  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/$defs/" + name)] }

  private static func number(_ description: String) -> JSONValue {
    ["type": "number", "description": .string(description)]
  }

  private static func bounded(_ description: String) -> JSONValue {
    ["type": "number", "minimum": -1, "maximum": 1, "description": .string(description)]
  }

  private static func count(_ description: String, minimum: Int) -> JSONValue {
    ["type": "integer", "minimum": .integer(minimum), "description": .string(description)]
  }

  private static func nested(_ isStrict: Bool, required: [String], _ properties: [JSONValue.Member]) -> JSONValue {
    .object(object(isStrict, required: required, properties: properties))
  }

  private static func object(
    _ isStrict: Bool, required: [String], properties: [JSONValue.Member]
  ) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [.init("type", "object")]
    if !required.isEmpty { members.append(.init("required", .strings(required))) }
    members.append(.init("properties", .object(properties)))
    if isStrict { members.append(.init("unevaluatedProperties", false)) }
    return members
  }
}
