/// A point in time: whole nanoseconds since 1970-01-01T00:00:00Z.
///
/// Sixty-three bits reach the year 2262. Only a driver makes one from a clock; a program takes
/// the `now` it is told.
@frozen
public struct Instant: Sendable, Hashable, Comparable {
    public var nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static var distantFuture: Instant { Instant(nanoseconds: .max) }

    @inlinable public static func < (a: Instant, b: Instant) -> Bool {
        a.nanoseconds < b.nanoseconds
    }
    @inlinable public static func + (a: Instant, b: Interval) -> Instant {
        Instant(nanoseconds: a.nanoseconds + b.nanoseconds)
    }
    @inlinable public static func - (a: Instant, b: Interval) -> Instant {
        Instant(nanoseconds: a.nanoseconds - b.nanoseconds)
    }
    @inlinable public static func - (a: Instant, b: Instant) -> Interval {
        Interval(nanoseconds: a.nanoseconds - b.nanoseconds)
    }
    @inlinable public static func += (a: inout Instant, b: Interval) { a = a + b }
}

/// A length of time in whole nanoseconds; may be negative as the result of a subtraction.
@frozen
public struct Interval: Sendable, Hashable, Comparable {
    public var nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static var zero: Interval { Interval(nanoseconds: 0) }

    @inlinable public static func milliseconds(_ count: Int64) -> Interval {
        Interval(nanoseconds: count * 1_000_000)
    }
    @inlinable public static func seconds(_ count: Int64) -> Interval {
        Interval(nanoseconds: count * 1_000_000_000)
    }
    @inlinable public static func minutes(_ count: Int64) -> Interval { .seconds(count * 60) }
    @inlinable public static func hours(_ count: Int64) -> Interval { .seconds(count * 3_600) }
    @inlinable public static func days(_ count: Int64) -> Interval { .seconds(count * 86_400) }

    /// Whole seconds, rounded toward zero.
    @inlinable public var wholeSeconds: Int64 { nanoseconds / 1_000_000_000 }

    @inlinable public static func < (a: Interval, b: Interval) -> Bool {
        a.nanoseconds < b.nanoseconds
    }
    @inlinable public static func + (a: Interval, b: Interval) -> Interval {
        Interval(nanoseconds: a.nanoseconds + b.nanoseconds)
    }
    @inlinable public static func - (a: Interval, b: Interval) -> Interval {
        Interval(nanoseconds: a.nanoseconds - b.nanoseconds)
    }
    @inlinable public static func * (a: Interval, b: Int64) -> Interval {
        Interval(nanoseconds: a.nanoseconds * b)
    }
    @inlinable public static func += (a: inout Interval, b: Interval) { a = a + b }
    @inlinable public static func -= (a: inout Interval, b: Interval) { a = a - b }
}
