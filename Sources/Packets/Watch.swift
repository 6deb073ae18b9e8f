import Base
import RTMP

/// A message that was read out of a capture.
public struct CapturedMedia: Sendable, Hashable {
    /// Counts connections from zero in order of their first packet.
    public var connection: Int
    public var side: Side
    public var message: MediaMessage
}

/// The stream bytes that a connection carried each way, each byte once.
public struct Transfer: Sendable, Hashable {
    public var client: Endpoint
    public var server: Endpoint
    public var fromClient: Int64
    public var fromServer: Int64
    /// Bytes of both that the capture has not got; they are counted.
    public var missed: Int64
}

/// What connections share while one of them is handled.
struct WatchContext: Sendable {
    var publications = Publications()
    /// Reused from segment to segment.
    var deliveries: [ByteFlow.Delivery] = []
    var keepsMedia = false
    var media: [CapturedMedia] = []
    /// The connection that is handled: its number, and whether it keeps a series.
    var connection = 0
    var keepsSeries = false
}

/// Reads the truth off the wire: follows the TCP connections in a capture's packets, and the RTMP
/// that they carry.
///
/// Packets come in the order of the capture; a time before the last one counts as the last one.
/// Memory is bounded whatever comes: so many connections, so much waiting in all of them, so many
/// rows. What is beyond a bound is counted and let go.
public struct Watch: Sendable {
    /// Followed at once; beyond, whoever was silent longest makes room.
    static let connectionsMax = 4_096
    /// Held by all connections together.
    static let bytesHeldMax = 256 << 20
    /// Streams that are reported one by one.
    static let streamsMax = 1_024
    /// Connections that are over and whose bytes are remembered.
    static let transfersMax = 65_536
    /// Streams with a series of their own.
    static let seriesMax = 64

    private struct Slot: Sendable {
        var key: Key
        var number: Int
        var connection: Connection
    }

    /// The two ends, the lower one first.
    private struct Key: Sendable, Hashable {
        var low: Endpoint
        var high: Endpoint

        init(_ segment: Segment) {
            let isAscending = segment.source < segment.destination
            low = isAscending ? segment.source : segment.destination
            high = isAscending ? segment.destination : segment.source
        }
    }

    /// How far connections are followed.
    public enum Depth: Sendable, Hashable {
        /// Their bytes are counted.
        case bytes
        /// What they say is read as well.
        case media
    }

    public private(set) var figures = WatchFigures()
    private let depth: Depth
    private var slots: [Slot] = []
    private var places = Lookup<Key, Int>()
    /// The slot of the last segment: the next one is likely to be the same connection's.
    private var lastSlot = 0
    private var hand = 0
    private var finished: [StreamReport] = []
    private var finishedTransfers: [Transfer] = []
    private var clock = SeriesClock()
    private var context = WatchContext()
    private var opened = 0
    private var bytesHeld = 0
    private var now = Instant(nanoseconds: 0)

    public init(_ depth: Depth) { self.depth = depth }

    /// Keeps every message for `takeMedia`; otherwise they are only counted.
    public var keepsMedia: Bool {
        get { context.keepsMedia }
        set { context.keepsMedia = newValue }
    }

    public mutating func takeMedia() -> [CapturedMedia] {
        var taken: [CapturedMedia] = []
        swap(&taken, &context.media)
        return taken
    }

    // MARK: Packets

    public mutating func receive(_ packet: CapturedPacket, in bytes: Span<UInt8>) {
        now = max(now, packet.at)
        figures.first = figures.first ?? now
        figures.last = now
        figures.packets += 1
        figures.bytes += Int64(packet.length)
        switch Dissection(bytes, packet.bytes, length: packet.length, link: packet.link) {
        case .segment(let segment): receive(segment, bytes)
        case .fragment: figures.fragments += 1
        case .other: figures.otherPackets += 1
        case .malformed: figures.malformed += 1
        }
    }

    private mutating func receive(_ segment: Segment, _ bytes: Span<UInt8>) {
        if segment.payload.count < segment.length { figures.cutShort += 1 }
        guard let slot = slot(for: segment) else { return }
        let row = row()
        context.connection = slots[slot].number
        context.keepsSeries = slots[slot].number < Self.seriesMax
        let before = slots[slot].connection.bytesHeld
        slots[slot].connection.receive(segment, bytes, at: now, row: row, &context)
        bytesHeld += slots[slot].connection.bytesHeld - before
        if bytesHeld > Self.bytesHeldMax { letGo(slot) }
    }

