import Base
import Cloud
import Platform
import Results
import Scenarios

/// What a world that has run its course found out.
extension World {
    /// Ends every session that is still open, so that its bytes and times are counted.
    mutating func finish(_ fidelity: Runner.Fidelity) {
        isOver = true
        closeFrames()
        for index in Int32(0)..<Int32(links.count) where links[index].isOpen { endMedia(index) }
        if fidelity == .frame { takeOverFrames() }
        for index in viewers.items.indices where viewers.items[index].isOpen {
            // A run that was cut short did not owe the rest, nor anything to who is on the way.
            let left = viewers.items[index].until - max(queue.now, viewers.items[index].from)
            if left > .zero { tally.wanted -= left }
        }
        for index in streamers.indices {
            guard let session = currentSession(index) else { continue }
            let left = min(session.until, end) - queue.now
            if left > .zero { tally.scheduled -= left }
        }
        writeDisks()
        advanceMachines()
        balancer?.meter.advance(to: queue.now)
        for service in Service.allCases {
            guard let since = host.services[service.index].downSince else { continue }
            host.services[service.index].downTime += queue.now - since
        }
        record.pass(queue.now)
        for value in [egress, tally.played.nanoseconds, tally.stalled.nanoseconds] {
            record.combine(value)
        }
    }

    // MARK: Verdicts

    mutating func verdicts(_ bill: Bill) -> [Verdict] {
        [
            reachable(), reliable(), dashboard(), unattended(bill), budget(bill), friends(),
            metrics(), hardening(),
        ]
    }

    private func percent(_ share: Share) -> Fixed {
        .ratio(Int128(share.millionths), 10_000)
    }

    private func percent(_ part: Int64, of whole: Int64) -> Fixed {
        .ratio(Int128(part) * 100, Int128(whole))
    }

    private func rule(
        _ id: String, _ criterion: String, _ value: Fixed, atLeast threshold: Fixed,
        unit: String, samples: Int64, min samplesMin: Int64, broken: Instant?, evidence: String
    ) -> Verdict {
        let status: Status =
            samples < samplesMin
            ? .inconclusive : (value >= threshold ? .pass : .fail)
        return Verdict(
            id: id, criterion: criterion, status: status, value: value, threshold: threshold,
            unit: unit, samples: samples, samplesMin: samplesMin,
            firstBroken: status == .fail ? broken : nil, evidence: evidence, remedy: nil,
            disagreement: nil)
    }

    private mutating func reachable() -> Verdict {
        var least = Fixed(100)
        var fewest = Int64.max
        var broken: Instant?
        var parts: [String] = []
        for service in PublicService.allCases {
            let reach = tally.attempts[service.rawValue]
            // Who is sent to nodes never asks the server to play; all else must be seen to work.
            guard reach.tried > 0 || service != .play else { continue }
            fewest = min(fewest, reach.tried)
            if reach.tried > 0 { least = min(least, percent(reach.reached, of: reach.tried)) }
            if let at = reach.firstMissed { broken = broken.map { min($0, at) } ?? at }
            parts.append("\(service.name) \(reach.reached) of \(reach.tried)")
        }
        return rule(
            "reachable-from-outside", "friends can connect from external networks", least,
            atLeast: percent(scenario.criteria.reachable), unit: "%", samples: fewest, min: 5,
            broken: broken,
            evidence: "Attempts from outside that reached their service: "
                + parts.joined(separator: ", ")
                + " (the worst of them counts; samples are of the one tried least).")
    }

