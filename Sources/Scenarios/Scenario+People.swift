import Base

/// When a friend is to be on the air.
public struct StreamSession: Sendable, Hashable {
    public var from: Instant
    public var until: Instant

    public init(from: Instant, until: Instant) {
        self.from = from
        self.until = until
    }
}

/// A viewer who is to come to a session.
public struct Visit: Sendable, Hashable {
    /// Index into the scenario's viewers.
    public var group: Int
    public var from: Instant
    public var until: Instant
}

// Who does what when, as the seed decides: the same in every way of running a scenario.
extension Scenario {
    public var end: Instant { start + duration }

    /// The sessions of one streamer over the run, in order, without overlaps.
    public func sessions(of group: StreamerGroup, named name: String) -> [StreamSession] {
        let zone = TimeZoneRules.named(group.timeZone) ?? TimeZoneRules.all[0]
        var random = Random(seed: seed, entity: name, purpose: "schedule")
        var sessions: [StreamSession] = []
        var day = CivilTime(zone.local(start).midnight.instantUTC - .days(1))
        while zone.instant(day) < end {
            for entry in group.schedule where entry.weekdays.contains(day.weekday) {
                let clock = CivilTime(
                    year: day.year, month: day.month, day: day.day,
                    hour: entry.from.minutes / 60, minute: entry.from.minutes % 60)
                let jitter =
                    entry.jitter == .zero
                    ? Interval.zero : random.interval(.zero...entry.jitter)
                let from = zone.instant(clock) + jitter
                let until = from + entry.length
                guard from >= start, from < end else { continue }
                if let last = sessions.last, from <= last.until { continue }
                sessions.append(StreamSession(from: from, until: until))
            }
            day = CivilTime(day.instantUTC + .days(1))
        }
        return sessions
    }

    /// What `visits` draws from: one for each streamer, whose sessions are taken in order.
    public func audienceRandom(ofStreamer name: String) -> Random {
        Random(seed: seed, entity: name, purpose: "audience")
    }

    /// Who is on the way to a session of the streamer with this number, live or not.
    public func visits(
        to session: StreamSession, ofStreamer streamer: Int, _ random: inout Random
    ) -> [Visit] {
        var visits: [Visit] = []
        let offset = session.from - start
        for (group, plan) in viewers.enumerated() {
            if let streams = plan.streams, !streams.contains(streamer) { continue }
            if let window = plan.window, offset < window.from || offset >= window.until { continue }
            for _ in 0..<plan.count {
                let wait =
                    plan.arriveWithin == .zero
                    ? Interval.zero : random.interval(.zero...plan.arriveWithin)
                let from = session.from + wait
                let leaves = plan.stay.map { min(from + $0, session.until) } ?? session.until
                let until = min(leaves, end)
                if from < until { visits.append(Visit(group: group, from: from, until: until)) }
            }
        }
        return visits
    }

    /// The number of the stream that each node supports, dealt in turn.
    public func nodeStreams(of streams: Int) -> [Int] {
        nodes.flatMap { group in
            let dealt = group.streams ?? Array(0..<max(1, streams))
            return (0..<group.count).map { dealt[$0 % max(1, dealt.count)] }
        }
    }

    /// When a node's first heartbeat goes out.
    public func firstHeartbeat(ofNode name: String) -> Instant {
        var random = Random(seed: seed, entity: name, purpose: "phase")
        return start + random.interval(.zero ... .seconds(30))
    }

    /// What `DashboardUse.pause` draws from.
    public var visitRandom: Random { Random(seed: seed, entity: "dashboard", purpose: "visits") }
}

extension DashboardUse {
    /// The criterion's own look at the dashboard, from outside.
    public static let probeEvery = Interval.minutes(1)

    /// From one visit to the next; nil where nobody comes.
    public func pause(_ random: inout Random) -> Interval? {
        guard visitsPerDay > 0 else { return nil }
        let mean = Interval(nanoseconds: Interval.days(1).nanoseconds / Int64(visitsPerDay))
        return random.exponential(mean: mean)
    }
}

extension CivilTime {
    fileprivate var midnight: CivilTime { CivilTime(year: year, month: month, day: day) }
}
