import Base
import Platform

/// A seeded source of random transactions at rising times, for stores that are held to each other.
///
/// Identifiers, names, keys and digests are drawn from small pools, so that what is asked for often
/// exists, belongs to somebody else, or is there twice. Time goes on in seconds, at times in hours,
/// and rarely by weeks, so that leases run out, hours end and retention has something to do.
public struct TransactionSource: Sendable {
    public struct Step: Sendable {
        public var at: Instant
        public var transaction: Transaction
    }

    private static let usersDrawn: UInt64 = 6
    private static let streamsDrawn: UInt64 = 8
    private static let nodesDrawn: UInt64 = 12
    private static let keysDrawn: UInt64 = 5

    private var random: Random
    private var now: Instant
    private var latest = Transaction.ping
    /// The end of each node's last report, as far as it was accepted.
    private var reportedUntil: [Instant]

    public init(seed: UInt64, start: Instant) {
        random = Random(seed: seed, entity: "store", purpose: "transactions")
        now = start
        reportedUntil = [Instant](repeating: start, count: Int(Self.nodesDrawn) + 2)
    }

    public mutating func next() -> Step {
        if random.below(40) == 0 {
            now += random.interval(.zero ... .seconds(2))  // sent twice
        } else {
            now += step()
            latest = transaction()
        }
        return Step(at: now, transaction: latest)
    }

    private mutating func step() -> Interval {
        switch random.below(1_000) {
        case ..<700: random.interval(.zero ... .seconds(20))
        case ..<950: random.interval(.zero ... .minutes(8))
        case ..<996: random.interval(.zero ... .hours(3))
        case _: random.interval(.zero ... .days(45))
        }
    }

    private mutating func transaction() -> Transaction {
        switch random.below(100) {
        case ..<10: account()
        case ..<28: stream()
        case ..<62: node()
        case ..<85: ledger()
        case ..<98: figures()
        case _:
            .claim(
                Job.allCases[Int(random.below(UInt64(Job.allCases.count)))],
                by: random.below(3), until: now + random.interval(.zero ... .minutes(10)))
        }
    }

    private mutating func account() -> Transaction {
        switch random.below(9) {
        case 0, 1: .addUser(name: name(), PasswordHash("hash-\(random.below(1_000))"))
        case 2: .findUser(name: name())
        case 3: .addKey(user(), label: name(), Scopes(rawValue: UInt8(random.below(8))), digest())
        case 4: .findKey(digest())
        case 5: .keys(user())
        case 6: .revokeKey(KeyID(small(Self.keysDrawn)), by: user())
        case 7: .addFeedback(random.below(2) == 0 ? nil : user(), "It's \"fine\" — 100 %")
        case _: .ping
        }
    }

    private mutating func stream() -> Transaction {
        switch random.below(14) {
        case 0, 1: .addStream(owner: user(), title: "Ünïcode 'quoted'", key: key())
        case 2: .streams(random.below(2) == 0 ? nil : status())
        case 3: .findStream(streamID())
        case 4, 5, 6: move()
        case 7: .removeStream(mortal(), by: user())
        case 8: .replaceKey(streamID(), by: user(), key: key())
        case 9, 10, 11: .openStream(streamID(), key: key())
        case 12: .endStream(streamID())
        case _: .staleStreams
        }
    }

    private mutating func move() -> Transaction {
        let status = status()
        return .moveStream(status == .archived ? mortal() : streamID(), to: status, by: user())
    }

    private mutating func node() -> Transaction {
        switch random.below(20) {
        case 0, 1, 2:
            return .addNode(
                streamID(), key: key(), name: name(),
                NodeAddress(
                    host: "host-\(random.below(9)).example", rtmpPort: UInt16(random.below(65_536)),
                    httpPort: 8_080))
        case 3:
            return .authorizeNode(
                streamID(), nodeID(), allowed: random.below(4) > 0, by: user())
        case 4: return .nodesForStream(streamID())
        case 5: return .peers(streamID())
        case 6: return .activeNodes
        case 7: return .sweepInactive
        case 8, 9, 10:
            return .recordProbe(
                nodeID(), isReachable: random.below(3) > 0, viewers: Int32(random.below(9)))
        case 11, 12, 13, 14: return .recordSpotCheck(nodeID(), passed: random.below(4) > 0)
        case _:
            return .recordHeartbeat(
                Heartbeat(
                    node: nodeID(), stream: streamID(),
                    capacity: random.below(3) == 0
                        ? nil : Share(millionths: random.within(0...1_000_000)),
                    viewers: random.below(3) == 0 ? nil : Int32(random.below(200)),
                    statsURL: "http://host.example/stats?\(random.below(5))"))
        }
    }

    private mutating func ledger() -> Transaction {
        switch random.below(14) {
        case 0, 1, 2: .verifyReports
        case 3: .updateTrust
        case 4, 5: .payHour(now.hoursSinceEpoch - random.within(-1...4))
        case 6: .retain
        case _: .appendLedger(report())
        }
    }

    /// Mostly the minutes since the node's last one; now and then what must be refused.
    private mutating func report() -> BandwidthReport {
        let node = nodeID()
        let index = Int(node.raw) + 1
        var from = max(reportedUntil[index], now - .hours(random.within(0...25)))
        var until = min(from + .minutes(random.within(1...90)), now)
        var bytes = random.within(0...3_000_000_000)
        switch random.below(12) {
        case 0: from = now - .minutes(random.within(0...2_000))
        case 1: until = from + .seconds(random.within(-2...2))
        case 2: until = now + .seconds(random.within(0...120))
        case 3: bytes = random.within(-2...(.max - 2))
        case _: break
        }
        if until > from { reportedUntil[index] = until }
        return BandwidthReport(
            node: node, stream: streamID(), bytes: bytes, from: from, until: until,
            sourceBitrate: Rate.kilobits(random.within(0...9_000)))
    }

    private mutating func figures() -> Transaction {
        switch random.below(7) {
        case 0: .overview
        case 1: .leaderboard
        case 2: .payouts(since: now.hoursSinceEpoch - random.within(-1...3_000))
        case 3, 4: .nodeFigures(nodeID())
        case 5: .economics
        case _: .streamerFigures(user())
        }
    }

    // MARK: Pools

    /// Below the bound, rarely one outside of what exists.
    private mutating func small(_ bound: UInt64) -> Int32 {
        random.below(40) == 0 ? -1 : Int32(random.below(bound))
    }

    private mutating func user() -> UserID { UserID(small(Self.usersDrawn) / 2) }
    /// Streams are few, so that a node's is often guessed.
    private mutating func streamID() -> StreamID {
        random.below(4) == 0 ? StreamID(small(Self.streamsDrawn)) : StreamID(0)
    }
    /// One that may be archived; the first lives for ever, so that its nodes have work.
    private mutating func mortal() -> StreamID {
        StreamID(1 + Int32(random.below(Self.streamsDrawn - 1)))
    }
    private mutating func nodeID() -> NodeID { NodeID(small(Self.nodesDrawn) / 2) }
    private mutating func key() -> UInt64 { random.below(4) == 0 ? .max : 7 }
    private mutating func name() -> String { "name-\(random.below(12))" }
    private mutating func digest() -> SecretDigest {
        let word = random.below(8)
        return SecretDigest(words: [word, .max, 1 << 63, word])
    }
    private mutating func status() -> StreamStatus {
        StreamStatus.allCases[Int(random.below(UInt64(StreamStatus.allCases.count)))]
    }
}
