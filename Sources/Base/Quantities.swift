/// A data rate in whole bits per second.
@frozen
public struct Rate: Sendable, Hashable, Comparable {
    public var bitsPerSecond: Int64

    @inlinable public init(bitsPerSecond: Int64) { self.bitsPerSecond = bitsPerSecond }
    @inlinable public static func megabits(_ count: Int64) -> Rate {
        Rate(bitsPerSecond: count * 1_000_000)
    }
    @inlinable public static func kilobits(_ count: Int64) -> Rate {
        Rate(bitsPerSecond: count * 1_000)
    }

    /// Whole bytes per second, rounded down.
    @inlinable public var bytesPerSecond: Int64 { bitsPerSecond / 8 }

    @inlinable public static func < (a: Rate, b: Rate) -> Bool {
        a.bitsPerSecond < b.bitsPerSecond
    }
}

/// A number of bytes.
@frozen
public struct ByteCount: Sendable, Hashable, Comparable {
    public var bytes: Int64

    @inlinable public init(bytes: Int64) { self.bytes = bytes }
    @inlinable public static func gibibytes(_ count: Int64) -> ByteCount {
        ByteCount(bytes: count << 30)
    }
    @inlinable public static func mebibytes(_ count: Int64) -> ByteCount {
        ByteCount(bytes: count << 20)
    }

    @inlinable public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
}

/// A share of a whole, or any other plain ratio, in millionths.
@frozen
public struct Share: Sendable, Hashable, Comparable {
    public var millionths: Int64

    @inlinable public init(millionths: Int64) { self.millionths = millionths }
    @inlinable public static func percent(_ count: Int64) -> Share {
        Share(millionths: count * 10_000)
    }

    public static let zero = Share(millionths: 0)
    public static let whole = Share(millionths: 1_000_000)

    /// This share of `amount`, rounded toward zero.
    @inlinable public func of(_ amount: Int64) -> Int64 {
        multiplyDivide(amount, millionths, 1_000_000)
    }

    @inlinable public static func < (a: Share, b: Share) -> Bool {
        a.millionths < b.millionths
    }
}
