// Filters and splits against brute force, and the properties that their documentation promises.

import Interactions
import TestSupport
import Testing

@Suite struct SplitTests {
  /// A random log whose ids are `u0...` and `i0...`, with ratings 1 to 5 and times that have ties.
  private func randomLog(_ generator: inout SplitMix, users: Int, items: Int, count: Int) throws -> InteractionLog {
    var log = InteractionLog()
    for _ in 0..<count {
      let user = try log.users.insert("u\(generator.below(users))")
      let item = try log.items.insert("i\(min(generator.below(items), generator.below(items)))")
      log.append(
        user: user, item: item, rating: Float(1 + generator.below(5)), timestamp: Double(generator.below(50)))
    }
    return log
  }

  private func table(_ log: InteractionLog) -> InteractionTable {
    InteractionTable(
      log: log, userIndex: (0..<Int32(log.users.count)).map { $0 }, itemIndex: (0..<Int32(log.items.count)).map { $0 },
      userCount: log.users.count, itemCount: log.items.count)
  }

  private func pairs(_ table: InteractionTable) -> Set<[Int]> {
    var result: Set<[Int]> = []
    for user in 0..<table.userCount {
      for entry in table.entries(of: user) { result.insert([user, Int(table.items[entry])]) }
    }
    return result
  }

  @Test func duplicatesKeepTheLatestThenTheBestRated() throws {
    var generator = SplitMix(state: 1)
    for _ in 0..<50 {
      let log = try randomLog(&generator, users: 5, items: 6, count: 60)
      var best: [[Int]: (Double, Float)] = [:]
      for entry in 0..<log.count {
        let key = [Int(log.userIndices[entry]), Int(log.itemIndices[entry])]
        let value = (log.timestamps[entry], log.ratings[entry])
        if let known = best[key], known >= value { continue }
        best[key] = value
      }
      let table = table(log)
      #expect(table.count == best.count && table.mergedCount == log.count - best.count)
      for user in 0..<table.userCount {
        let row = table.entries(of: user).map { table.items[$0] }
        #expect(row == row.sorted())
        for entry in table.entries(of: user) {
          let expected = try #require(best[[user, Int(table.items[entry])]])
          #expect(table.timestamps[entry] == expected.0 && table.ratings[entry] == expected.1)
        }
      }
    }
  }

  @Test(arguments: [2, 3, 5])
  func coreIsTheFixedPointOfRemovingOneByOne(minimum: Int) throws {
    var generator = SplitMix(state: UInt64(minimum))
    for _ in 0..<40 {
      let table = table(try randomLog(&generator, users: 14, items: 12, count: 30 + generator.below(60)))
      var expected = pairs(table)
      // Brute force: remove all pairs of one poor user or item at a time, in any order.
      while true {
        let poor = expected.first { pair in
          expected.count { $0[0] == pair[0] } < minimum || expected.count { $0[1] == pair[1] } < minimum
        }
        guard let poor else { break }
        if expected.count(where: { $0[0] == poor[0] }) < minimum {
          expected = expected.filter { $0[0] != poor[0] }
        } else {
          expected = expected.filter { $0[1] != poor[1] }
        }
      }
      #expect(pairs(table.core(minimum)) == expected)
    }
  }

  /// A path of a hundred thousand entries falls apart one entry at a time, which must not cost a pass each.
  @Test func coreOfALongPathIsEmpty() throws {
    var log = InteractionLog()
    for index in 0..<50_000 {
      let user = try log.users.insert("u\(index)")
      log.append(user: user, item: try log.items.insert("i\(index)"))
      log.append(user: user, item: try log.items.insert("i\(index + 1)"))
    }
    #expect(table(log).count == 100_000 && table(log).core(2).count == 0)
  }