    private mutating func reliable() -> Verdict {
        let delivered = percent(
            tally.played.nanoseconds / 1_000, of: tally.wanted.nanoseconds / 1_000)
        let onAir = percent(
            tally.onAir.nanoseconds / 1_000, of: tally.scheduled.nanoseconds / 1_000)
        let encoded = percent(tally.framesSent - tally.framesDroppedEncoder, of: tally.framesSent)
        var value = onAir
        if tally.viewerSessions > 0 { value = min(value, delivered) }
        if tally.framesSent > 0 { value = min(value, encoded) }
        return rule(
            "rtmp-reliable", "RTMP streaming works reliably", value,
            atLeast: percent(scenario.criteria.delivered), unit: "%",
            samples: tally.viewerSessions + tally.publishSessions, min: 5,
            broken: tally.mediaFirstBad,
            evidence: "Viewers saw \(delivered.text(decimals: 3)) % of the time they came for, "
                + "streams were on the air for \(onAir.text(decimals: 3)) % of theirs, encoders "
                + "sent \(encoded.text(decimals: 3)) % of their frames; "
                + "\(tally.stalls) stalls of \(tally.stalled.wholeSeconds) s in all, "
                + "\(tally.framesDroppedEncoder) frames left out by encoders, "
                + "\(tally.framesDroppedQueue) dropped from queues, "
                + "\(tally.publishCut) publish sessions cut, "
                + "\(tally.viewersLost) viewers lost.")
    }

    private mutating func dashboard() -> Verdict {
        rule(
            "dashboard-https", "dashboard accessible over HTTPS",
            percent(tally.probesGood, of: tally.probes),
            atLeast: percent(scenario.criteria.dashboard), unit: "%", samples: tally.probes,
            min: 60, broken: tally.probeFirstBad,
            evidence: "\(tally.probesGood) of \(tally.probes) looks were answered with 200 within "
                + "2 s; the slowest took \(tally.probeSlowest.nanoseconds / 1_000_000) ms.")
    }

    private mutating func unattended(_ bill: Bill) -> Verdict {
        var least = Fixed(100)
        var worst = ""
        for service in Service.allCases {
            let up = uptime(service)
            if up < least {
                least = up
                worst = service.name
            }
        }
        let count = Int64(interventions.count)
        let enough = least >= percent(scenario.criteria.uptime)
        var verdict = rule(
            "unattended", "runs 24/7 without intervention", Fixed(-count), atLeast: .zero,
            unit: "interventions", samples: (queue.now - scenario.start).wholeSeconds / 3_600,
            min: 24, broken: interventions.first?.at,
            evidence:
                "\(count) moment\(count == 1 ? "" : "s") after which only a person could help"
                + (count > 0 ? ", the first: \(interventions[0].cause)" : "") + ". "
                + (worst.isEmpty
                    ? "No service was ever away."
                    : "Least uptime: \(worst) \(least.text(decimals: 3)) % of "
                        + "\(percent(scenario.criteria.uptime)) % asked for."))
        verdict.value = Fixed(count)
        if verdict.status == .pass && !enough {
            verdict.status = .fail
            verdict.firstBroken = record.outages.first { $0.service == worst }?.from
        }
        return verdict
    }

    mutating func uptime(_ service: Service) -> Fixed {
        let all = (queue.now - scenario.start).nanoseconds
        let down = host.services[service.index].downTime.nanoseconds
        return percent(all - down, of: all)
    }

