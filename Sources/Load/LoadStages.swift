import Base
import Reports

/// A number that goes in straight lines from one value to the next, from zero: as k6's stages do.
public struct LoadStages: Sendable, Hashable {
    public struct Stage: Sendable, Hashable {
        public var length: Interval
        /// At its end.
        public var value: Fixed
    }

    /// When one of a changing number of people is there; nil is to the end.
    struct Stay: Sendable, Hashable {
        var from: Interval
        var until: Interval?
    }

    public let stages: [Stage]
    private static let countMax = 1_000
    private static let valueMax = Fixed(100_000)

    /// `30s:10,1m:50`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        var stages: [Stage] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            guard words.count == 2, let length = Interval(brief: words[0]),
                let value = Fixed(decimal: words[1]), value >= .zero, value <= Self.valueMax
            else { return nil }
            stages.append(Stage(length: length, value: value))
        }
        guard !stages.isEmpty, stages.count <= Self.countMax else { return nil }
        self.stages = stages
    }

    public var length: Interval { stages.reduce(.zero) { $0 + $1.length } }
    public var most: Fixed { stages.map(\.value).max() ?? .zero }
    /// Whole ones, at once.
    public var peopleMost: Int { Int(most.millionths / 1_000_000) }

    /// How many people come in all, however many go meanwhile.
    var comers: Int {
        var (sum, before) = (0, 0)
        for stage in stages {
            let now = Int(stage.value.millionths / 1_000_000)
            sum += max(0, now - before)
            before = now
        }
        return sum
    }

    /// The whole people of it: whoever came last leaves first.
    var stays: [Stay] {
        var stays: [Stay] = []
        var present: [Int] = []
        var (start, before) = (Interval.zero, Fixed.zero)
        for stage in stages {
            let rise = stage.value.millionths - before.millionths
            func when(_ millionths: Int128) -> Interval {
                guard rise != 0 else { return start }
                let part = Int128(stage.length.nanoseconds) * (millionths - before.millionths)
                return start + Interval(nanoseconds: Int64(part / rise))
            }
            while Fixed(Int64(present.count + 1)) <= stage.value {
                let at = when(Fixed(Int64(present.count + 1)).millionths)
                present.append(stays.count)
                stays.append(Stay(from: at, until: nil))
            }
            while let last = present.last, Fixed(Int64(present.count)) > stage.value {
                stays[last].until = when(Fixed(Int64(present.count)).millionths)
                present.removeLast()
            }
            (start, before) = (start + stage.length, stage.value)
        }
        return stays
    }

    /// How many events are due before `end` at a rate of so many a second.
    func events(before end: Interval) -> Int64 {
        let seconds = Double(end.nanoseconds) / 1e9
        var (low, high) = (Int64(0), Int64(Double(most.millionths) / 1e6 * seconds) + 1)
        while low < high {
            let middle = (low + high) / 2
            if let at = due(middle), at < end { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static let secondsMax = 1e9

    /// When the event with this number is due at a rate of so many a second, from 0; nil is never.
    func due(_ number: Int64) -> Interval? {
        var (start, before, left) = (0.0, 0.0, Double(number))
        for stage in stages {
            let seconds = Double(stage.length.nanoseconds) / 1e9
            let after = Double(stage.value.millionths) / 1e6
            let events = (before + after) / 2 * seconds
            if left < events {
                // before·t + slope·t²/2 = left, in the form that does not lose a small slope.
                let slope = (after - before) / seconds
                let root = max(0, before * before + 2 * slope * left).squareRoot()
                let t = left == 0 && before == 0 ? 0 : 2 * left / (before + root)
                return Interval(nanoseconds: Int64((start + min(t, seconds)) * 1e9))
            }
            (start, before, left) = (start + seconds, after, left - events)
        }
        // Beyond what nanoseconds hold it is never, too.
        guard before > 0, left / before < Self.secondsMax else { return nil }
        return Interval(nanoseconds: Int64((start + left / before) * 1e9))
    }
}
