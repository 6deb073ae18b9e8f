import Base
import Platform

/// A heartbeat's way through coordinator, tables and cache, without machines or sockets.
enum HeartbeatBenchmark {
    static let nodes: Int32 = 10_000

    /// Runs so many heartbeats of 10,000 nodes in turn; returns how many were taken.
    static func run(heartbeats: Int) -> Int {
        var coordinator = Coordinator()
        var tables = Tables(trustRule: .spotChecks)
        var cache = CacheTables(memoryMax: 384 << 20)
        var outbox = Outbox()
        var now = Instant(nanoseconds: 1_795_996_800_000_000_000)
        let address = NodeAddress(host: "", rtmpPort: 1_935, httpPort: 8_080)
        _ = tables.execute(.addUser(name: "ann", .nobody), at: now)
        for stream in 0..<Int32(100) {
            let add = Transaction.addStream(owner: UserID(0), title: "t", key: UInt64(stream))
            _ = tables.execute(add, at: now)
        }
        for node in 0..<nodes {
            let stream = StreamID(node % 100)
            let add = Transaction.addNode(
                stream, key: UInt64(stream.raw), name: "node-\(node)", address)
            _ = tables.execute(add, at: now)
        }
        var taken = 0
        for beat in 0..<heartbeats {
            now += .milliseconds(3)  // each node beats once in thirty seconds
            let node = Int32(beat % Int(nodes))
            let call = Call.heartbeat(
                Heartbeat(
                    node: NodeID(node), stream: StreamID(node % 100), capacity: .zero,
                    viewers: Int32(beat & 7), statsURL: ""))
            let caller = Caller(.node(NodeID(node)), from: ClientAddress(ipv4: 0x0A00_0001))
            var input = Input.called(Ticket(UInt64(beat)), call, caller)
            var isAnswered = false
            while !isAnswered {
                coordinator.handle(input, at: now, into: &outbox)
                while let effect = outbox.next() {
                    switch effect {
                    case .transact(let id, let transaction):
                        let answer = tables.execute(transaction, at: now)
                        input = .answered(id, .stored(answer))
                    case .cache(let id, let command):
                        input = .answered(id, .cached(cache.execute(command, at: now)))
                    case .reply(_, let reply):
                        if reply == .ok { taken += 1 }
                        isAnswered = true
                    case .call, .work, .connect, .send, .close, .ingest, .relay, .wake, .observe:
                        break
                    }
                }
            }
        }
        return taken
    }
}
