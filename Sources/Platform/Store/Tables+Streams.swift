import Base

/// Streams and their life cycle.
extension Tables {
    public static let staleAfter = Interval.hours(1)

    /// The steps of the life cycle; every other step is refused.
    public static func allows(_ from: StreamStatus, _ to: StreamStatus) -> Bool {
        switch from {
        case .ready: to == .testing || to == .live
        case .testing: to == .live || to == .offline || to == .ready
        case .live: to == .offline
        case .offline: to == .ready || to == .stale || to == .archived
        case .stale: to == .ready || to == .offline || to == .archived
        case .archived: false
        }
    }

    mutating func addStream(
        _ owner: UserID, _ title: String, _ key: UInt64, _ now: Instant
    ) -> StoreAnswer {
        guard users.indices.contains(Int(owner.raw)) else { return .refused(.noUser) }
        guard users[Int(owner.raw)].streams.count < Self.streamsMax else {
            return .refused(.full)
        }
        let stream = StreamID(Int32(streams.count))
        let row = StreamRow(
            stream: stream, owner: owner, title: title, key: key, status: .ready, changedAt: now)
        streams.append(Stream(row: row))
        users[Int(owner.raw)].streams.append(stream)
        return .stream(row)
    }

    func streams(_ status: StreamStatus?) -> StoreAnswer {
        let wanted = streams.lazy.map(\.row).filter {
            if let status { $0.status == status } else { $0.status != .archived }
        }
        return .streams(Array(wanted.prefix(Overview.rowsMax)))
    }

    func findStream(_ stream: StreamID) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        return .stream(streams[index].row)
    }

    mutating func moveStream(
        _ stream: StreamID, to status: StreamStatus, by user: UserID, _ now: Instant
    ) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        guard streams[index].row.owner == user else { return .refused(.notYours) }
        guard Self.allows(streams[index].row.status, status) else { return .refused(.badStep) }
        return move(index, to: status, now)
    }

    mutating func removeStream(
        _ stream: StreamID, by user: UserID, _ now: Instant
    ) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        guard streams[index].row.owner == user else { return .refused(.notYours) }
        switch streams[index].row.status {
        case .live, .testing: return .refused(.busy)
        case .archived: return .refused(.badStep)
        case .ready:
            _ = move(index, to: .testing, now)
            _ = move(index, to: .offline, now)
            _ = move(index, to: .archived, now)
            return .moved(StreamTransition(from: .ready, to: .archived))
        case .offline, .stale: return move(index, to: .archived, now)
        }
    }

    mutating func replaceKey(
        _ stream: StreamID, by user: UserID, _ key: UInt64
    ) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        guard streams[index].row.owner == user else { return .refused(.notYours) }
        guard streams[index].row.status != .archived else { return .refused(.busy) }
        streams[index].row.key = key
        return .stream(streams[index].row)
    }

    mutating func openStream(
        _ stream: StreamID, _ key: UInt64, _ now: Instant
    ) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        guard streams[index].row.key == key else { return .refused(.badKey) }
        let from = streams[index].row.status
        switch from {
        case .offline, .stale: _ = move(index, to: .ready, now)
        case .ready, .testing: break
        // The RTMP server admits one publisher. If it asks again, it died and forgot the last.
        case .live: return .moved(StreamTransition(from: .live, to: .live))
        case .archived: return .refused(.busy)
        }
        _ = move(index, to: .live, now)
        return .moved(StreamTransition(from: from, to: .live))
    }

    mutating func endStream(_ stream: StreamID, _ now: Instant) -> StoreAnswer {
        guard let index = index(of: stream), Self.allows(streams[index].row.status, .offline)
        else { return .refused(.noStream) }
        return move(index, to: .offline, now)
    }

    mutating func staleStreams(_ now: Instant) -> StoreAnswer {
        for index in streams.indices where streams[index].row.status == .offline {
            guard now - streams[index].row.changedAt >= Self.staleAfter else { continue }
            _ = move(index, to: .stale, now)
        }
        return .done
    }

    func index(of stream: StreamID) -> Int? {
        let index = Int(stream.raw)
        return streams.indices.contains(index) ? index : nil
    }

    private mutating func move(
        _ index: Int, to status: StreamStatus, _ now: Instant
    ) -> StoreAnswer {
        let from = streams[index].row.status
        check(Self.allows(from, status), "an illegal step of a stream")
        streams[index].row.status = status
        streams[index].row.changedAt = now
        return .moved(StreamTransition(from: from, to: status))
    }
}
