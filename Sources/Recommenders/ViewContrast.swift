// The contrast between two views of the same nodes that SGL and SimGCL share.

import Autodiff
import Numerics

extension Tape {
  /// w/B [ Σ_users NCE(v'_u, v''_u, all users of v'') + Σ_items NCE(v'_i, v''_i, all items of v'') ].
  ///
  /// NCE is `infoNCE`; the sums run over the batch with repetitions, which are counted, not computed again.
  /// Source: Wu et al. 2021, SGL, in RLMRec's form.
  /// - Parameters:
  ///   - first: v', `[users + items, d]`.
  ///   - second: v'', the same nodes in another view.
  ///   - batch: the interactions.
  ///   - includesNegatives: whether sampled negatives are contrasted too (SGL), or positives alone (SimGCL).
  ///   - users: number of users.
  ///   - temperature: τ.
  ///   - weight: w; the terms' own weight is w divided by the batch size B.
  /// - Returns: the terms `contrast.users` and `contrast.items`.
  func viewContrast(
    _ first: Variable, _ second: Variable, batch: Batch, includesNegatives: Bool, users: Int, temperature: Float,
    weight: Double
  ) -> [LossTerm] {
    let nodes = first.value.rows
    let items = nodes - users
    let userRows = CountedRows(batch.users, bound: users)
    let itemRows =
      includesNegatives
      ? CountedRows(batch.positives, batch.negatives, bound: items, offset: users)
      : CountedRows(batch.positives, bound: items, offset: users)
    let perRow = Float(weight / Double(max(1, batch.count)))
    return [("contrast.users", userRows, 0..<users), ("contrast.items", itemRows, users..<nodes)].map {
      name, counted, range in
      infoNCE(
        gatherRows(first, counted.rows), gatherRows(second, counted.rows), candidates: rows(second, range),
        multiplicities: counted.counts, temperature: temperature, name: name, weight: perRow)
    }
  }
}
