import Base

/// Where a viewer watches: the best node, else the RTMP server.
extension Coordinator {
    static let watchTrustMin = Share(millionths: 500_000)
    static let watchCapacityMax = Share(millionths: 900_000)
    static let watchAge = Interval.seconds(90)

    mutating func foundStream(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        switch answer {
        case .stored(.stream(let row)):
            requests[index]?.stream = row.withoutKey
            advance(index, to: .watchCache)
            outbox.append(.cache(id, .nodes(row.stream)))
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    mutating func chooseFromCache(
        _ index: Int, _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        noteCache(answer, into: &outbox)
        guard case .cached(.nodes(let rows)) = answer, !rows.isEmpty else {
            guard let stream = requests[index]?.watched else { return }
            advance(index, to: .watchStore)
            outbox.append(.transact(id, .nodesForStream(stream)))
            return
        }
        choose(index, id, rows, now, into: &outbox)
    }

    mutating func chooseFromStore(
        _ index: Int, _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        switch answer {
        case .stored(.nodes(let rows)): choose(index, id, rows, now, into: &outbox)
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    private mutating func choose(
        _ index: Int, _ id: CallID, _ rows: [NodeRow], _ now: Instant, into outbox: inout Outbox
    ) {
        guard let request = requests[index] else { return }
        let row = best(rows, now)
        let place = row.map { WatchPlace.node($0.node, $0.address) } ?? .server
        if let stream = request.stream {
            return finish(index, .watchPage(stream, place), into: &outbox)
        }
        guard case .watch(let stream, let viewer) = request.call else { return }
        requests[index]?.place = place
        advance(index, to: .watchKeep)
        outbox.append(.observe(.routed(stream, row?.node)))
        outbox.append(.cache(id, .putViewer(stream, viewer: viewer, row?.node)))
    }

    mutating func keptViewer(_ index: Int, _ answer: Answer, into outbox: inout Outbox) {
        noteCache(answer, into: &outbox)
        guard let place = requests[index]?.place else { return }
        finish(index, .watch(place), into: &outbox)
    }

    /// Nodes with room and trust; the highest trust, then the fewest viewers, then the lowest id.
    private func best(_ rows: [NodeRow], _ now: Instant) -> NodeRow? {
        var best: NodeRow?
        for row in rows {
            guard !row.isFlagged, row.capacity < Self.watchCapacityMax,
                row.trust >= Self.watchTrustMin, now - row.heartbeatAt <= Self.watchAge
            else { continue }
            guard let other = best else {
                best = row
                continue
            }
            if (row.trust, -row.viewers, -row.node.raw)
                > (other.trust, -other.viewers, -other.node.raw)
            {
                best = row
            }
        }
        return best
    }
}

extension Request {
    fileprivate var watched: StreamID? {
        if let stream { return stream.stream }
        if case .watch(let stream, _) = call { return stream }
        return nil
    }
}
