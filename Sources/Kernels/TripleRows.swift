// Inner products and gradients of (user, positive, negative) triples: rows that lie anywhere, asked for in time.

import CPlatform

/// How many triples ahead rows are asked for.
let triplesAhead = 6

/// Asks for the lines of `width` floats; the last line of those that begin inside one may be left out.
@inline(__always)
func prefetchLines(_ row: UnsafePointer<Float>, _ width: Int) {
  var column = 0
  while column < width {
    cplatform_prefetch_to_read(row + column)
    column = column &+ 16
  }
}

/// out[2 b] and out[2 b + 1] = the inner products of the user's row of triple b with the positive and with the negative item's;
/// the bits of `dotRow`.
/// - Parameters:
///   - count: number of triples.
///   - users: row of each user in `x`.
///   - positives: row of each positive item, counted from `itemRow`.
///   - negatives: row of each negative item, counted from `itemRow`.
///   - itemRow: first row of items in `x`.
///   - x: `[*, width]`, row-major without padding.
///   - width: length of a row.
///   - out: `2 count` floats, written.
@inline(never)
package func tripleProducts(
  _ count: Int, _ users: UnsafePointer<Int32>, _ positives: UnsafePointer<Int32>, _ negatives: UnsafePointer<Int32>,
  _ itemRow: Int, _ x: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>
) {
  let items = x + itemRow &* width
  for triple in 0..<count {
    let ahead = triple &+ triplesAhead < count ? triple &+ triplesAhead : triple
    prefetchLines(x + Int(users[ahead]) &* width, width)
    prefetchLines(items + Int(positives[ahead]) &* width, width)
    prefetchLines(items + Int(negatives[ahead]) &* width, width)
    let user = x + Int(users[triple]) &* width
    out[2 &* triple] = innerProduct(user, items + Int(positives[triple]) &* width, width)
    out[2 &* triple &+ 1] = innerProduct(user, items + Int(negatives[triple]) &* width, width)
  }
}

/// The gradient of the sum over b of f[b] (<x_user, x_negative> - <x_user, x_positive>), added to `gradient` in the order of
/// the triples, for some columns.
///
/// Every element is fused with one product at a time: to the user's row first f x_negative, then -f x_positive; then -f x_user
/// to the positive's and f x_user to the negative's.
/// - Parameters:
///   - count: number of triples.
///   - users: row of each user in `x`.
///   - positives: row of each positive item, counted from `itemRow`.
///   - negatives: row of each negative item, counted from `itemRow`.
///   - itemRow: first row of items in `x`.
///   - factors: f, `count` floats.
///   - x: `[*, width]`, row-major without padding.
///   - width: length of a row.
///   - gradient: `[*, width]`, updated; another matrix than `x`.
///   - first: first of the columns.
///   - columns: number of columns.
@inline(never)
package func tripleGradient(
  _ count: Int, _ users: UnsafePointer<Int32>, _ positives: UnsafePointer<Int32>, _ negatives: UnsafePointer<Int32>,
  _ itemRow: Int, _ factors: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ width: Int,
  _ gradient: UnsafeMutablePointer<Float>, _ first: Int, _ columns: Int
) {
  for triple in 0..<count {
    let ahead = triple &+ triplesAhead < count ? triple &+ triplesAhead : triple
    let user = Int(users[triple]) &* width &+ first
    let positive = (itemRow &+ Int(positives[triple])) &* width &+ first
    let negative = (itemRow &+ Int(negatives[triple])) &* width &+ first
    let next = (
      Int(users[ahead]) &* width &+ first, (itemRow &+ Int(positives[ahead])) &* width &+ first,
      (itemRow &+ Int(negatives[ahead])) &* width &+ first
    )
    let factor = Lane(repeating: factors[triple])
    let opposite = Lane(repeating: -factors[triple])
    var column = 0
    while column < columns {
      cplatform_prefetch_to_read(x + (next.0 &+ column))
      cplatform_prefetch_to_read(x + (next.1 &+ column))
      cplatform_prefetch_to_read(x + (next.2 &+ column))
      cplatform_prefetch_to_write(gradient + (next.0 &+ column))
      cplatform_prefetch_to_write(gradient + (next.1 &+ column))
      cplatform_prefetch_to_write(gradient + (next.2 &+ column))
      let (u, p, n) = (user &+ column, positive &+ column, negative &+ column)
      let rest = columns &- column
      if rest >= 16 {
        let userValue = load(x + u)
        let sum = multiplyAdd(load(gradient + u), factor, load(x + n))
        store(multiplyAdd(sum, opposite, load(x + p)), gradient + u)
        store(multiplyAdd(load(gradient + p), opposite, userValue), gradient + p)
        store(multiplyAdd(load(gradient + n), factor, userValue), gradient + n)
      } else {
        let userValue = loadPartial(x + u, rest)
        let sum = multiplyAdd(loadPartial(gradient + u, rest), factor, loadPartial(x + n, rest))
        storePartial(multiplyAdd(sum, opposite, loadPartial(x + p, rest)), gradient + u, rest)
        storePartial(multiplyAdd(loadPartial(gradient + p, rest), opposite, userValue), gradient + p, rest)
        storePartial(multiplyAdd(loadPartial(gradient + n, rest), factor, userValue), gradient + n, rest)
      }
      column = column &+ 16
    }
  }
}
