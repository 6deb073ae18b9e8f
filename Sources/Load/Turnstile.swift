import Base
import Synchronization

/// When clients that failed may come again under a ceiling of clients a second, which they share
/// with those of the plan who are still to come. Those go first.
final class Turnstile: Sendable {
    /// Of the whole load's clients, in order, from its start; those that come again among them.
    private let times: Mutex<[Interval]>
    /// No `window`, wherever it begins, has more comings than `most`.
    private let window: Interval
    private let most: Int
    /// One that comes again here takes the place of one of each shard, who do not ask each other.
    private let shards: Int

    /// Nil where nothing bounds it.
    init?(_ plan: LoadPlan) {
        guard let ceiling = plan.ceilings.clientsPerSecond else { return nil }
        shards = plan.shard.count
        let seconds = (shards + ceiling - 1) / ceiling
        window = .seconds(Int64(seconds))
        most = ceiling * seconds
        times = Mutex(plan.clientsOfAll.map(\.start).sorted())
    }

    /// Takes the first time from `time` on that is free; nil if that is not before `end`.
    func place(from time: Interval, before end: Interval) -> Interval? {
        times.withLock { times in
            var at = time
            while at < end {
                let first = Self.place(of: at - window, in: times)
                let last = Self.place(of: at + window, in: times)
                var near = times[first..<last].filter { $0 > at - window }
                let own = Self.place(of: at, in: near)
                near.insert(contentsOf: repeatElement(at, count: shards), at: own)
                if isSparse(near) {
                    let place = Self.place(of: at, in: times)
                    times.insert(contentsOf: repeatElement(at, count: shards), at: place)
                    return at
                }
                // The earliest of those that are in the way is out of it by then.
                at = (near.first ?? at) + window
            }
            return nil
        }
    }

    private func isSparse(_ near: [Interval]) -> Bool {
        guard near.count > most else { return true }
        return (most..<near.count).allSatisfy { near[$0] - near[$0 - most] >= window }
    }

    /// Of the first that is not before `time`.
    private static func place(of time: Interval, in times: [Interval]) -> Int {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
