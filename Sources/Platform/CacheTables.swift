import Base

/// The cache's keys as the platform uses them: `stream:{id}:nodes`, `stream:{id}:viewers`.
///
/// Memory is counted the way Redis' `used_memory` grows: a fixed start, an entry of a hash, and
/// its field and value. The hashes have no expiry of their own, so nothing evicts them under
/// `volatile-lru`, and writes fail when they alone fill the memory.
public struct CacheTables: Sendable {
    /// Redis 7 with nothing in it, and what a hash field with a JSON value of a node costs
    /// (dictEntry 24, sds headers, 200 bytes of JSON, allocator rounding).
    static let usedEmpty: Int64 = 1_000_000
    static let usedPerNode: Int64 = 320
    static let usedPerViewer: Int64 = 144
    static let viewerExpiry = Interval.hours(1)
    public static let viewersMax = 1_000_000

    private var rows: [[NodeRow]]
    /// When the kept choices for viewers expire, ascending.
    private var viewersExpire: [Instant] = []
    private var viewersGone = 0
    public let memoryMax: Int64

    public init(streams: Int, memoryMax: Int64) {
        rows = [[NodeRow]](repeating: [], count: streams)
        self.memoryMax = memoryMax
    }

    public var used: Int64 {
        var nodes = 0
        for row in rows { nodes += row.count }
        return Self.usedEmpty + Int64(nodes) * Self.usedPerNode
            + Int64(viewersExpire.count - viewersGone) * Self.usedPerViewer
    }

    public mutating func execute(_ command: CacheCommand, at now: Instant) -> CacheAnswer {
        switch command {
        case .ping: return .done
        case .putNode(let row): return put(row)
        case .nodes(let stream):
            let index = Int(stream.raw)
            return .nodes(rows.indices.contains(index) ? rows[index] : [])
        case .putViewer: return putViewer(now)
        case .sweep(let before):
            for index in rows.indices { rows[index].removeAll { $0.heartbeatAt < before } }
            return .done
        }
    }

    /// A restart: everything is gone.
    public mutating func flush() {
        for index in rows.indices { rows[index].removeAll() }
        viewersExpire.removeAll()
        viewersGone = 0
    }

    private mutating func put(_ row: NodeRow) -> CacheAnswer {
        let stream = Int(row.stream.raw)
        guard rows.indices.contains(stream) else { return .done }
        for index in rows[stream].indices where rows[stream][index].node == row.node {
            rows[stream][index] = row
            return .done
        }
        guard used + Self.usedPerNode <= memoryMax else { return .outOfMemory }
        rows[stream].append(row)
        return .done
    }

    private mutating func putViewer(_ now: Instant) -> CacheAnswer {
        while viewersGone < viewersExpire.count && viewersExpire[viewersGone] <= now {
            viewersGone += 1
        }
        if viewersGone > 1_024 {
            viewersExpire.removeFirst(viewersGone)
            viewersGone = 0
        }
        guard used + Self.usedPerViewer <= memoryMax, viewersExpire.count < Self.viewersMax
        else { return .outOfMemory }
        viewersExpire.append(now + Self.viewerExpiry)
        return .done
    }
}
