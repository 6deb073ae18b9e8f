import Base
import Media
import RTMP

/// What a stream server says about itself: a snapshot, for the API and for metrics.
public struct StreamReport: Sendable {
    public struct Stream: Sendable {
        public var id: UInt64
        public var name: StreamName
        public var createdAt: Instant
        public var publishedAt: Instant?
        /// The client that publishes; nil if nobody does, or a relay.
        public var publisher: UInt64?
        public var isRelayed: Bool
        /// Publisher and players.
        public var clients: Int
        public var frames: Int64
        public var bytesReceived: UInt64
        public var bytesSent: UInt64
        public var received: Rate
        public var sent: Rate
        public var tcURL: String
        /// What the codecs are told by: their configurations, or the first frames' first bytes.
        public var video: MediaMessage?
        public var audio: MediaMessage?
        public var metadata: [UInt8]
        /// Bytes kept for new and slow players.
        public var bytesKept: Int64
    }

    public struct Client: Sendable {
        public enum Activity: String, Sendable, Hashable, CaseIterable {
            case connecting
            case publishing = "fmle-publish"
            case playing = "rtmp-play"
            case watching = "flv-play"
            case fetching = "hls-play"
        }

        public var id: UInt64
        public var address: String
        public var app: String
        public var name: String
        public var tcURL: String
        public var pageURL: String
        public var activity: Activity
        /// Of the stream in this report.
        public var stream: UInt64?
        public var openedAt: Instant
        public var bytesReceived: UInt64
        public var bytesSent: UInt64
        public var received: Rate
        public var sent: Rate
        /// Messages a slow player was not sent.
        public var dropped: MediaCounts
    }

    public var startedAt: Instant
    public var streams: [Stream] = []
    public var clients: [Client] = []
    public var bytesReceived: UInt64
    public var bytesSent: UInt64
    public var received: Rate
    public var sent: Rate
    public var tally: StreamTally

    /// Clients that play, by whatever protocol.
    public var viewers: Int {
        clients.count {
            $0.activity == .playing || $0.activity == .watching || $0.activity == .fetching
        }
    }
}

extension StreamServer {
    /// A snapshot.
    public func report(at now: Instant) -> StreamReport {
        var report = StreamReport(
            startedAt: startedAt, bytesReceived: bytesReceived, bytesSent: bytesSent,
            received: received.rate(bytesReceived, at: now), sent: sent.rate(bytesSent, at: now),
            tally: tally)
        for index in streams.indices where streams[index] != nil {
            report.streams.append(reportStream(index, at: now))
        }
        for slot in clients.indices where clients[slot]?.phase == .open {
            let client = reportClient(slot, at: now)
            report.tally.dropped += client.dropped
            report.clients.append(client)
        }
        report.clients += fetchers.map { reportFetcher($0, at: now) }
        return report
    }

    private func reportFetcher(_ fetcher: Fetcher, at now: Instant) -> StreamReport.Client {
        StreamReport.Client(
            id: fetcher.serial, address: fetcher.peer.address, app: fetcher.name.app,
            name: fetcher.name.name, tcURL: "", pageURL: "", activity: .fetching,
            stream: directory[fetcher.name].flatMap { streams[$0]?.serial },
            openedAt: fetcher.openedAt, bytesReceived: 0, bytesSent: fetcher.bytes,
            received: Rate(bitsPerSecond: 0), sent: fetcher.sent.rate(fetcher.bytes, at: now),
            dropped: MediaCounts())
    }

    private func reportStream(_ index: Int, at now: Instant) -> StreamReport.Stream {
        let stream = streams[index]!
        var publisher: Int?
        if case .client(let slot, _) = stream.source { publisher = slot }
        var isRelayed = false
        if case .relay = stream.source { isRelayed = true }
        return StreamReport.Stream(
            id: stream.serial, name: stream.name, createdAt: stream.createdAt,
            publishedAt: stream.publishedAt, publisher: publisher.map { clients[$0]!.serial },
            isRelayed: isRelayed,
            clients: stream.players.count + (publisher == nil ? 0 : 1)
                + fetchers.count { $0.name == stream.name },
            frames: stream.frames, bytesReceived: stream.bytesReceived,
            bytesSent: stream.bytesSent,
            received: stream.received.rate(stream.bytesReceived, at: now),
            sent: stream.sent.rate(stream.bytesSent, at: now),
            tcURL: publisher.map { clients[$0]!.tcURL } ?? "",
            video: stream.headers.configuration(.video) ?? stream.firstVideo,
            audio: stream.headers.configuration(.audio) ?? stream.firstAudio,
            metadata: stream.headers.metadata?.payload ?? [], bytesKept: stream.log.bytesKept)
    }

    private func reportClient(_ slot: Int, at now: Instant) -> StreamReport.Client {
        let client = clients[slot]!
        var activity = StreamReport.Client.Activity.connecting
        var stream: Int?
        var dropped = MediaCounts()
        for use in client.uses {
            switch use.role {
            case .publisher(let index):
                activity = .publishing
                stream = index
            case .player(let player):
                let known = players[player]!
                activity = known.format == .flv ? .watching : .playing
                stream = known.stream
                dropped += known.dropped
            }
        }
        return StreamReport.Client(
            id: client.serial, address: client.peer.address, app: client.app, name: client.name,
            tcURL: client.tcURL, pageURL: client.pageURL, activity: activity,
            stream: stream.map { streams[$0]!.serial }, openedAt: client.openedAt,
            bytesReceived: client.bytesReceived, bytesSent: client.bytesSent,
            received: client.received.rate(client.bytesReceived, at: now),
            sent: client.sent.rate(client.bytesSent, at: now), dropped: dropped)
    }
}
