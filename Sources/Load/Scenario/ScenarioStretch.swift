import Base
import Media
import Scenarios

/// A part of a scenario, driven against a real target: the same people at the same times as in its
/// simulation. The schedule goes `speed` times as fast; media do not.
public struct ScenarioStretch: Sendable {
    public let scenario: Scenario
    /// From the scenario's start.
    public let from: Interval
    /// In the scenario's time.
    public let length: Interval
    public let speed: Int64

    public static let speeds: ClosedRange<Int64> = 1...100_000

    /// A friend with a stream, or a friend's node.
    public struct Person: Sendable {
        public var name: String
        var group: Int
        /// The stream's number.
        public var stream: Int
    }

    /// Nil where the scenario has no such part.
    public init?(_ scenario: Scenario, from: Interval, length: Interval, speed: Int64) {
        guard Self.speeds.contains(speed), from >= .zero, length > .zero,
            from + length <= scenario.duration
        else { return nil }
        self.scenario = scenario
        self.from = from
        self.length = length
        self.speed = speed
    }

    /// In real time.
    public var duration: Interval { Interval(nanoseconds: length.nanoseconds / speed) }

    /// By the numbers of their streams.
    public var streamers: [Person] {
        let all = scenario.streamers.enumerated().flatMap { index, group in
            Self.names(group.name, group.count).map { Person(name: $0, group: index, stream: 0) }
        }
        return all.enumerated().map { number, person in
            var person = person
            person.stream = number
            return person
        }
    }

    public var nodes: [Person] {
        let streams = scenario.nodeStreams(of: streamers.count)
        let all = scenario.nodes.enumerated().flatMap { index, group in
            Self.names(group.name, group.count).map { Person(name: $0, group: index, stream: 0) }
        }
        return zip(all, streams).map { person, stream in
            var person = person
            person.stream = stream
            return person
        }
    }

    private static func names(_ name: String, _ count: Int) -> [String] {
        (0..<count).map { "\(name)-\($0 + 1)" }
    }

    // MARK: Times

    private var begin: Instant { scenario.start + from }
    private var end: Instant { begin + length }

    /// When something of the schedule is due, from the load's start.
    func due(_ instant: Instant) -> Interval {
        Interval(nanoseconds: (instant - begin).nanoseconds / speed)
    }

    /// What of a stay lies in this part; nil where nothing does.
    private func part(from: Instant, until: Instant) -> (start: Interval, until: Interval)? {
        let (first, last) = (max(from, begin), min(until, end))
        return first < last ? (due(first), due(last)) : nil
    }

    // MARK: Media

    /// What each group of streamers sends.
    var shapes: [Clip.Shape] {
        scenario.streamers.map { group in
            let media = group.media
            var shape = Clip.Shape()
            shape.framesPerSecond = media.framesPerSecond
            shape.groupLength = Int(
                max(
                    1,
                    multiplyDivide(
                        Int64(media.framesPerSecond), media.keyFrameEvery.nanoseconds,
                        1_000_000_000)))
            shape.videoRate = Int(media.video.bitsPerSecond)
            shape.audioRate = Int(media.audio.bitsPerSecond)
            shape.keyFrameWeight = media.keyFrameRatio
            if media.variation > .zero {
                var random = Random(seed: scenario.seed, entity: group.name, purpose: "bit-rate")
                shape.vary(within: media.variation, every: media.variationEvery, &random)
            }
            return shape
        }
    }

    /// Publishers and players, with the sessions that are under way when this part begins.
    ///
    /// A stream begins a little before its players come and ends a little after they left, all of
    /// them so much later that each is there for as long as it should.
    var clients: [LoadPlan.Client] {
        var (publishing, playing) = ([LoadPlan.Client](), [LoadPlan.Client]())
        for streamer in streamers {
            let group = scenario.streamers[streamer.group]
            var random = scenario.audienceRandom(ofStreamer: streamer.name)
            for session in scenario.sessions(of: group, named: streamer.name) {
                let visits = scenario.visits(to: session, ofStreamer: streamer.stream, &random)
                guard let part = part(from: session.from, until: session.until) else { continue }
                publishing.append(
                    LoadPlan.Client(
                        kind: .publisher, number: publishing.count, stream: streamer.stream,
                        shape: streamer.group, start: part.start,
                        until: part.until + LoadPlan.headStart * 2, isLate: session.from < begin,
                        line: line(home(group.home)?.uplink, of: streamer)))
                for visit in visits {
                    guard let player = player(visit, of: streamer, number: playing.count) else {
                        continue
                    }
                    playing.append(player)
                }
            }
        }
        return publishing + playing
    }

    private func player(
        _ visit: Visit, of streamer: Person, number: Int
    ) -> LoadPlan.Client? {
        guard let part = part(from: visit.from, until: visit.until) else { return nil }
        let group = scenario.viewers[visit.group]
        var player = LoadPlan.Client(
            kind: .player, number: number, stream: streamer.stream, shape: streamer.group,
            start: part.start + LoadPlan.headStart, until: part.until + LoadPlan.headStart,
            reserve: max(group.buffer, .milliseconds(1)), isLate: visit.from < begin,
            line: line(home(group.home)?.downlink, of: streamer))
        player.patience = LoadPlan.Client.Patience(
            stallMax: group.patience, returnsAfter: group.returnsAfter,
            random: Random(seed: scenario.seed, entity: player.name, purpose: "returns"))
        return player
    }

