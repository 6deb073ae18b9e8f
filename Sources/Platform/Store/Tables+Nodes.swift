import Base

/// Supporter nodes: who they are, that they live, and what was seen of them.
extension Tables {
    public static let inactiveAfter = Interval.minutes(5)
    /// A node beats every 30 s; one that beats without pause is not written down each time.
    public static let heartbeatGapMin = Interval.seconds(1)
    /// The last heartbeat of a node that has sent none.
    public static let never = Instant(nanoseconds: 0)

    mutating func addNode(
        _ stream: StreamID, _ key: UInt64, _ name: String, _ address: NodeAddress
    ) -> StoreAnswer {
        guard let streamIndex = index(of: stream) else { return .refused(.noStream) }
        guard streams[streamIndex].row.key == key else { return .refused(.badKey) }
        let fullName = NodeName(stream: stream, name: Array(name.utf8))
        if let known = nodesByName[fullName] {
            guard nodes[Int(known.raw)].isAuthorized else { return .refused(.notAuthorized) }
            nodes[Int(known.raw)].row.address = address
            return .nodes([nodes[Int(known.raw)].row])
        }
        guard nodes.count < Self.nodesMax else { return .refused(.full) }
        let node = NodeID(Int32(nodes.count))
        let row = NodeRow(
            node: node, stream: stream, name: name, address: address, statsURL: "",
            trust: Self.trustUnknown, capacity: .zero, viewers: 0, heartbeatAt: Self.never,
            isActive: false, isFlagged: false)
        nodes.append(Node(row: row))
        accounts.append(NodeAccount())
        nodesByName[fullName] = node
        streams[streamIndex].nodes.append(node)
        return .nodes([row])
    }

    mutating func authorizeNode(
        _ stream: StreamID, _ node: NodeID, _ allowed: Bool, by user: UserID
    ) -> StoreAnswer {
        guard let streamIndex = index(of: stream) else { return .refused(.noStream) }
        guard let index = index(of: node), nodes[index].row.stream == stream else {
            return .refused(.noNode)
        }
        guard streams[streamIndex].row.owner == user else { return .refused(.notYours) }
        nodes[index].isAuthorized = allowed
        return .done
    }

    mutating func recordHeartbeat(_ beat: Heartbeat, _ now: Instant) -> StoreAnswer {
        guard let index = index(of: beat.node), nodes[index].row.stream == beat.stream else {
            return .refused(.noNode)
        }
        guard nodes[index].isAuthorized else { return .refused(.notAuthorized) }
        // A clock that was set back does not silence a node.
        let gap = now - nodes[index].row.heartbeatAt
        guard gap < .zero || gap >= Self.heartbeatGapMin else { return .refused(.tooOften) }
        nodes[index].row.isActive = true
        nodes[index].row.heartbeatAt = now
        nodes[index].row.statsURL = beat.statsURL
        if let capacity = beat.capacity { nodes[index].row.capacity = capacity }
        if let viewers = beat.viewers { nodes[index].row.viewers = viewers }
        return .nodes([nodes[index].row])
    }

    func nodesForStream(_ stream: StreamID) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        let wanted = streams[index].nodes.lazy.map { nodes[Int($0.raw)] }
            .filter { $0.row.isActive && $0.isAuthorized }
        return .nodes(wanted.map(\.row))
    }

    func peers(_ stream: StreamID) -> StoreAnswer {
        guard let index = index(of: stream) else { return .refused(.noStream) }
        return .nodes(streams[index].nodes.map { nodes[Int($0.raw)].row })
    }

    mutating func sweepInactive(_ now: Instant) -> StoreAnswer {
        var changed: [NodeID] = []
        for index in nodes.indices where nodes[index].row.isActive {
            guard now - nodes[index].row.heartbeatAt >= Self.inactiveAfter else { continue }
            nodes[index].row.isActive = false
            changed.append(nodes[index].row.node)
        }
        return .changed(changed)
    }

    mutating func recordProbe(_ node: NodeID, _ probe: ProbeRow) -> StoreAnswer {
        guard let index = index(of: node) else { return .refused(.noNode) }
        accounts[index].append(probe)
        return .done
    }

    mutating func recordSpotCheck(
        _ node: NodeID, _ passed: Bool, _ now: Instant
    ) -> StoreAnswer {
        guard let index = index(of: node) else { return .refused(.noNode) }
        accounts[index].append(SpotCheck(at: now, passed: passed))
        return .done
    }

    func index(of node: NodeID) -> Int? {
        let index = Int(node.raw)
        return nodes.indices.contains(index) ? index : nil
    }
}