    private mutating func row() -> Int {
        let (row, folds) = clock.row(at: now)
        for _ in 0..<folds {
            for index in slots.indices { slots[index].connection.fold() }
            for index in finished.indices { finished[index].fold() }
        }
        return row
    }

    /// The connection that asked for what there is no room for gives up all it holds.
    private mutating func letGo(_ slot: Int) {
        let before = slots[slot].connection.bytesHeld
        slots[slot].connection.giveUp()
        bytesHeld += slots[slot].connection.bytesHeld - before
        figures.letGo += 1
    }

    // MARK: Connections

    /// Where the segment's connection is; nil for the rest of one that is not followed.
    private mutating func slot(for segment: Segment) -> Int? {
        let key = Key(segment)
        var found: Int?
        if lastSlot < slots.count, slots[lastSlot].key == key {
            found = lastSlot
        } else {
            found = places[key]
        }
        if let slot = found, slots[slot].connection.isOver(by: segment) {
            retire(slot)
            open(segment, key, in: slot)
        }
        if found == nil {
            guard segment.length > 0 || segment.flags.contains(.syn) else { return nil }
            found = room()
            if let slot = found { open(segment, key, in: slot) }
        }
        if let found { lastSlot = found }
        return found
    }

    private mutating func open(_ segment: Segment, _ key: Key, in slot: Int) {
        let fresh = Slot(key: key, number: opened, connection: Connection(segment, depth, at: now))
        opened += 1
        figures.connections += 1
        if slot == slots.count { slots.append(fresh) } else { slots[slot] = fresh }
        places[key] = slot
    }

    /// A slot for another connection: a new one, or that of the first which was not heard of
    /// since the hand last passed.
    private mutating func room() -> Int {
        guard slots.count == Self.connectionsMax else { return slots.count }
        while slots[hand].connection.isRecent, !slots[hand].connection.isClosed {
            slots[hand].connection.isRecent = false
            hand = (hand + 1) % slots.count
        }
        let slot = hand
        hand = (hand + 1) % slots.count
        if !slots[slot].connection.isClosed { figures.evicted += 1 }
        retire(slot)
        places[slots[slot].key] = nil
        return slot
    }

    /// Ends a connection and keeps what is to be reported of it.
    private mutating func retire(_ slot: Int) {
        let row = row()
        context.connection = slots[slot].number
        context.keepsSeries = slots[slot].number < Self.seriesMax
        bytesHeld -= slots[slot].connection.bytesHeld
        slots[slot].connection.finish(at: now, row: row, &context)
        if finishedTransfers.count < Self.transfersMax {
            finishedTransfers.append(slots[slot].connection.transfer)
        }
        let report = StreamReport(slots[slot].connection, number: slots[slot].number)
        if report.isStream, finished.count < Self.streamsMax {
            finished.append(report)
        } else {
            figures.add(rest: report)
        }
    }

    /// Counts what the capture says that it dropped.
    public mutating func noteDrops(_ count: Int64) { figures.dropped = count }

    /// Nothing more will come.
    public mutating func finish() {
        for slot in slots.indices {
            retire(slot)
            places[slots[slot].key] = nil
        }
        slots = []
        bytesHeld = 0
    }

    /// The bytes of each connection, those that are over first.
    public func transfers() -> [Transfer] { finishedTransfers + slots.map(\.connection.transfer) }

    /// All streams, in the order in which their connections began.
    public func report() -> WatchReport {
        var report = WatchReport(
            figures: figures, streams: finished, start: clock.start ?? now, step: clock.step,
            rows: figures.first == nil
                ? 0
                : Int(
                    (now - (clock.start ?? now)).nanoseconds
                        / clock.step.nanoseconds) + 1)
        for slot in slots {
            let stream = StreamReport(slot.connection, number: slot.number)
            if stream.isStream, report.streams.count < Self.streamsMax {
                report.streams.append(stream)
            } else {
                report.figures.add(rest: stream)
            }
        }
        report.streams.sort { $0.number < $1.number }
        return report
    }
}
