// Everything that is measured of a trained model.

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

  /// Measures a model.
  /// - Parameters:
  ///   - problem: the splits; without test interactions nothing but validation is measured.
  ///   - scorer: the model.
  init(problem: TrainingProblem, scorer: some ItemScorer) {
    var members: [JSONValue.Member] = []
    if problem.validation.entryCount > 0 {
      let ranking = FullRanking(training: problem.training, relevant: problem.validation)
      members.append(.init("validation", ranking.evaluate(scorer).json))
    }
    var users: UserMetrics?
    if problem.test.entryCount > 0 {
      let ranking = FullRanking(training: problem.training, relevant: problem.test)
      let metrics = ranking.userMetrics(ranking.lists(scorer))
      members.append(.init("test", metrics.report.json))
      users = metrics
    }
    self.members = members
    self.users = users
  }
}