    private mutating func budget(_ bill: Bill) -> Verdict {
        let total = Fixed(ratio: bill.total730h)
        let budget = Fixed.ratio(Int128(scenario.pricing.budgetCents), 100)
        let unpriced = unpriced()
        let status: Status =
            if queue.now - scenario.start < .hours(24) {
                .inconclusive
            } else if total > budget {
                .fail
            } else {
                unpriced.isEmpty ? .pass : .inconclusive
            }
        var evidence =
            "A month of 730 h costs $\(bill.total730h.cents), of which traffic to the "
            + "internet is $\(bill.egressCents); the simulated "
            + "\((queue.now - scenario.start).told) cost "
            + "$\(bill.totalPeriod.cents)."
        let spentAt = record.whenCostPassed(budget)
        if status == .fail, let spentAt {
            let hours = Int128((spentAt - scenario.start).wholeSeconds / 3_600)
            evidence +=
                " The first $\(budget.text(decimalsMax: 2)) were spent after "
                + "\(Fixed.ratio(hours, 24).text(decimals: 1)) days."
        } else if status == .fail {
            let days = Fixed.ratio(budget.millionths * 730, total.millionths * 24)
            evidence +=
                " At this rate $\(budget.text(decimalsMax: 2)) last "
                + "\(days.text(decimals: 1)) days."
        }
        if !unpriced.isEmpty {
            evidence += " Without a price in the book: \(unpriced.joined(separator: ", "))."
        }
        return Verdict(
            id: "cost-under-budget",
            criterion: "cost under $\(budget.text(decimalsMax: 2)) a month",
            status: status, value: total, threshold: budget, unit: "USD/month",
            samples: (queue.now - scenario.start).wholeSeconds / 3_600, samplesMin: 24,
            firstBroken: status == .fail ? spentAt : nil,
            evidence: evidence,
            remedy: nil, disagreement: nil)
    }

    private mutating func friends() -> Verdict {
        let completed = Int64(tally.friendsCompleted.count { $0 })
        var verdict = rule(
            "concurrent-friends",
            "\(scenario.criteria.friends)+ friends, concurrent streams", Fixed(completed),
            atLeast: Fixed(scenario.criteria.friends), unit: "friends",
            samples: tally.publishSessions, min: 1, broken: nil,
            evidence: "\(completed) friends completed a session; at most \(tally.streamsMost) "
                + "streams at once"
                + (tally.streamsMostAt.map { " (first \(CivilTime($0).textUTC))" } ?? "") + ".")
        if verdict.status == .pass && tally.streamsMost < Int64(scenario.criteria.concurrentStreams)
        {
            verdict.status = .fail
        }
        // Not reached by the end.
        if verdict.status == .fail { verdict.firstBroken = queue.now }
        return verdict
    }

    private mutating func metrics() -> Verdict {
        let rows = Int64(record.series.columns[0].values.count)
        let due = (queue.now - scenario.start).nanoseconds / Self.seriesStep.nanoseconds
        return rule(
            "metrics-collected", "performance metrics collected", Fixed(rows),
            atLeast: Fixed(due), unit: "samples", samples: due, min: 12, broken: nil,
            evidence: "\(rows) rows of \(record.series.columns.count) figures, one each "
                + "\(Self.seriesStep.wholeSeconds / 60) minutes.")
    }

    private mutating func hardening() -> Verdict {
        let exposures = scenario.deployment.exposures(at: scenario.start)
        let unnamed = record.portsAnswered.filter { answered in
            answered.port != 443
                && !exposures.contains { $0.port == answered.port && $0.isNamed }
        }
        var verdict = rule(
            "hardening-defined", "security hardening requirements defined",
            Fixed(-Int64(unnamed.count)), atLeast: .zero, unit: "unnamed exposures",
            samples: tally.scans, min: 100, broken: unnamed.first?.at,
            evidence: "\(tally.scansAnswered) of \(tally.scans) scans found an open port"
                + "\(answered). To do: "
                + (exposures.isEmpty
                    ? "nothing is left open"
                    : exposures.map { "\($0.text) (\($0.id))" }.joined(separator: "; ")) + ".")
        verdict.value = Fixed(unnamed.count)
        return verdict
    }

    /// Which ports answered scans; what is meant to be open to all is not scanned.
    private var answered: String {
        let ports = record.portsAnswered.map(\.port).sorted()
        guard !ports.isEmpty else { return "" }
        var text = " (" + ports.map(String.init).joined(separator: ", ")
        if ports.contains(8_081) { text += "; nothing known listens on 8081" }
        if case .loadBalancer = scenario.deployment.front {
            text += "; the load balancer's 443 is not scanned"
        }
        return text + ")"
    }

