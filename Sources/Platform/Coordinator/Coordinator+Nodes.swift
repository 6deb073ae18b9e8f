import Base

/// What nodes and the RTMP server say: all day long, straight to the store.
extension Coordinator {
    /// More than one home's uplink could feed.
    static let viewersMax: Int32 = 100_000

    mutating func receive(
        _ beat: Heartbeat, _ caller: Caller, _ ticket: Ticket, into outbox: inout Outbox
    ) {
        guard isNode(beat.node, caller, ticket, into: &outbox) else { return }
        begin(.heartbeatStore, ticket, .recordHeartbeat(beat.held), into: &outbox)
    }

    mutating func receive(
        _ report: BandwidthReport, _ caller: Caller, _ ticket: Ticket, into outbox: inout Outbox
    ) {
        guard isNode(report.node, caller, ticket, into: &outbox) else { return }
        begin(.ledger, ticket, .appendLedger(report), into: &outbox)
    }

    /// The node that the token was made out to speaks for itself alone.
    private func isNode(
        _ node: NodeID, _ caller: Caller, _ ticket: Ticket, into outbox: inout Outbox
    ) -> Bool {
        switch caller.credential {
        case .node(node): return true
        case .none: outbox.append(.reply(ticket, .refused(.notSignedIn)))
        case .node, .streamer, .key: outbox.append(.reply(ticket, .refused(.notYours)))
        }
        return false
    }

    mutating func keepHeartbeat(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        switch answer {
        case .stored(.nodes(let rows)):
            guard let row = rows.first else { return finish(index, .unavailable, into: &outbox) }
            advance(index, to: .heartbeatCache)
            outbox.append(.cache(id, .putNode(row)))
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    // MARK: Callbacks

    func admitsCallback(
        _ caller: Caller, _ ticket: Ticket, into outbox: inout Outbox
    ) -> Bool {
        if caller.address == .local || configuration.rtmpServers.contains(caller.address) {
            return true
        }
        outbox.append(.reply(ticket, .refused(.notYours)))
        return false
    }

    mutating func finishMoved(
        _ index: Int, _ stream: StreamID, _ answer: Answer, into outbox: inout Outbox
    ) {
        switch answer {
        case .stored(.moved(let step)):
            outbox.append(.observe(.streamChanged(stream, from: step.from, to: step.to)))
            finish(index, .ok, into: &outbox)
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }
}

extension Heartbeat {
    /// With figures that a node could mean.
    fileprivate var held: Heartbeat {
        var beat = self
        beat.capacity = capacity.map { min(max($0, .zero), .whole) }
        beat.viewers = viewers.map { min(max($0, 0), Coordinator.viewersMax) }
        return beat
    }
}
