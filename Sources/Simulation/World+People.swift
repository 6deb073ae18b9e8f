import Base
import Cloud
import Platform
import Scenarios

/// The people around the platform: audiences, visitors of the dashboard, and scanners.
extension World {
    /// What the criterion calls answered.
    static let probeLimit = Interval.seconds(2)
    /// How long a viewer's slot outlives the viewer, for what is still on its way.
    private static let viewerAfterlife = Interval.minutes(3)

    @inline(__always)
    func viewerHome(_ group: Int) -> HomeKind { homeKind(scenario.viewers[group].home) }

    @inline(__always)
    func homeKind(_ name: String) -> HomeKind {
        guard let kind = scenario.homes.first(where: { $0.name == name }) else {
            check(false, "a home of an unknown kind \(name)")
            return scenario.homes[0]
        }
        return kind
    }

    func homeZone(_ index: Int32) -> TimeZoneRules {
        if let streamer = streamers.first(where: { $0.home == index }) { return streamer.zone }
        // A node stands with the friends whose stream it supports.
        guard let node = nodes.first(where: { $0.home == index }) else { return zones[0] }
        return streamers[Int(node.stream)].zone
    }

    // MARK: Audience

    /// A streamer's session is due: whoever watches it is on the way, live or not.
    mutating func admitAudience(_ stream: Int32) {
        let streamer = Int(stream)
        let session = streamers[streamer].sessions[streamers[streamer].next]
        streamers[streamer].next += 1
        tally.scheduled += min(session.until, end) - session.from
        if streamers[streamer].next < streamers[streamer].sessions.count {
            let next = streamers[streamer].sessions[streamers[streamer].next]
            queue.push(.audience(stream: stream), at: next.from)
        }
        let visits = scenario.visits(
            to: session, ofStreamer: streamer, &streamers[streamer].audienceRandom)
        for visit in visits { admitViewer(visit, stream) }
    }

    private mutating func admitViewer(_ visit: Visit, _ stream: Int32) {
        let plan = scenario.viewers[visit.group]
        let (from, until) = (visit.from, visit.until)
        let program = ViewerClient(
            stream: StreamID(stream), asksCoordinator: plan.source == .coordinator, from: from,
            until: until, patience: plan.patience, returnsAfter: plan.returnsAfter,
            random: Random(
                seed: scenario.seed, entity: "viewer-\(tally.viewerSessions)", purpose: "returns"))
        let index = viewers.add(max: Self.viewersMax) { old in
            ViewerSlot(
                program: program, group: visit.group, stream: stream, wake: (old?.wake ?? 0) &+ 1,
                epoch: (old?.epoch ?? 0) &+ 1, from: from, until: until)
        }
        tally.viewerSessions += 1
        tally.wanted += until - from
        queue.push(
            .viewerGone(index, epoch: viewers[index].epoch),
            at: min(until + Self.viewerAfterlife, max(end, queue.now)))
        deliver(.started, to: ProgramRef(kind: .viewer, index: index), cost: .zero)
    }

    mutating func viewerGone(_ index: Int32, _ epoch: UInt32) {
        guard viewers[index].epoch == epoch, viewers[index].isOpen else { return }
        resetLinks(of: ProgramRef(kind: .viewer, index: index))
        viewers[index].isOpen = false
        viewers[index].epoch &+= 1
        viewers.release(index)
    }

    // MARK: Dashboard

    mutating func probe() {
        askDashboard()
        let next = queue.now + DashboardUse.probeEvery
        if next <= end { queue.push(.probe, at: next) }
    }

    private mutating func askDashboard() {
        probeCount += 1
        effectsAt = queue.now
        place(.overview, CallID(probeCount), to: .front, by: .prober)
    }

    mutating func visit() {
        askDashboard()
        scheduleVisit()
    }

    mutating func scheduleVisit() {
        guard let pause = scenario.dashboard.pause(&visitRandom) else { return }
        let at = queue.now + pause
        if at <= end { queue.push(.visit, at: at) }
    }

    /// The answer to a probe, a visit or a health check.
    mutating func probed(_ id: CallID, _ answer: Answer, asked: Instant) {
        if id.raw == Self.healthCheckID {
            answeredHealth(answer, asked: asked)
            return
        }
        let took = queue.now - asked
        tally.probes += 1
        tally.probeSlowest = max(tally.probeSlowest, took)
        if case .reply(.overview) = answer, took < Self.probeLimit {
            tally.probesGood += 1
        } else if tally.probeFirstBad == nil {
            tally.probeFirstBad = asked
        }
    }

    // MARK: Scanners

    private static let scanAnswerBytes: Int64 = 240

    mutating func scan() {
        let port = scannedPorts[Int(scanRandom.below(UInt64(scannedPorts.count)))]
        tally.scans += 1
        let open = scenario.deployment.rules.filter { $0.from == .internet && $0.port == port }
        let isOpen = host.isUp && open.contains { $0.to == .instance }
        let isManagedOpen =
            databaseMachine?.isAvailable == true && open.contains { $0.to == .database }
            || cacheMachine != nil && open.contains { $0.to == .cache }
        if isOpen || isManagedOpen {
            tally.scansAnswered += 1
            record.answered(port, at: queue.now)
            tally.egressScans += Self.scanAnswerBytes
            if isOpen && port == 1_935 && host.services[Service.rtmp.index].isUp {
                let cost = host.services[Service.rtmp.index].costs.perConnection
                _ = spend(Interval(nanoseconds: cost), on: .rtmp)
            }
        }
        scheduleScan()
    }

    mutating func scheduleScan() {
        guard scenario.scansPerHour > 0 else { return }
        let mean = Interval(
            nanoseconds: Interval.hours(1).nanoseconds / Int64(scenario.scansPerHour))
        let at = queue.now + scanRandom.exponential(mean: mean)
        if at <= end { queue.push(.scan, at: at) }
    }
}

extension Deployment {
    /// Ports that scanners of the whole internet try most (assumption, in equal parts), and what
    /// else is open: it is found as well.
    private static let scannedMost = [
        22, 23, 80, 443, 1_935, 3_389, 5_432, 6_379, 8_080, 8_081,
    ]

    var scannedPorts: [Int] {
        var ports = Self.scannedMost
        for rule in rules where rule.from == .internet && rule.to != .loadBalancer {
            if !ports.contains(rule.port) { ports.append(rule.port) }
        }
        return ports
    }
}