    private func home(_ name: String) -> HomeKind? {
        scenario.homes.first { $0.name == name }
    }

    /// Nil where it is wide enough for the stream not to feel it.
    private func line(_ rate: Rate?, of streamer: Person) -> Rate? {
        let media = scenario.streamers[streamer.group].media
        let stream = media.video.bitsPerSecond + media.audio.bitsPerSecond
        return rate.flatMap { $0.bitsPerSecond < stream * Self.wideTimes ? $0 : nil }
    }

    /// A line so many times as fast as a stream is as good as none.
    static let wideTimes: Int64 = 4

    // MARK: Calls

    /// From one heartbeat of a node to the next: not below what the coordinator takes.
    private var heartbeatPause: Interval {
        max(Interval(nanoseconds: Self.heartbeatEvery.nanoseconds / speed), Self.heartbeatPauseMin)
    }

    /// How many heartbeats of the schedule so many that were sent stand for.
    func heartbeats(for sent: Int64) -> Int64 {
        multiplyDivide(
            sent, heartbeatPause.nanoseconds, Self.heartbeatEvery.nanoseconds / speed)
    }

    /// The first in this part.
    private func firstHeartbeat(of node: Person) -> Interval {
        let first = scenario.firstHeartbeat(ofNode: node.name)
        guard first < begin else { return due(first) }
        let missed = (begin - first).nanoseconds + Self.heartbeatEvery.nanoseconds - 1
        return due(first + Self.heartbeatEvery * (missed / Self.heartbeatEvery.nanoseconds))
    }

    /// Heartbeats of a node, whose token and number the coordinator gave.
    public func heartbeats(of node: Person, id: String, stream: String, token: String) -> LoadCall?
    {
        var call = LoadCall(
            method: "POST", path: "/nodes/heartbeat",
            headers: [("Authorization", "Bearer \(token)")],
            body: "{\"node_id\":\"\(id)\",\"stream_id\":\"\(stream)\","
                + "\"stats_url\":\"http://127.0.0.1:1985/stats\"}",
            arrival: .every(heartbeatPause, from: firstHeartbeat(of: node), until: duration))
        call?.kind = .heartbeat
        return call
    }

    /// Reports of what a node relayed, which is nothing here, since the report before.
    public func reports(of node: Person, stream: String, token: String) -> LoadCall? {
        let pause = max(
            Interval(nanoseconds: Self.reportEvery.nanoseconds / speed), Self.heartbeatPauseMin)
        var call = LoadCall(
            method: "POST", path: "/api/v1/sessions/\(stream)/bandwidth-report",
            headers: [("Authorization", "Bearer \(token)")],
            body: "{\"bytes_transferred\":0,\"start_interval\":\"{from}\","
                + "\"end_interval\":\"{until}\",\"source_bitrate_kbps\":0}",
            arrival: .every(pause, from: firstHeartbeat(of: node) + pause, until: duration))
        call?.kind = .report
        call?.span = pause
        return call
    }

    /// The criterion's looks at the dashboard, and visits.
    public var dashboardCalls: LoadCall? {
        var times: [Interval] = []
        var probe = scenario.start + DashboardUse.probeEvery
        while probe < end {
            if probe >= begin { times.append(due(probe)) }
            probe = probe + DashboardUse.probeEvery
        }
        var random = scenario.visitRandom
        var visit = scenario.start
        while let pause = scenario.dashboard.pause(&random), visit + pause < end {
            visit = visit + pause
            if visit >= begin { times.append(due(visit)) }
        }
        var call = LoadCall(method: "GET", path: "/", arrival: .at(times.sorted()))
        call?.kind = .dashboard
        return call
    }

    /// Whether somebody asks the coordinator where to watch.
    public var asksWhereToWatch: Bool {
        scenario.viewers.contains { $0.source == .coordinator && $0.count > 0 }
    }

    /// The questions of viewers where to watch, stream by stream; the coordinator's identifiers are
    /// those of the streamers' streams.
    public func watchCalls(of ids: [String]) -> [LoadCall] {
        var times = [[Interval]](repeating: [], count: ids.count)
        for client in clients where client.kind == .player && !client.isLate {
            times[client.stream].append(client.start - LoadPlan.headStart)
        }
        return zip(ids, times).compactMap { id, times in
            times.isEmpty
                ? nil
                : LoadCall(
                    method: "GET", path: "/api/v1/watch/\(id)", arrival: .at(times.sorted()))
        }
    }

    private static let heartbeatEvery = Interval.seconds(30)
    private static let reportEvery = Interval.minutes(1)
    /// The platform refuses a node's heartbeat within a second of the last, and shorter reports.
    private static let heartbeatPauseMin = Interval.milliseconds(1_100)
}
