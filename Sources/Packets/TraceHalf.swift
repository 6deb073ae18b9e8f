import RTMP

/// What one side of a connection says, as far as whole messages.
///
/// Where a part is missing or breaks the protocol, it is searched for the next message.
struct TraceHalf: Sendable {
    private enum Phase { case start, handshake(left: Int), chunks, search, foreign }

    private var phase = Phase.start
    private var reader = ChunkReader(limits: RTMPTrace.limits)
    private var sync = ChunkSync()
    private var isResumed = false
    /// For the times of the messages, which begin anew after a search.
    var unwrapper = TimestampUnwrapper()
    private(set) var errors: Int64 = 0
    private(set) var unreadBytes: Int64 = 0

    /// Version, then two packets: what each side sends before its first chunk.
    private static let handshakeLength = 1 + 2 * Handshake.packetLength
    /// Bytes that are searched before a connection is held for something else.
    private static let searchMax = 4 << 20

    var bytesHeld: Int { reader.bytesWaiting + reader.bytesAssembled + sync.bytesHeld }

    var isAtStart: Bool {
        if case .start = phase { return true }
        return false
    }

    /// `isRTMP` says whether the connection is known to be, so that a search need not end.
    mutating func receive(_ bytes: Span<UInt8>, isRTMP: Bool) {
        var rest = 0..<bytes.count
        while !rest.isEmpty {
            switch phase {
            case .start:
                phase =
                    bytes[0] == Handshake.version
                    ? .handshake(left: Self.handshakeLength) : .foreign
            case .handshake(let left):
                let taken = min(left, rest.count)
                rest = rest.dropFirst(taken)
                phase = taken == left ? .chunks : .handshake(left: left - taken)
            case .chunks:
                reader.receive(bytes.extracting(rest))
                return
            case .search:
                search(bytes.extracting(rest), isRTMP: isRTMP)
                return
            case .foreign:
                return
            }
        }
    }

    /// The next `count` bytes are missing; what they were in the handshake means nothing.
    mutating func miss(_ count: Int64) {
        switch phase {
        case .handshake(let left) where count < left:
            phase = .handshake(left: left - Int(count))
        case .start, .handshake, .chunks, .search: lose()
        case .foreign: break
        }
    }

    mutating func next() -> Message? {
        guard case .chunks = phase else { return nil }
        do throws(RTMPError) {
            return try reader.next()
        } catch {
            errors += 1
            lose()
            return nil
        }
    }

    /// Whether the next message is the first after a search; asked once.
    mutating func takeResumed() -> Bool {
        defer { isResumed = false }
        return isResumed
    }

    mutating func giveUp() {
        guard bytesHeld > 0 else { return }
        reader = ChunkReader(limits: RTMPTrace.limits)
        lose()
    }

    private mutating func lose() {
        sync = ChunkSync()
        phase = .search
    }

    private mutating func search(_ bytes: Span<UInt8>, isRTMP: Bool) {
        sync.receive(bytes)
        unreadBytes += Int64(bytes.count)
        if let found = sync.find(after: reader) {
            unreadBytes -= Int64(found.bytes)
            reader = found.reader
            unwrapper = TimestampUnwrapper()
            sync = ChunkSync()
            phase = .chunks
            isResumed = true
        } else if !isRTMP, sync.searched > Self.searchMax {
            sync = ChunkSync()
            phase = .foreign
        }
    }
}
