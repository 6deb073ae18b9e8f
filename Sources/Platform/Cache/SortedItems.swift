import Base
import RESP

/// Members in the order of their scores, equal scores in the order of their bytes.
///
/// Runs of at most `runMax` items each, none empty: finding is two binary searches, changing moves
/// part of one run, and ranks are sums over runs.
struct SortedItems: Sendable {
    struct Item: Sendable {
        var score: Score
        var member: [UInt8]

        static func precedes(_ a: Item, _ b: Item) -> Bool {
            if a.score != b.score { return a.score < b.score }
            return Platform.precedes(a.member, b.member)
        }
    }

    private static let runMax = 256

    private var runs: [[Item]] = []
    private(set) var count = 0

    /// How many items the predicate holds for; it holds for all before one it holds for.
    func rank(while isBefore: (Item) -> Bool) -> Int {
        let (run, offset) = place(while: isBefore)
        var rank = offset
        for index in 0..<run { rank += runs[index].count }
        return rank
    }

    private func place(while isBefore: (Item) -> Bool) -> (run: Int, offset: Int) {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(runs[middle][runs[middle].count - 1]) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < runs.count else { return (low, 0) }
        let run = low
        low = 0
        high = runs[run].count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(runs[run][middle]) { low = middle + 1 } else { high = middle }
        }
        return (run, low)
    }

    /// The item must not be there.
    mutating func insert(_ item: Item) {
        count += 1
        guard !runs.isEmpty else {
            runs.append([item])
            return
        }
        var (run, offset) = place { Item.precedes($0, item) }
        if run == runs.count {
            run -= 1
            offset = runs[run].count
        }
        runs[run].insert(item, at: offset)
        guard runs[run].count > Self.runMax else { return }
        // A run that grew at its end is left full: members often come in order.
        let half = offset == Self.runMax ? Self.runMax : Self.runMax / 2
        let tail = [Item](runs[run][half...])
        runs[run].removeLast(tail.count)
        runs.insert(tail, at: run + 1)
    }

    /// The item must be there.
    mutating func remove(_ item: Item) {
        let (run, offset) = place { Item.precedes($0, item) }
        check(run < runs.count && runs[run][offset].member == item.member, "a member misplaced")
        runs[run].remove(at: offset)
        count -= 1
        if runs[run].isEmpty {
            runs.remove(at: run)
        } else if run > 0, runs[run].count + runs[run - 1].count < Self.runMax / 2 {
            runs[run - 1] += runs[run]
            runs.remove(at: run)
        }
    }

    subscript(rank: Int) -> Item {
        var rest = rank
        var run = 0
        while rest >= runs[run].count {
            rest -= runs[run].count
            run += 1
        }
        return runs[run][rest]
    }

    /// Looks at every member.
    func score(of member: Word) -> Score? {
        for run in runs {
            for index in run.indices where run[index].member.elementsEqual(member) {
                return run[index].score
            }
        }
        return nil
    }

    /// The items of these ranks, the last first if `isReversed`.
    func items(_ ranks: Range<Int>, isReversed: Bool) -> [Item] {
        var result: [Item] = []
        result.reserveCapacity(ranks.count)
        var start = 0
        for run in runs {
            let end = start + run.count
            if end > ranks.lowerBound && start < ranks.upperBound {
                let first = max(ranks.lowerBound - start, 0)
                result += run[first..<min(ranks.upperBound - start, run.count)]
            }
            start = end
            if start >= ranks.upperBound { break }
        }
        if isReversed { result.reverse() }
        return result
    }
}