  @Test func sharesAreRoundedToNearestAndTrainingKeepsOne() {
    let expected = [
      0: (0, 0, 0), 1: (1, 0, 0), 2: (2, 0, 0), 3: (1, 1, 1), 4: (2, 1, 1), 5: (3, 1, 1), 8: (4, 2, 2), 10: (6, 2, 2),
    ]
    for (count, parts) in expected { #expect(SplitShares.standard.counts(of: count) == parts) }
    for train in 1...5 {
      for valid in 0...9 {
        for test in 0...9 {
          guard let shares = SplitShares("\(train):\(valid):\(test)") else {
            Issue.record("shares were refused")
            continue
          }
          for count in 0..<40 {
            let parts = shares.counts(of: count)
            #expect(parts.train + parts.valid + parts.test == count && parts.valid >= 0 && parts.test >= 0)
            #expect(count == 0 || parts.train >= 1)
          }
        }
      }
    }
    for text in ["", "3:1", "0:1:1", "3:-1:1", "3:1:1:1", "a:b:c", "3:1:1.5", "9999999999999999999:1:1", "2000000:1:1"]
    {
      #expect(SplitShares(text) == nil)
    }
  }

  @Test func randomSplitDividesEachUserInTheShares() throws {
    var generator = SplitMix(state: 8)
    let log = try randomLog(&generator, users: 40, items: 60, count: 700)
    let table = table(log)
    let parts = try SplitMethod.random(.standard).parts(of: table, users: log.users, items: log.items, seed: 1)
    for user in 0..<table.userCount {
      let counts = SplitShares.standard.counts(of: table.entries(of: user).count)
      #expect(table.entries(of: user).count { parts[$0] == .train } == counts.train)
      #expect(table.entries(of: user).count { parts[$0] == .valid } == counts.valid)
      #expect(table.entries(of: user).count { parts[$0] == .test } == counts.test)
    }
    #expect(try SplitMethod.random(.standard).parts(of: table, users: log.users, items: log.items, seed: 1) == parts)
    #expect(try SplitMethod.random(.standard).parts(of: table, users: log.users, items: log.items, seed: 2) != parts)
    // Every place of a row is held out sometimes: no preference for early or late items.
    var held = [Int](repeating: 0, count: 60)
    for seed in 0..<200 {
      let parts = try SplitMethod.random(.standard).parts(
        of: table, users: log.users, items: log.items, seed: UInt64(seed))
      for entry in 0..<table.count where parts[entry] == .test { held[Int(table.items[entry])] += 1 }
    }
    var degrees = [Int](repeating: 0, count: 60)
    for item in table.items { degrees[Int(item)] += 1 }
    for item in 0..<log.items.count where degrees[item] > 5 {
      #expect(abs(Double(held[item]) / Double(200 * degrees[item]) - 0.2) < 0.08)
    }
  }

  @Test func randomSplitOfOneUserDoesNotDependOnOthers() throws {
    var generator = SplitMix(state: 12)
    let log = try randomLog(&generator, users: 20, items: 30, count: 300)
    let whole = try split(log)
    var alone = InteractionLog()
    // Another order of arrival, other users gone, an item more that nobody has.
    try alone.items.insert("unseen")
    for entry in (0..<log.count).reversed() where log.users[Int(log.userIndices[entry])] == "u3" {
      let user = try alone.users.insert("u3")
      let item = try alone.items.insert(log.items[Int(log.itemIndices[entry])])
      alone.append(user: user, item: item, rating: log.ratings[entry], timestamp: log.timestamps[entry])
    }
    let expected = whole.filter { $0.key[0] == "u3" }
    #expect(expected.count > 5)
    #expect(try split(alone) == expected)
  }

  private func split(_ log: InteractionLog) throws -> [[String]: SplitPart] {
    let table = table(log)
    let parts = try SplitMethod.random(.standard).parts(of: table, users: log.users, items: log.items, seed: 5)
    var result: [[String]: SplitPart] = [:]
    for user in 0..<table.userCount {
      for entry in table.entries(of: user) {
        result[[log.users[user], log.items[Int(table.items[entry])]]] = parts[entry]
      }
    }
    return result
  }

  @Test func leaveLastOutHoldsTheTwoLatestOut() throws {
    var generator = SplitMix(state: 6)
    for _ in 0..<20 {
      let log = try randomLog(&generator, users: 12, items: 15, count: 100)
      let table = table(log)
      let parts = try SplitMethod.leaveLastOut.parts(of: table, users: log.users, items: log.items, seed: 0)
      for user in 0..<table.userCount {
        let entries = table.entries(of: user)
        if entries.count < 3 {
          #expect(entries.allSatisfy { parts[$0] == .train })
          continue
        }
        let test = entries.filter { parts[$0] == .test }
        let valid = entries.filter { parts[$0] == .valid }
        #expect(test.count == 1 && valid.count == 1)
        for entry in entries where parts[entry] == .train {
          #expect((table.timestamps[entry], entry) < (table.timestamps[valid[0]], valid[0]))
        }
        #expect((table.timestamps[valid[0]], valid[0]) < (table.timestamps[test[0]], test[0]))
      }
    }
  }

  @Test func timeSplitCutsAllUsersAtTheSameMoments() throws {
    var generator = SplitMix(state: 7)
    for _ in 0..<20 {
      let log = try randomLog(&generator, users: 12, items: 40, count: 200)
      let table = table(log)
      let parts = try SplitMethod.byTime(.standard).parts(of: table, users: log.users, items: log.items, seed: 0)
      func times(_ part: SplitPart) -> [Double] {
        (0..<table.count).filter { parts[$0] == part }.map { table.timestamps[$0] }
      }
      #expect((times(.train).max() ?? 0) < (times(.valid).min() ?? .infinity))
      #expect((times(.valid).max() ?? 0) < (times(.test).min() ?? .infinity))
      #expect(abs(Double(times(.train).count) / Double(table.count) - 0.6) < 0.1)
      for user in 0..<table.userCount {
        let hasTraining = table.entries(of: user).contains { parts[$0] == .train }
        #expect(table.entries(of: user).allSatisfy { (parts[$0] == .dropped) == !hasTraining })
      }
      let each = try SplitMethod.byTimePerUser(.standard).parts(of: table, users: log.users, items: log.items, seed: 0)
      for user in 0..<table.userCount {
        let counts = SplitShares.standard.counts(of: table.entries(of: user).count)
        let order = table.entries(of: user).sorted { (table.timestamps[$0], $0) < (table.timestamps[$1], $1) }
        #expect(order.prefix(counts.train).allSatisfy { each[$0] == .train })
        #expect(order.suffix(counts.test).allSatisfy { each[$0] == .test })
      }
    }
  }

  @Test func splitsByTimeNeedTimes() throws {
    var log = InteractionLog()
    log.append(user: try log.users.insert("u"), item: try log.items.insert("i"))
    for method in [SplitMethod.byTime(.standard), .byTimePerUser(.standard), .leaveLastOut] {
      #expect(throws: DataError.self) {
        try method.parts(of: table(log), users: log.users, items: log.items, seed: 0)
      }
    }
  }
}
