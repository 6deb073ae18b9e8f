import Base
import Media
import RTMP

/// The recent past of one stream, in batches: the cache that new players begin from and the
/// queue of every player at once.
///
/// A player is a position in it. One that is slow falls behind; one that is too far behind moves to
/// a later key frame. So a thousand queues cost no more memory than the longest of them.
struct StreamLog: Sendable {
    /// The stream's number in its server.
    let stream: UInt64
    /// Sealed batches, oldest first, without gaps in their sequence.
    private(set) var batches: [Batch] = []
    private(set) var open: Batch?
    /// Of the next batch to be opened.
    private(set) var nextSequence: Int64 = 0
    /// Bytes ever appended.
    private(set) var end: Int64 = 0
    /// The newest batch that a player may begin with; sealed or open.
    private(set) var newestStart: Int64?
    private var counts = MediaCounts()
    private var lastTime = Timestamp.zero

    /// A batch is sealed at this length, so that players never wait for a huge one.
    static let batchLengthMax = 512 << 10

    init(stream: UInt64) { self.stream = stream }

    var isEmpty: Bool { batches.isEmpty && open == nil }
    var firstSequence: Int64 { batches.first?.sequence ?? open?.sequence ?? nextSequence }
    /// One more than the last sealed batch.
    var sealedEnd: Int64 { open?.sequence ?? nextSequence }
    var bytesKept: Int64 { end - (batches.first?.start ?? open?.start ?? end) }
    /// Messages up to the last sealed batch.
    var sealedCounts: MediaCounts { open?.before ?? counts }

    subscript(sequence: Int64) -> Batch {
        _read { yield batches[Int(sequence - batches[0].sequence)] }
        _modify { yield &batches[Int(sequence - batches[0].sequence)] }
    }

    /// Appends a message; `headers` says that a player may begin with it.
    mutating func append(_ message: EncodedMessage, headers: StreamHeaders?) {
        if headers != nil { seal() }
        if open == nil {
            open = Batch(
                stream: stream, sequence: nextSequence, start: end, before: counts, headers: headers
            )
            if headers != nil { newestStart = nextSequence }
            nextSequence += 1
        }
        open?.append(message)
        end += Int64(message.bytes.count)
        counts.count(message.kind)
        lastTime = message.timestamp
        if let open, open.bytes.count >= Self.batchLengthMax { seal() }
        check(open.map { $0.end == end } ?? true, "bytes that no batch has")
    }

    mutating func seal() {
        guard var batch = open, !batch.isEmpty else { return }
        open = nil
        batch.seal()
        batches.append(batch)
    }

    /// The newest sealed batch, at or after `sequence`, that a player may begin with.
    func start(from sequence: Int64) -> Int64? {
        guard newestStart.map({ $0 >= sequence }) ?? false else { return nil }
        for batch in batches.reversed() {
            guard batch.sequence >= sequence else { return nil }
            if batch.headers != nil { return batch.sequence }
        }
        return nil
    }

    /// How far a player at `sequence` is behind.
    func lag(at sequence: Int64) -> (bytes: Int64, time: Interval) {
        guard sequence < sealedEnd, sequence >= firstSequence else { return (0, .zero) }
        let batch = self[sequence]
        let time = lastTime.milliseconds - batch.firstTime.milliseconds
        return (end - batch.start, .milliseconds(max(time, 0)))
    }

    /// Forgets what is before both `position`, where the slowest player is, and the newest start;
    /// and whatever exceeds `bytesMax`.
    mutating func trim(before position: Int64, keepsStart: Bool, bytesMax: Int64) {
        var keep = min(position, sealedEnd)
        if keepsStart, let newestStart { keep = min(keep, newestStart) }
        var count = 0
        var kept = bytesKept
        for batch in batches {
            guard batch.sequence < keep || kept > bytesMax else { break }
            kept -= Int64(batch.bytes.count)
            count += 1
        }
        guard count > 0 else { return }
        batches.removeFirst(count)
        if let newestStart, newestStart < firstSequence { self.newestStart = nil }
    }

    /// Nobody may begin with what was published before.
    mutating func restart() {
        seal()
        newestStart = nil
        batches.removeAll()
    }
}
