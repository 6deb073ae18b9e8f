import Base
import Media
import RTMP

/// Somebody who plays over HLS: no connection, but requests that carry the same token.
struct Fetcher: Sendable {
    let serial: UInt64
    /// Not to be guessed: it stands for the answer of `on_play`.
    let token: UInt64
    let name: StreamName
    let peer: Peer
    /// Index of the peer's address.
    let address: Int
    let query: String
    let openedAt: Instant
    var seenAt: Instant
    var isAdmitted: Bool
    var bytes: UInt64 = 0
    var sent = Meter()
}

// HLS. Requests are answered at once, so they are calls rather than inputs.
extension StreamServer {
    /// A player that asks for nothing this long has left.
    static let fetcherTimeout = Interval.seconds(30)
    /// How long a stream's segments outlive its publisher.
    static let segmentsKept = Interval.seconds(30)

    /// What a new player over HLS begins with.
    public struct FetchStart: Sendable {
        /// To be repeated with each request.
        public var token: UInt64
        /// To be asked first; nil if nobody is to be asked.
        public var hook: Hook?
        /// What the stream takes.
        public var rate: Rate
    }

    public enum FetchRefusal: Error { case noStream, full }

    /// Enters a new player.
    public mutating func startFetch(
        _ name: StreamName, _ peer: Peer, query: String, at now: Instant
    ) throws(FetchRefusal) -> FetchStart {
        guard let index = directory[name], let options = configuration.hls else {
            throw .noStream
        }
        let isAsked = configuration.hooks.contains(.play)
        let address = enter(peer.address)
        let fetcher = Fetcher(
            serial: nextSerial(), token: random.next(), name: name, peer: peer, address: address,
            query: query, openedAt: now, seenAt: now, isAdmitted: !isAsked)
        fetchers.append(fetcher)
        guard hasRoom(for: address), hasBandwidth(for: address, at: now) else {
            removeFetcher(fetchers.count - 1)
            tally.refused += 1
            throw .full
        }
        streams[index]!.startHLS(options, chunkSize: chunkSize)
        tally.plays += 1
        sweepAt = min(sweepAt, now + Self.sweepEvery)
        return FetchStart(
            token: fetcher.token, hook: isAsked ? hook(.play, fetcher) : nil,
            rate: streams[index]!.received.rate(streams[index]!.bytesReceived, at: now))
    }

    private mutating func removeFetcher(_ index: Int) {
        leave(fetchers.remove(at: index).address)
    }

    /// The answer to the hook of `startFetch`.
    public mutating func admitFetch(_ token: UInt64, allowed: Bool) {
        guard let index = fetchers.firstIndex(where: { $0.token == token }) else { return }
        if allowed { fetchers[index].isAdmitted = true } else { removeFetcher(index) }
    }

    /// The playlist of a player that was let in; nil if there is none yet.
    public mutating func playlist(
        _ name: StreamName, token: UInt64, suffix: String, at now: Instant
    ) -> String? {
        guard let index = directory[name], let fetcher = fetcher(token, name),
            let text = streams[index]!.hls?.playlist(prefix: "\(name.name)-", suffix: suffix)
        else { return nil }
        count(text.utf8.count, fetcher, index, at: now)
        return text
    }

    /// A segment. Without a token only where nobody is asked who may play.
    public mutating func segment(
        _ name: StreamName, _ sequence: Int64, token: UInt64?, at now: Instant
    ) -> [UInt8]? {
        guard let index = directory[name],
            let segment = streams[index]!.hls?.segment(sequence)
        else { return nil }
        let fetcher = token.flatMap { self.fetcher($0, name) }
        guard fetcher != nil || !configuration.hooks.contains(.play) else { return nil }
        count(segment.bytes.count, fetcher, index, at: now)
        return segment.bytes
    }

    private func fetcher(_ token: UInt64, _ name: StreamName) -> Int? {
        fetchers.firstIndex { $0.token == token && $0.name == name && $0.isAdmitted }
    }

    private mutating func count(
        _ count: Int, _ fetcher: Int?, _ stream: Int, at now: Instant
    ) {
        bytesSent += UInt64(count)
        streams[stream]!.bytesSent += UInt64(count)
        tally.hlsBytes += UInt64(count)
        guard let fetcher else { return }
        addresses[fetchers[fetcher].address].bytes += UInt64(count)
        fetchers[fetcher].bytes += UInt64(count)
        fetchers[fetcher].seenAt = now
    }

    private func hook(_ kind: Hook.Kind, _ fetcher: Fetcher) -> Hook {
        Hook(
            kind: kind, client: fetcher.serial, address: fetcher.peer.address,
            app: fetcher.name.app,
            tcURL: "", pageURL: "", stream: fetcher.name.name, query: fetcher.query,
            streamID: directory[fetcher.name].flatMap { streams[$0]?.serial },
            bytesSent: fetcher.bytes, bytesReceived: 0)
    }

    mutating func sweepFetchers(at now: Instant, into outbox: inout StreamOutbox) {
        for index in fetchers.indices { fetchers[index].sent.note(fetchers[index].bytes, at: now) }
        endFetches(into: &outbox) { now >= $0.seenAt + Self.fetcherTimeout }
        for index in streams.indices where streams[index]?.hls != nil {
            let name = streams[index]!.name
            if !fetchers.contains(where: { $0.name == name }) { streams[index]!.stopHLS() }
        }
    }

    /// Forgets these players, and tells the coordinator.
    mutating func endFetches(
        into outbox: inout StreamOutbox, where isOver: (Fetcher) -> Bool
    ) {
        for index in fetchers.indices.reversed() where isOver(fetchers[index]) {
            if fetchers[index].isAdmitted, configuration.hooks.contains(.stop) {
                outbox.append(.call(nil, hook(.stop, fetchers[index])))
            }
            removeFetcher(index)
        }
    }
}