    // MARK: Figures

    mutating func figures() -> [Figure] {
        var list = trafficFigures()
        func add(_ name: String, _ value: Int64) { list.append(Figure(name, Fixed(value))) }
        func seconds(_ name: String, _ time: Interval) {
            list.append(Figure(name, .ratio(Int128(time.nanoseconds), 1_000_000_000)))
        }
        add("events", eventsHandled)
        add("rate_sharings", fluid.fillings)
        seconds(
            "cpu_seconds", Interval(nanoseconds: host.credits.used.whole + frameCorrection))
        seconds("cpu_control_seconds", host.controlCPU)
        seconds("cpu_wait_max_seconds", cpuWaitMax)
        seconds("cpu_held_seconds", host.credits.heldTime)
        add("heartbeats", tally.heartbeats)
        add("calls", tally.calls)
        add("calls_failed", tally.callsFailed)
        add("calls_to_unhealthy_target", tally.callsToUnhealthy)
        add("database_connections_refused", tally.connectionsRefused)
        add("cache_keys_evicted", cacheTables.evicted)
        add("transactions", tally.transactions)
        add("viewer_sessions", tally.viewerSessions)
        add("viewers_routed_to_nodes", tally.viewersRoutedToNodes)
        add("viewers_lost", tally.viewersLost)
        seconds("viewer_wanted_seconds", tally.wanted)
        seconds("viewer_played_seconds", tally.played)
        seconds("stall_seconds", tally.stalled)
        add("stalls", tally.stalls)
        add("publish_sessions", tally.publishSessions)
        add("publish_cut", tally.publishCut)
        add("encoder_gave_up", tally.gaveUp)
        add("frames_sent", tally.framesSent)
        add("frames_dropped_encoder", tally.framesDroppedEncoder)
        add("frames_dropped_queue", tally.framesDroppedQueue)
        add("streams_at_once_max", tally.streamsMost)
        add("spot_checks", tally.spotChecks)
        add("spot_checks_passed", tally.spotChecksPassed)
        add("nodes_flagged", tally.nodesFlagged)
        list.append(
            Figure("owed_to_nodes_usd", .ratio(Int128(tally.paidNanodollars), 1_000_000_000)))
        add("scans", tally.scans)
        add("scans_answered", tally.scansAnswered)
        add("health_checks", tally.healthChecks)
        add("health_checks_failed", tally.healthChecksFailed)
        add("dashboard_probes", tally.probes)
        add("dashboard_probes_good", tally.probesGood)
        add("out_of_memory_kills", tally.oomKills)
        add("memory_used_max_bytes", host.memory.usedMax)
        list.append(
            Figure(
                "cpu_surplus_charged_credits",
                .ratio(
                    host.credits.surplusBillable.billionths,
                    Int128(CPUCredits.credit) * 1_000_000_000)))
        for service in Service.allCases {
            list.append(Figure("uptime_\(service.name)_percent", uptime(service)))
        }
        add("interventions", Int64(interventions.count))
        add("log_entries_left_out", record.entriesLeftOut)
        return list
    }

    private mutating func trafficFigures() -> [Figure] {
        var list: [Figure] = []
        func add(_ name: String, _ value: Int64) { list.append(Figure(name, Fixed(value))) }
        let viewers = tally.egressViewers.whole
        let nodes = tally.egressNodes.whole
        let media = tally.egressVideo + tally.egressAudio
        add("egress_bytes", egress)
        add("egress_viewers_bytes", viewers)
        add("egress_nodes_bytes", nodes)
        add("egress_control_bytes", tally.egressControl)
        add("egress_scans_bytes", tally.egressScans)
        add("egress_media_bytes", tally.egressVideo)
        add("egress_overhead_audio_bytes", tally.egressAudio)
        add("egress_overhead_protocol_bytes", viewers + nodes - media)
        add("egress_overhead_control_bytes", egress - viewers - nodes)
        add("ingress_media_bytes", tally.ingressMedia.whole)
        add("ingress_control_bytes", tally.ingressControl)
        add("relayed_by_nodes_bytes", tally.relayed.whole)
        return list
    }

