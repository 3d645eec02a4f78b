// The embedding table of users and items that most base models start from.

import Autodiff
import Numerics

extension Parameter {
  /// A table `[users + items, d]`, the user and the item part each Xavier-uniform on its own shape (count x d).
  ///
  /// Source: RLMRec's code.
  package static func nodeEmbedding(users: Int, items: Int, dimension: Int, seed: UInt64) -> Parameter {
    let table = Matrix.uninitialized(rows: users + items, columns: dimension)
    var userStream = RandomStream(seed: seed, purpose: .initialization, epoch: 0, step: 0)
    var itemStream = RandomStream(seed: seed, purpose: .initialization, epoch: 0, step: 1)
    table.fillXavierUniform(rows: 0..<users, fanIn: dimension, fanOut: users, stream: &userStream)
    table.fillXavierUniform(rows: users..<users + items, fanIn: dimension, fanOut: items, stream: &itemStream)
    return Parameter(name: "embedding", value: table)
  }
}
