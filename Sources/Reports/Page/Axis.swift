import Base

/// The upright axis of a chart: from a round value below the data to one above it.
struct ValueAxis {
    var lowest: Fixed
    var highest: Fixed
    var ticks: [Fixed]

    /// An axis from zero unless there are values below it; three to six ticks.
    init(least: Fixed, most: Fixed) {
        let low = min(least.millionths, 0)
        let high = max(most.millionths, low + 1)
        let step = Self.step(high - low)
        let first = Self.floor(low, step)
        var ticks: [Fixed] = []
        var tick = first
        while tick < high {
            ticks.append(Fixed(clamping: tick))
            tick += step
        }
        ticks.append(Fixed(clamping: tick))
        self.ticks = ticks
        lowest = ticks[0]
        highest = ticks[ticks.count - 1]
        check(highest > lowest, "an axis without a length")
    }

    /// How far up a value is, in `units` from the bottom.
    func height(_ value: Fixed, units: Int64) -> Int64 {
        let span = highest.millionths - lowest.millionths
        let above = value.millionths - lowest.millionths
        return Int64((above * Int128(units)).dividedHalfEven(by: span))
    }

    /// The least of 1, 2, 5 × 10ⁿ of which at most five cover `span`.
    private static func step(_ span: Int128) -> Int128 {
        var decade: Int128 = 1
        while true {
            for factor in [1, 2, 5] as [Int128] where decade * factor * 5 >= span {
                return decade * factor
            }
            decade *= 10
        }
    }

    private static func floor(_ value: Int128, _ step: Int128) -> Int128 {
        let quotient = value / step
        return (value % step < 0 ? quotient - 1 : quotient) * step
    }
}

/// The level axis of a chart: simulated time in UTC.
struct TimeAxis {
    var from: Instant
    var until: Instant
    var ticks: [Tick]

    struct Tick {
        var at: Instant
        var label: String
    }

    private static let ticksMax: Int64 = 8
    private static let steps: [Interval] = [
        .seconds(1), .seconds(5), .seconds(15), .minutes(1), .minutes(5), .minutes(15),
        .hours(1), .hours(3), .hours(6), .hours(12), .days(1), .days(2), .days(5), .days(10),
        .days(30), .days(90), .days(365), .days(3_650),
    ]

    init(from: Instant, until: Instant) {
        check(until > from, "a time axis without a length")
        self.from = from
        self.until = until
        let length = (until - from).nanoseconds
        let step =
            Self.steps.first { length / $0.nanoseconds < Self.ticksMax } ?? .days(36_500)
        // Days are counted from the first midnight, hours from the midnight before the start.
        let day = Interval.days(1).nanoseconds
        var at = Instant(nanoseconds: from.nanoseconds / day * day)
        if step >= .days(1) && at < from { at += .days(1) }
        while at < from { at += step }
        ticks = []
        while at <= until {
            ticks.append(Tick(at: at, label: Self.label(at, step)))
            at += step
        }
    }

    /// How far right an instant is, in `units`, held inside the axis.
    func offset(_ instant: Instant, units: Int64) -> Int64 {
        let inside = min(max(instant, from), until)
        return multiplyDivide((inside - from).nanoseconds, units, (until - from).nanoseconds)
    }

    private static func label(_ at: Instant, _ step: Interval) -> String {
        let civil = CivilTime(at)
        if step < .minutes(1) { return civil.timeText }
        guard step >= .days(1) || civil.hour == 0 && civil.minute == 0 else {
            return String(civil.timeText.dropLast(3))
        }
        return "\(months[civil.month - 1]) \(civil.day)"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
