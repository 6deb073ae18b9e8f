import Base

/// The RTMP server as far as sessions go: who may publish and play what, and what follows.
///
/// As SRS does it: a publish is refused when its callback refuses or fails; a failed callback at
/// the end of something is only noted. The bytes of the protocol belong to a layer of their own.
public struct RTMPServer: Program {
    public struct Configuration: Sendable, Hashable {
        public var connectionsMax: Int
        public var streams: Int
        /// Whether publish and play are put to the coordinator.
        public var asksCoordinator: Bool

        public init(connectionsMax: Int, streams: Int, asksCoordinator: Bool) {
            self.connectionsMax = connectionsMax
            self.streams = streams
            self.asksCoordinator = asksCoordinator
        }
    }

    private enum Role: Sendable, Hashable {
        case idle
        case asking(StreamID, publish: Bool)
        case publishing(StreamID)
        case playing(StreamID)
    }

    private struct Peer: Sendable {
        var connection: ConnectionID
        var role: Role = .idle
        var call: UInt64 = 0
    }

    private let configuration: Configuration
    private var peers: [Peer] = []
    private var publishers: [ConnectionID?]
    private var calls: UInt64 = 0

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        publishers = [ConnectionID?](repeating: nil, count: configuration.streams)
    }

    /// Players and publishers among them.
    public var connections: Int { peers.count }

    public mutating func handle(_ input: Input, at now: Instant, into outbox: inout Outbox) {
        switch input {
        case .started:
            peers.removeAll()
            for index in publishers.indices { publishers[index] = nil }
        case .opened(let connection): open(connection, into: &outbox)
        case .received(let connection, let message):
            guard let index = index(of: connection) else { return }
            receive(index, message, into: &outbox)
        case .closed(let connection, _): close(connection, into: &outbox)
        case .answered(let id, let answer): resume(id, answer, into: &outbox)
        case .called(let ticket, _, _): outbox.append(.reply(ticket, .refused(.noNode)))
        case .woke, .stalled, .playing: break
        }
    }

    private func index(of connection: ConnectionID) -> Int? {
        peers.firstIndex { $0.connection == connection }
    }

    private mutating func open(_ connection: ConnectionID, into outbox: inout Outbox) {
        guard peers.count < configuration.connectionsMax else {
            outbox.append(.send(connection, .rejected(.full)))
            outbox.append(.close(connection))
            return
        }
        peers.append(Peer(connection: connection))
    }

    private mutating func receive(
        _ index: Int, _ message: SessionMessage, into outbox: inout Outbox
    ) {
        guard peers[index].role == .idle else { return }
        switch message {
        case .publish(let stream, let key):
            ask(index, stream, .onPublish(stream, key: key), publish: true, into: &outbox)
        case .play(let stream):
            ask(index, stream, .onPlay(stream), publish: false, into: &outbox)
        case .accepted, .rejected, .ended: break
        }
    }

    private mutating func ask(
        _ index: Int, _ stream: StreamID, _ call: Call, publish: Bool, into outbox: inout Outbox
    ) {
        guard publishers.indices.contains(Int(stream.raw)) else {
            reject(index, .noStream, into: &outbox)
            return
        }
        peers[index].role = .asking(stream, publish: publish)
        guard configuration.asksCoordinator else {
            decide(index, stream, publish: publish, into: &outbox)
            return
        }
        calls += 1
        peers[index].call = calls
        outbox.append(.call(CallID(calls), to: .coordinator, call))
    }

    private mutating func resume(_ id: CallID, _ answer: Answer, into outbox: inout Outbox) {
        guard let index = peers.firstIndex(where: { $0.call == id.raw }),
            case .asking(let stream, let publish) = peers[index].role
        else { return }
        peers[index].call = 0
        switch answer {
        case .reply(.ok): decide(index, stream, publish: publish, into: &outbox)
        case .reply(.refused(let why)):
            reject(index, Rejection(why), stream, publish, into: &outbox)
        case .reply, .stored, .cached, .worked, .failed:
            reject(index, .unavailable, stream, publish, into: &outbox)
        }
    }

    private mutating func decide(
        _ index: Int, _ stream: StreamID, publish: Bool, into outbox: inout Outbox
    ) {
        let connection = peers[index].connection
        let publisher = publishers[Int(stream.raw)]
        if publish {
            guard publisher == nil else {
                reject(index, .busy, stream, true, into: &outbox)
                return
            }
            publishers[Int(stream.raw)] = connection
            peers[index].role = .publishing(stream)
            outbox.append(.send(connection, .accepted))
            outbox.append(.ingest(connection, stream))
            outbox.append(.observe(.publishAccepted(stream)))
        } else {
            guard publisher != nil else {
                reject(index, .noStream, into: &outbox)
                return
            }
            peers[index].role = .playing(stream)
            outbox.append(.send(connection, .accepted))
            outbox.append(.relay(connection, stream))
        }
    }

    private mutating func reject(
        _ index: Int, _ why: Rejection, _ stream: StreamID, _ publish: Bool,
        into outbox: inout Outbox
    ) {
        if publish { outbox.append(.observe(.publishRejected(stream, why))) }
        reject(index, why, into: &outbox)
    }

    private mutating func reject(_ index: Int, _ why: Rejection, into outbox: inout Outbox) {
        let connection = peers[index].connection
        peers.remove(at: index)
        outbox.append(.send(connection, .rejected(why)))
        outbox.append(.close(connection))
    }

    private mutating func close(_ connection: ConnectionID, into outbox: inout Outbox) {
        guard let index = index(of: connection) else { return }
        let peer = peers.remove(at: index)
        switch peer.role {
        case .idle: break
        case .asking(let stream, let publish):
            // The coordinator may already hold it live; say that it is not, unless somebody else
            // keeps it so.
            if publish && publishers[Int(stream.raw)] == nil {
                note(.onUnpublish(stream), into: &outbox)
            }
        case .playing(let stream): note(.onStop(stream), into: &outbox)
        case .publishing(let stream):
            publishers[Int(stream.raw)] = nil
            note(.onUnpublish(stream), into: &outbox)
            endPlayers(of: stream, into: &outbox)
        }
    }

    private mutating func endPlayers(of stream: StreamID, into outbox: inout Outbox) {
        for peer in peers where peer.role == .playing(stream) {
            outbox.append(.send(peer.connection, .ended))
            outbox.append(.close(peer.connection))
            note(.onStop(stream), into: &outbox)
        }
        peers.removeAll { $0.role == .playing(stream) }
    }

    /// A callback whose answer changes nothing.
    private mutating func note(_ call: Call, into outbox: inout Outbox) {
        guard configuration.asksCoordinator else { return }
        calls += 1
        outbox.append(.call(CallID(calls), to: .coordinator, call))
    }
}

extension Rejection {
    /// What a client is told of the coordinator's refusal.
    init(_ refusal: Refusal) {
        switch refusal {
        case .badKey: self = .badKey
        case .noStream: self = .noStream
        case .busy: self = .busy
        case .full: self = .full
        case .notSignedIn, .notYours, .notAuthorized, .noNode, .noUser, .noKey, .badStep,
            .nameTaken, .badInterval, .tooOften:
            self = .unavailable
        }
    }
}
