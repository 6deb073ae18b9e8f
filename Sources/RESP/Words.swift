/// A word of a command or a part of a value, in the bytes it arrived in.
public typealias Word = ArraySlice<UInt8>

/// One command as it came: its words are ranges of the bytes they arrived in, so reading a command
/// copies nothing.
@frozen
public struct Words: Sendable {
    @usableFromInline var bytes: [UInt8]
    @usableFromInline var ranges: [Range<Int>]

    @inlinable init() {
        bytes = []
        ranges = []
    }

    public init(_ words: [[UInt8]]) {
        self.init()
        for word in words {
            ranges.append(bytes.count..<bytes.count + word.count)
            bytes += word
        }
    }

    @inlinable public var count: Int { ranges.count }
    @inlinable public var isEmpty: Bool { ranges.isEmpty }

    @inlinable public subscript(index: Int) -> Word { bytes[ranges[index]] }

    /// The same words in bytes of their own, to be kept while the connection goes on.
    public var kept: Words {
        var result = Words()
        result.bytes.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
        for range in ranges {
            let start = result.bytes.count
            result.bytes += bytes[range]
            result.ranges.append(start..<result.bytes.count)
        }
        return result
    }

    /// What `kept` words occupy.
    public var byteCount: Int { bytes.count + ranges.count * 16 }
}
