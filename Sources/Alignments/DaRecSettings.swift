// The options of DaRec: one for each reading that the paper leaves open.

import Files

/// DaRec's options in typed form.
struct DaRecSettings {
  /// Which nodes a step's structure terms see (reading A5).
  enum Sampling: String, CaseIterable {
    case nodes, batch, all
  }

  /// Which vectors rank, in training and afterwards (reading A12).
  enum Score: String, CaseIterable {
    /// The base model's own vectors.
    case final
    /// [specific; shared] of the collaborative side: every score is a specific part plus a shared part.
    case projected
    /// Specific plus shared part.
    case sum
    /// The shared part alone.
    case shared
    /// The base model's own vectors and, from the end of training on, both parts of the language side.
    case fused
  }

  let orthogonality: Float
  let uniformity: Float
  let global: Float
  let local: Float
  let centres: Int
  let sampleSize: Int
  let every: Int
  let width: Int
  let layers: Int
  let split: CollaborativeSplit
  let poolsNodes: Bool
  let cosineSimilarity: Bool
  let globalScale: GlobalScale
  let sampling: Sampling
  let matching: CentreMatching
  let localLoss: LocalLoss
  let sphericalCentres: Bool
  let iterations: Int
  let score: Score
  let pretrainEpochs: Int
  let centersText: Bool

  /// True when any term has a weight.
  var hasWeight: Bool { orthogonality != 0 || uniformity != 0 || global != 0 || local != 0 }

  /// True when the base model's own loss is computed on projections of its vectors.
  var trainsProjections: Bool { score != .final && score != .fused }

  /// False when the base model trains as if there were no alignment.
  var changesAnything: Bool { hasWeight || trainsProjections }

  init(_ options: OptionValues) {
    orthogonality = Float(options.number("orthogonality"))
    uniformity = Float(options.number("uniformity"))
    global = Float(options.number("global"))
    local = Float(options.number("local"))
    centres = options.integer("centres")
    sampleSize = options.integer("sample-size")
    every = options.integer("every")
    width = options.integer("part-width")
    layers = options.integer("projector-layers")
    split = CollaborativeSplit(rawValue: options.text("collaborative-parts")) ?? .projectors
    poolsNodes = options.text("pooling") == "pooled"
    cosineSimilarity = options.text("global-similarity") == "cosine"
    globalScale = GlobalScale(rawValue: options.text("global-scale")) ?? .mean
    sampling = Sampling(rawValue: options.text("sampling")) ?? .nodes
    matching = CentreMatching(rawValue: options.text("matching")) ?? .coMembership
    localLoss = LocalLoss(rawValue: options.text("local-loss")) ?? .identity
    sphericalCentres = options.text("centre-metric") == "spherical"
    iterations = options.integer("centre-iterations")
    score = Score(rawValue: options.text("score")) ?? .fused
    pretrainEpochs = options.integer("pretrain-epochs")
    centersText = options.flag("center-text")
  }

  /// Every option with its default (Docs/Method.md, "DaRec" and "Readings").
  static let declarations: [OptionDeclaration] = [
    OptionDeclaration("orthogonality", .number(0...1e6), default: "0.001", "weight of the orthogonality term"),
    OptionDeclaration("uniformity", .number(0...1e6), default: "0.001", "weight of the uniformity term"),
    OptionDeclaration("global", .number(0...1e6), default: "0.01", "weight of global structure alignment"),
    OptionDeclaration("local", .number(0...1e6), default: "0.01", "weight of local structure alignment"),
    OptionDeclaration("centres", .integer(1...1024), default: "8", "preference centres on each side (K)"),
    OptionDeclaration("sample-size", .integer(2...1_000_000), default: "4096", "nodes compared in a step (N-hat)"),
    OptionDeclaration(
      "every", .integer(1...1_000_000), default: "1", "compute the four terms in every n-th step, n times as heavy"),
    OptionDeclaration("part-width", .integer(1...4096), default: "32", "width of the four parts"),
    OptionDeclaration("projector-layers", .integer(1...3), default: "2", "layers of each projector (A2)"),
    OptionDeclaration(
      "collaborative-parts", .choice(CollaborativeSplit.allCases.map(\.rawValue)), default: "projectors",
      "how the behavioural side is split (A2)"),
    OptionDeclaration(
      "pooling", .choice(["pooled", "by-type"]), default: "pooled", "users and items together or apart (A1)"),
    OptionDeclaration(
      "global-similarity", .choice(["cosine", "dot"]), default: "cosine", "similarity in the global term (A4)"),
    OptionDeclaration(
      "global-scale", .choice(GlobalScale.allCases.map(\.rawValue)), default: "mean", "scale of the global term (A4)"),
    OptionDeclaration(
      "sampling", .choice(Sampling.allCases.map(\.rawValue)), default: "nodes", "which nodes a step compares (A5)"),
    OptionDeclaration(
      "matching", .choice(CentreMatching.allCases.map(\.rawValue)), default: "co-membership",
      "pairing of the centres (A6)"),
    OptionDeclaration(
      "local-loss", .choice(LocalLoss.allCases.map(\.rawValue)), default: "identity", "loss on the paired centres (A7)"),
    OptionDeclaration(
      "lambda-scope", .choice(["all", "alignment"]), default: "all",
      "what --lambda multiplies; other weights are 1 (A8)"),
    OptionDeclaration(
      "centre-metric", .choice(["spherical", "euclidean"]), default: "spherical", "k-means on unit or raw rows (A10)"),
    OptionDeclaration("centre-iterations", .integer(1...1000), default: "10", "Lloyd rounds in a step"),
    OptionDeclaration(
      "score", .choice(Score.allCases.map(\.rawValue)), default: "fused", "vectors that rank (A12)"),
    OptionDeclaration(
      "pretrain-epochs", .integer(0...100_000), default: "0", "epochs of the base model first (A14)"),
    OptionDeclaration("center-text", .flag, default: "false", "subtract the mean text vector (A15)"),
  ]
}

extension DaRec {
  /// How the registry offers this alignment.
  package static let descriptor = AlignmentDescriptor(
    name: "darec", summary: "disentangled alignment (arXiv 2408.08231)", options: DaRecSettings.declarations,
    minimumEpochs: { options in
      let settings = DaRecSettings(options)
      // With nothing to settle the run must end where the base model's ends.
      return settings.changesAnything ? settings.pretrainEpochs + 30 : 0
    },
    lambda: { lambda, options in
      let apart = options.text("lambda-scope") == "all" ? lambda : "1"
      return [("orthogonality", apart), ("uniformity", apart), ("global", lambda), ("local", lambda)]
    },
    make: { DaRec(problem: $0, options: $1) })
}
