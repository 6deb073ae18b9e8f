/// A reply, as a client sees it.
public enum RESPReply: Sendable, Hashable {
    case simple([UInt8])
    case error([UInt8])
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([RESPReply])
    /// RESP3: keys, each before its value.
    case map([RESPReply])
    case set([RESPReply])
    /// RESP3: what belongs to no command.
    case push([RESPReply])
    /// RESP3: a number's text.
    case double([UInt8])
    /// RESP3: a text for people, behind its kind and a colon.
    case verbatim([UInt8])
}

/// Reads replies from a server, in RESP2 and what Redis sends of RESP3.
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
        var type: UInt8
        var remaining: Int
        var replies: [RESPReply]
    }

    private var inbox: [UInt8] = []
    private var cursor = 0
    /// No line ends between `cursor` and here.
    private var scanned = 0
    /// Type and length of the string that comes now.
    private var bulk: (type: UInt8, length: Int)?
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
            let level = levels.removeLast()
            whole = Self.aggregate(level.type, level.replies)
        }
        return whole
    }

    private static func aggregate(_ type: UInt8, _ replies: [RESPReply]) -> RESPReply {
        switch type {
        case UInt8(ascii: "%"): .map(replies)
        case UInt8(ascii: "~"): .set(replies)
        case UInt8(ascii: ">"): .push(replies)
        case _: .array(replies)
        }
    }

    /// The next reply that is not the beginning of an array.
    private mutating func nextElement() throws(RESPError) -> RESPReply? {
        while true {
            if let bulk { return takeBulk(bulk) }
            guard let line = try takeLine() else { return nil }
            guard let type = line.first else { throw .badReply }
            let rest = line.dropFirst()
            switch type {
            case UInt8(ascii: "+"): return .simple([UInt8](rest))
            case UInt8(ascii: "-"): return .error([UInt8](rest))
            case UInt8(ascii: ":"):
                guard let number = Decimal.parse(rest) else { throw .badReply }
                return .integer(number)
            case UInt8(ascii: "_"): return .null
            case UInt8(ascii: ","): return .double([UInt8](rest))
            case UInt8(ascii: "$"), UInt8(ascii: "="):
                guard let length = try number(rest, max: Self.lengthMax) else { return .null }
                bulk = (type, length)
            case UInt8(ascii: "*"), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: ">"):
                guard let count = try number(rest, max: Self.countMax) else { return .null }
                guard count > 0 else { return Self.aggregate(type, []) }
                guard levels.count < Self.depthMax else { throw .badReply }
                let remaining = type == UInt8(ascii: "%") ? count * 2 : count
                levels.append(Level(type: type, remaining: remaining, replies: []))
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

    private mutating func takeBulk(_ bulk: (type: UInt8, length: Int)) -> RESPReply? {
        guard inbox.count - cursor >= bulk.length + 2 else { return nil }
        let text = [UInt8](inbox[cursor..<cursor + bulk.length])
        cursor += bulk.length + 2
        self.bulk = nil
        return bulk.type == UInt8(ascii: "=") ? .verbatim(text) : .bulk(text)
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
