// Everything that is measured of a trained model.

import Baselines
import Evaluation
import Files
import Numerics
import Training

/// Measures of a model on the splits of its problem.
struct RunEvaluation {
  /// Measures in the order of a line of `runs.jsonl`.
  let members: [JSONValue.Member]
  /// Metrics of every test user; nil without test interactions.
  let users: UserMetrics?

  /// Measures vectors whose inner products rank, with the same arithmetic as training's own validation.
  /// - Parameters:
  ///   - problem: the splits; without test interactions nothing but validation is measured.
  ///   - vectors: `[users, d]` and `[items, d]`.
  init(problem: TrainingProblem, vectors: (users: Matrix, items: Matrix)) {
    self.init(
      problem: problem, scorer: InnerProductScorer(users: vectors.users, items: vectors.items)
    ) { ranking in
      ranking.lists(users: vectors.users, items: vectors.items)
    }
  }

  /// Measures a fitted baseline.
  init(problem: TrainingProblem, baseline: FittedBaseline) {
    switch baseline {
    case .vectors(let users, let items): self.init(problem: problem, vectors: (users: users, items: items))
    case .itemWeights(let weights):
      let scorer = ItemWeightScorer(training: problem.training, weights: weights)
      self.init(problem: problem, scorer: scorer) { $0.lists(scorer) }
    }
  }

  private init(problem: TrainingProblem, scorer: some ItemScorer, lists: (FullRanking) -> [[Int32]]) {
    var members: [JSONValue.Member] = []
    if problem.validation.entryCount > 0 {
      let ranking = FullRanking(training: problem.training, relevant: problem.validation)
      members.append(.init("validation", ranking.userMetrics(lists(ranking)).json))
    }
    var users: UserMetrics?
    if problem.test.entryCount > 0 {
      let ranking = FullRanking(training: problem.training, relevant: problem.test)
      let lists = lists(ranking)
      let diagnostics = ranking.diagnostics(lists)
      members.append(.init("test", diagnostics["metrics"] ?? .null))
      members += (diagnostics.object ?? []).filter { $0.key != "metrics" }
      // One seed for all: every run of a data set is given the same candidates.
      let sampled = SampledDirectTask(
        training: problem.training, relevant: problem.test, others: [problem.validation], seed: 0)
      members.append(.init("sampled_task", sampled.json(scorer)))
      users = ranking.userMetrics(lists)
    }
    self.members = members
    self.users = users
  }
}
