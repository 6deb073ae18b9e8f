import Base
import Platform

/// A store with a user (0), her stream (0, key 7) and that stream's node (0), and a clock.
struct Store {
    var tables: Tables
    var now = ProgramHarness<Coordinator>.start

    static let user = UserID(0)
    static let stream = StreamID(0)
    static let node = NodeID(0)
    static let key: UInt64 = 7
    static let address = NodeAddress(host: "node.example", rtmpPort: 1_935, httpPort: 8_080)

    init(trustRule: Tables.TrustRule = .spotChecks) {
        tables = Tables(trustRule: trustRule)
        run(.addUser(name: "ann", PasswordHash("x")))
        run(.addStream(owner: Self.user, title: "Ann's", key: Self.key))
        run(.addNode(Self.stream, key: Self.key, name: "attic", Self.address))
    }

    @discardableResult mutating func run(
        _ transaction: Transaction, after: Interval = .zero
    ) -> StoreAnswer {
        now += after
        return tables.execute(transaction, at: now)
    }

    /// Adds another user, who owns nothing.
    mutating func addStranger() -> UserID {
        guard case .user(let row) = run(.addUser(name: "bob", PasswordHash("y"))) else {
            return UserID(-1)
        }
        return row.user
    }

    mutating func beat(
        _ node: NodeID = Self.node, capacity: Share? = nil, viewers: Int32? = nil,
        after: Interval = .zero
    ) -> StoreAnswer {
        run(
            .recordHeartbeat(
                Heartbeat(
                    node: node, stream: Self.stream, capacity: capacity, viewers: viewers,
                    statsURL: "")), after: after)
    }

    /// A report of the minutes up to now.
    mutating func report(
        _ bytes: Int64, minutes: Int64 = 1, node: NodeID = Self.node, after: Interval = .zero
    ) -> StoreAnswer {
        now += after
        return run(
            .appendLedger(
                BandwidthReport(
                    node: node, stream: Self.stream, bytes: bytes, from: now - .minutes(minutes),
                    until: now, sourceBitrate: Rate.megabits(4))))
    }

    /// Bytes that are reported and verified, in the hour that has just begun.
    mutating func earn(_ bytes: Int64, node: NodeID = Self.node) {
        _ = report(bytes, minutes: 5, node: node, after: .minutes(6))
        run(.recordSpotCheck(node, passed: true))
        run(.verifyReports)
    }

    var hour: Int64 { now.hoursSinceEpoch }

    mutating func figures(_ node: NodeID = Self.node) -> NodeFigures? {
        guard case .node(let figures) = run(.nodeFigures(node)) else { return nil }
        return figures
    }
}