    /// What the seed decided, so that a run can be understood without running it.
    mutating func drawn() -> [DrawnParameter] {
        var list: [DrawnParameter] = []
        for slot in streamers {
            guard let first = slot.sessions.first else { continue }
            list.append(
                DrawnParameter(
                    name: "\(slot.name) sessions",
                    value: "\(slot.sessions.count), the first at \(CivilTime(first.from).textUTC)"))
        }
        list += drawnStarts()
        for slot in nodes {
            list.append(
                DrawnParameter(
                    name: "\(slot.name) supports",
                    value: streamers.isEmpty
                        ? "nothing" : streamers[Int(slot.stream)].name))
        }
        return list
    }

    /// Every start of those whose schedules leave it to chance.
    private mutating func drawnStarts() -> [DrawnParameter] {
        let groups = scenario.streamers.flatMap { Array(repeating: $0, count: $0.count) }
        return zip(groups, streamers).compactMap { group, slot in
            guard group.schedule.contains(where: { $0.jitter > .zero }), !slot.sessions.isEmpty
            else { return nil }
            return DrawnParameter(
                name: "\(slot.name) starts",
                value: slot.sessions.map { CivilTime($0.from).textUTC }.joined(separator: ", "))
        }
    }

    mutating func assumptions() -> [String] {
        let instance = scenario.deployment.instance
        var list = [
            "The network burst bucket of \(instance.networkBurst.bytes / 1_000_000_000) GB each way"
                + " is an assumption: AWS publishes no figure.",
            "An instance in standard mode without credits is held to its baseline at once; AWS"
                + " lowers it gradually.",
            "Pictures wait half of the merged write of"
                + " \(scenario.deployment.rtmp.mergedWrite.nanoseconds / 1_000_000) ms at the"
                + " server, on average; what merging saves is in its profile.",
            "A gigabyte of traffic is \(book.transferGigabyte) bytes (price book \(book.id)).",
        ]
        for service in Service.allCases {
            let name = service == .rtmp ? scenario.deployment.rtmp.profile : service.profileName
            guard let profile = CostProfile.named(name) else { continue }
            guard scenario.deployment.runsOnInstance(service) else { continue }
            list.append("CPU and memory of \(service.name): \(profile.source).")
        }
        list.append(
            "A person puts right what needs one "
                + (scenario.repairAfter.map { "\($0.told) after it broke" } ?? "never")
                + " (`repairAfter`).")
        if let plan = databaseMachine?.plan {
            list.append(
                "The database takes \(plan.connectionsMax) connections, of which"
                    + " \(DatabaseMachine.connectionsReserved) are kept for superusers: what a"
                    + " \(plan.type.name) has left for max_connections is an assumption.")
        }
        if host.isByHand { list.append("The instance is given by hand: not billed.") }
        return list
    }
}

extension Interval {
    /// `30 days`, `12 h`, `90 min`.
    fileprivate var told: String {
        let minutes = wholeSeconds / 60
        if minutes > 1_440 && minutes % 1_440 == 0 { return "\(minutes / 1_440) days" }
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes) min"
    }
}

extension Service {
    /// The cost profile of what runs as this service, besides the RTMP server's own choice.
    var profileName: String {
        switch self {
        case .rtmp: "srs"
        case .coordinator: "coordinator"
        case .worker: "worker"
        case .front: "tls-front"
        case .database: "database"
        case .cache: "cache"
        }
    }
}

extension Bill {
    /// What traffic to the internet costs in a month of 730 h.
    var egressCents: String {
        lines.filter { $0.id.contains("egress") }.reduce(Ratio.zero) { $0 + $1.amount730h }.cents
    }
}
