/// A reply, as a client sees it.
public enum RESPReply: Sendable, Hashable {
    case simple([UInt8])
    case error([UInt8])
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([RESPReply])
}

/// Reads replies from a server, RESP2.
///
/// Bytes may arrive in any pieces. Call `next()` until it is nil before the next `receive`; after
/// an error the connection must be closed.
public struct ReplyReader: Sendable {
    /// `proto-max-bulk-len`.
    public static let lengthMax = 512 << 20
    public static let countMax = 1 << 20
    public static let depthMax = 8
    public static let lineMax = 64 << 10

    private struct Level {
        var remaining: Int
        var replies: [RESPReply]
    }

    private var inbox: [UInt8] = []
    private var cursor = 0
    /// No line ends between `cursor` and here.
    private var scanned = 0
    /// Of the bulk string that comes now.
    private var length: Int?
    private var levels: [Level] = []

    public init() {}

    public mutating func receive(_ bytes: Span<UInt8>) {
        if cursor > 0 {
            inbox.removeFirst(cursor)
            scanned = max(scanned - cursor, 0)
            cursor = 0
        }
        bytes.withUnsafeBufferPointer { inbox.append(contentsOf: $0) }
    }

    public mutating func next() throws(RESPError) -> RESPReply? {
        while let reply = try nextElement() {
            guard let whole = close(with: reply) else { continue }
            return whole
        }
        return nil
    }

    /// Puts a reply into the array that it belongs to; what is whole then, if anything.
    private mutating func close(with reply: RESPReply) -> RESPReply? {
        var whole = reply
        while let last = levels.indices.last {
            levels[last].replies.append(whole)
            levels[last].remaining -= 1
            guard levels[last].remaining == 0 else { return nil }
            whole = .array(levels.removeLast().replies)
        }
        return whole
    }

    /// The next reply that is not the beginning of an array.
    private mutating func nextElement() throws(RESPError) -> RESPReply? {
        while true {
            if let length { return takeBulk(length) }
            guard let line = try takeLine() else { return nil }
            guard let type = line.first else { throw .badReply }
            let rest = line.dropFirst()
            switch type {
            case UInt8(ascii: "+"): return .simple([UInt8](rest))
            case UInt8(ascii: "-"): return .error([UInt8](rest))
            case UInt8(ascii: ":"):
                guard let number = Decimal.parse(rest) else { throw .badReply }
                return .integer(number)
            case UInt8(ascii: "$"):
                guard let count = try number(rest, max: Self.lengthMax) else { return .null }
                length = count
            case UInt8(ascii: "*"):
                guard let count = try number(rest, max: Self.countMax) else { return .null }
                guard count > 0 else { return .array([]) }
                guard levels.count < Self.depthMax else { throw .badReply }
                levels.append(Level(remaining: count, replies: []))
            case _: throw .badReply
            }
        }
    }

    private func number(_ word: Word, max: Int) throws(RESPError) -> Int? {
        guard let number = Decimal.parse(word), (-1...Int64(max)).contains(number) else {
            throw .badReply
        }
        return number < 0 ? nil : Int(number)
    }

    private mutating func takeBulk(_ count: Int) -> RESPReply? {
        guard inbox.count - cursor >= count + 2 else { return nil }
        let reply = RESPReply.bulk([UInt8](inbox[cursor..<cursor + count]))
        cursor += count + 2
        length = nil
        return reply
    }

    private mutating func takeLine() throws(RESPError) -> Word? {
        var end = max(cursor, scanned)
        while end < inbox.count, inbox[end] != UInt8(ascii: "\n") { end += 1 }
        guard end - cursor <= Self.lineMax else { throw .badReply }
        guard end < inbox.count else {
            scanned = end
            return nil
        }
        guard end > cursor, inbox[end - 1] == UInt8(ascii: "\r") else { throw .badReply }
        let line = inbox[cursor..<end - 1]
        cursor = end + 1
        scanned = 0
        return line
    }
}
