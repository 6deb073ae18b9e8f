import Base
import Testing

@testable import Platform
@testable import Sockets

@Suite struct RelayedTests {
    private func stream(_ id: UInt64, sent: UInt64) -> StreamReport.Stream {
        StreamReport.Stream(
            id: id, name: StreamName(app: "live", name: "0"),
            createdAt: Instant(nanoseconds: 0), isRelayed: true, clients: 0, frames: 0,
            bytesReceived: 0, bytesSent: sent, received: Rate(bitsPerSecond: 0),
            sent: Rate(bitsPerSecond: 0), tcURL: "", metadata: [], bytesKept: 0)
    }

    @Test("a node reports each byte once, also when its stream goes and comes again")
    func once() {
        var relayed = RelayedBytes()
        let counted = [
            relayed.take(stream(7, sent: 100)), relayed.take(stream(7, sent: 150)),
            relayed.take(nil), relayed.take(nil), relayed.take(stream(9, sent: 400)),
            relayed.take(stream(9, sent: 400)),
        ]
        #expect(counted == [100, 50, 0, 0, 400, 0])
    }
}
