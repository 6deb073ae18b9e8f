/// Reads commands from a client: arrays of bulk strings, or lines of words.
///
/// Bytes may arrive in any pieces. Call `next()` until it is false before the next `receive`; each
/// time it is true, `words` is a command, which may be empty. After an error the connection must be
/// closed. No byte is looked at twice for want of the next.
public struct RequestReader: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Redis took as many before 7.0, which takes what memory has.
        public var wordsMax = 1 << 20
        /// `proto-max-bulk-len`.
        public var wordLengthMax = 512 << 20
        /// Of an inline command, and of a line that tells a number (PROTO_INLINE_MAX_SIZE).
        public var lineMax = 64 << 10
        /// Before a client told its password.
        public var isAuthenticated = true
        static let unauthenticatedWords = 10
        static let unauthenticatedLength = 16_384

        public init() {}
    }

    public var limits: Limits
    /// The command that `next` found.
    public private(set) var words = Words()
    /// Where the current command begins. Invariant: start <= cursor <= words.bytes.count.
    private var start = 0
    private var cursor = 0
    /// No line ends between `cursor` and here.
    private var scanned = 0
    /// Words of the current command that have not come.
    private var remaining = 0
    /// Of the word that comes now; nil while its length has not come.
    private var length: Int?

    /// More room than this is given back when it is empty.
    private static let keptRoom = 64 << 10

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Bytes that wait for the rest of their command, or for their turn.
    public var waiting: Int { words.bytes.count - start }

    public mutating func receive(_ bytes: Span<UInt8>) {
        compact()
        bytes.withUnsafeBufferPointer { words.bytes.append(contentsOf: $0) }
    }

    private mutating func compact() {
        guard start > 0 else { return }
        if start == words.bytes.count {
            words.bytes.removeAll(keepingCapacity: words.bytes.capacity <= Self.keptRoom)
            words.ranges.removeAll(keepingCapacity: words.ranges.capacity <= Self.keptRoom)
        } else {
            words.bytes.removeFirst(start)
            if remaining > 0 {
                for index in words.ranges.indices {
                    let range = words.ranges[index]
                    words.ranges[index] = range.lowerBound - start..<range.upperBound - start
                }
            } else {
                words.ranges.removeAll(keepingCapacity: true)
            }
        }
        cursor -= start
        scanned = max(scanned - start, 0)
        start = 0
    }

    /// True when `words` holds the next command.
    public mutating func next() throws(RESPError) -> Bool {
        if remaining == 0 {
            start = cursor
            words.ranges.removeAll(keepingCapacity: true)
            guard cursor < words.bytes.count else { return false }
            guard words.bytes[cursor] == UInt8(ascii: "*") else { return try nextLine() }
            guard try readCount() else { return false }
        }
        while remaining > 0 {
            guard try readWord() else { return false }
        }
        start = cursor
        return true
    }

    private mutating func readCount() throws(RESPError) -> Bool {
        guard let end = find(UInt8(ascii: "\r"), after: 1) else {
            guard words.bytes.count - cursor <= limits.lineMax else { throw .countTooLong }
            return false
        }
        guard let count = Decimal.parse(words.bytes[cursor + 1..<end]), count <= limits.wordsMax
        else { throw .badCount }
        guard limits.isAuthenticated || count <= Limits.unauthenticatedWords else {
            throw .unauthenticatedCount
        }
        cursor = end + 2
        remaining = max(Int(count), 0)
        return true
    }

    private mutating func readWord() throws(RESPError) -> Bool {
        if length == nil {
            guard let end = find(UInt8(ascii: "\r"), after: 0) else {
                guard words.bytes.count - cursor <= limits.lineMax else { throw .lengthTooLong }
                return false
            }
            guard words.bytes[cursor] == UInt8(ascii: "$") else {
                throw .expectedLength(found: words.bytes[cursor])
            }
            guard let number = Decimal.parse(words.bytes[cursor + 1..<end]),
                (0...Int64(limits.wordLengthMax)).contains(number)
            else { throw .badLength }
            guard limits.isAuthenticated || number <= Limits.unauthenticatedLength else {
                throw .unauthenticatedLength
            }
            cursor = end + 2
            length = Int(number)
        }
        guard let count = length, words.bytes.count - cursor >= count + 2 else { return false }
        words.ranges.append(cursor..<cursor + count)
        cursor += count + 2
        length = nil
        remaining -= 1
        return true
    }

    /// Where the byte is, with one more behind it; the bytes before are looked at once.
    private mutating func find(_ byte: UInt8, after skip: Int) -> Int? {
        var place = max(cursor + skip, scanned)
        let count = words.bytes.count
        words.bytes.withUnsafeBufferPointer { bytes in
            while place < count - 1, bytes[place] != byte { place += 1 }
        }
        guard place < count - 1 else {
            scanned = place
            return nil
        }
        scanned = 0
        return place
    }

    // MARK: Lines

    private mutating func nextLine() throws(RESPError) -> Bool {
        var end = max(cursor, scanned)
        while end < words.bytes.count, words.bytes[end] != UInt8(ascii: "\n") { end += 1 }
        guard end < words.bytes.count else {
            scanned = end
            guard end - cursor <= limits.lineMax else { throw .inlineTooLong }
            return false
        }
        scanned = 0
        let next = end + 1
        if end > cursor, words.bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard InlineWords.split(&words.bytes, cursor..<end, into: &words.ranges) else {
            throw .unbalancedQuotes
        }
        cursor = next
        start = next
        return true
    }
}
