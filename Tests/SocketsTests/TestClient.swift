import Base
import Media
import NIOCore
import NIOPosix
import RTMP
import Sockets
import Testing

/// Our own client, with what it heard so far.
actor TestClient {
    private(set) var messages: [MediaMessage] = []
    private(set) var isStarted = false
    private(set) var failure: RTMPError?
    private(set) var isClosed = false
    /// What the server said at the end.
    private(set) var ending: Status?
    /// How long each stamped picture was under way.
    private(set) var delays: [Interval] = []
    nonisolated let client: RTMPClient

    private init(_ client: RTMPClient) { self.client = client }

    static func play(_ name: String, port: Int, within seconds: Int = 10) async throws -> TestClient
    {
        try await connect(.play, name, port: port, within: seconds)
    }

    /// Waits until the session has started, or is over.
    static func connect(
        _ purpose: ClientSession.Purpose, _ name: String, port: Int, within seconds: Int = 10
    ) async throws -> TestClient {
        let url = try #require(StreamURL("rtmp://127.0.0.1:\(port)/live/\(name)"))
        let (events, sink) = AsyncStream<(RTMPClient.Event, Instant)>.makeStream()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let client = TestClient(
            try await RTMPClient.connect(purpose, url, on: loop) { event, now in
                sink.yield((event, now))
                if case .closed = event { sink.finish() }
            }.get())
        Task { for await (event, now) in events { await client.note(event, now) } }
        for _ in 0..<seconds * 20 {
            if await client.isStarted { break }
            if await client.isClosed { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        return client
    }

    func leave() async { await client.leave() }

    /// Waits for as many messages of a kind; false after these seconds.
    func wait(_ seconds: Int = 10, for count: Int, _ kind: MediaMessage.Kind) async throws -> Bool {
        for _ in 0..<seconds * 20 {
            if messages.count(where: { $0.kind == kind }) >= count { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// What was heard comes after the connection is gone; false after five seconds.
    func waitForEnd() async throws -> Bool {
        for _ in 0..<100 where !isClosed { try await Task.sleep(for: .milliseconds(50)) }
        return isClosed
    }

    private func note(_ event: RTMPClient.Event, _ now: Instant) {
        switch event {
        case .session(.started): isStarted = true
        case .session(.media(let message)):
            messages.append(message)
            if let sent = Clip.stamp(in: message) { delays.append(now - sent) }
        case .session(.ended(let status)): ending = status
        case .session(.status): break
        case .failed(let error): failure = error
        case .closed: isClosed = true
        }
    }
}
