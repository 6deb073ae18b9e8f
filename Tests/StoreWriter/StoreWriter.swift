import Base
import Foundation
import Platform
import Storage

/// Writes to a store until it is killed, and says on its output what the store acknowledged.
///
/// `store-writer PLACE FIRST`: eight nodes report minute after minute from the given one on, all
/// at once; each acknowledged report is one line `NODE MINUTE`, written before the node's next.
///
/// `store-writer PLACE pay FIRST LAST`: two workers pay the same hours, one after the other; each
/// acknowledged hour in which something was paid is one line `HOUR NANODOLLARS`.
@main
struct StoreWriter {
    private static let nodes = 8
    private static let minutesMax = 100_000

    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count >= 3 else { exit(2) }
        let store = Store(Store.Place(words[1]))
        if words.count == 5, words[2] == "pay", let first = Int64(words[3]),
            let last = Int64(words[4]), first <= last
        {
            return await withTaskGroup { group in
                for _ in 0..<2 { group.addTask { await pay(first...last, from: store) } }
            }
        }
        guard words.count == 3, let first = Int64(words[2]) else { exit(2) }
        await withTaskGroup { group in
            for node in 0..<nodes {
                group.addTask { await report(Int32(node), from: first, to: store) }
            }
        }
    }

    private static func report(_ node: Int32, from first: Int64, to store: Store) async {
        for minute in first..<first + Int64(minutesMax) {
            let until = Instant(nanoseconds: 0) + .minutes(minute)
            let report = BandwidthReport(
                node: NodeID(node), stream: StreamID(0), bytes: minute, from: until - .minutes(1),
                until: until, sourceBitrate: .megabits(3))
            guard case .done? = try? await store.execute(.appendLedger(report), at: until)
            else { continue }
            acknowledge(Int64(node), minute)
        }
    }

    private static func pay(_ hours: ClosedRange<Int64>, from store: Store) async {
        for hour in hours {
            let now = Instant(nanoseconds: 0) + .hours(hour + 1)
            guard case .paid(let nanodollars)? = try? await store.execute(.payHour(hour), at: now)
            else { continue }
            if nanodollars > 0 { acknowledge(hour, nanodollars) }
        }
    }

    private static func acknowledge(_ first: Int64, _ second: Int64) {
        let line = Array("\(first) \(second)\n".utf8)
        guard write(1, line, line.count) == line.count else { exit(1) }
    }
}
