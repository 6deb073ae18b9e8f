import Base
import Foundation
import Platform
import Storage

/// Writes to a store until it is killed, and says on its output what the store acknowledged.
///
/// `store-writer PLACE FIRST`: eight nodes report minute after minute from the given one on, all
/// at once; each acknowledged report is one line `NODE MINUTE`, written before the node's next.
@main
struct StoreWriter {
    private static let nodes = 8
    private static let minutesMax = 100_000

    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 3, let first = Int64(words[2]) else { exit(2) }
        let store = Store(Store.Place(words[1]))
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
            let line = Array("\(node) \(minute)\n".utf8)
            guard write(1, line, line.count) == line.count else { exit(1) }
        }
    }
}
