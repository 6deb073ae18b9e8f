import Base
import Media
import Results
import Scenarios

// What a load comes to in the end.
extension LoadLedger {
    /// Fewer delays of delivery than this say nothing.
    private static let samplesMin: Int64 = 100
    /// Fewer segments of HLS, each of seconds.
    private static let segmentsMin: Int64 = 10
    /// One call in so many may wait for a connection.
    private static let heldUpShare: Int64 = 100

    func result(address: String) -> LoadResult {
        let doubts = doubts
        let rulings =
            (plan.target == nil ? [] : [connections]) + (plan.calls.isEmpty ? [] : [calls])
            + looks + (cut?.ruling.map { [$0] } ?? [])
            + plan.thresholds.map { ruling($0, isDoubtful: !doubts.isEmpty) }
        return LoadResult(
            heading: heading(address), partial: cut?.text, start: start, length: elapsed,
            rulings: rulings, doubts: doubts,
            spreads: LoadMetric.allCases.map { LoadSpread($0.rawValue, ruled[$0]) },
            counts: counts, checks: checks, sums: LoadSums(ruled).counts, failures: failureCounts,
            generator: generator, series: series, events: events,
            histograms: LoadMetric.allCases.map { LoadHistogram($0.rawValue, ruled[$0]) },
            scenario: scenario)
    }

    /// Of the whole load, in the order in which they were asked for.
    var checks: [LoadCheckCount] {
        plan.checks.enumerated().map { index, check in
            let count = index < total.checks.count ? total.checks[index] : Tally.Check()
            return LoadCheckCount(name: check.name, passed: count.passed, failed: count.failed)
        }
    }

    private var scenario: LoadScenario? {
        plan.stretch.map { stretch in
            let figures = StretchFigures(stretch: stretch, ledger: self)
            return LoadScenario(
                name: stretch.scenario.name, seed: stretch.scenario.seed, from: stretch.from,
                length: stretch.length, speed: stretch.speed, omissions: figures.omissions,
                measured: figures.measured, predicted: [])
        }
    }

    var health: GeneratorHealth {
        let (lateness, lag) = (ruled[.sendLateness], ruled[.loopLag])
        let sum = cpuPercents.reduce(into: Int128(0)) { $0 += $1.millionths }
        return GeneratorHealth(
            lateness: lateness.percentile(Fixed(99)), latenessCount: lateness.count,
            lag: lag.percentile(Fixed(99)), lagCount: lag.count,
            cpuPercent: Fixed(millionths: sum / Int128(max(1, cpuPercents.count))),
            clientsNotCalled: clientsNotCalled, queues: queues)
    }

    private var doubts: [String] {
        let started = total.publishersStarted + total.playersStarted
        guard started + total.callsAnswered > 0 else {
            if total.attempts + total.calls == 0, let cut {
                return ["nobody was let in: \(cut.text)"]
            }
            let reason = failureCounts.first.map { ": \($0.name)" } ?? ""
            return ["the target was down: nobody could start\(reason)"]
        }
        var doubts = health.doubts
        if total.callsHeldUp * Self.heldUpShare > total.calls {
            doubts.append(
                "the generator was the bottleneck: \(total.callsHeldUp) of \(total.calls) calls "
                    + "waited for one of \(plan.webConnections) connections that were all busy; "
                    + "--http-connections gives more")
        }
        if !plan.calls.isEmpty, ruled.callsAnswered < Self.samplesMin {
            doubts.append(
                "too few samples: \(ruled.callsAnswered) calls were answered, "
                    + "\(Self.samplesMin) count")
        }
        if plan.hlsPlayers > 0, ruled.segments < Self.segmentsMin {
            doubts.append(
                "too few samples: \(ruled.segments) segments arrived, \(Self.segmentsMin) count")
        }
        if plan.players + plan.flvPlayers > 0, ruled.pictures < Self.samplesMin {
            doubts.append(
                "too few samples: \(ruled.pictures) pictures arrived, \(Self.samplesMin) count")
        } else if plan.playersOfAll == 0, plan.publishers > 0,
            ruled.messagesSent < Self.samplesMin
        {
            doubts.append(
                "too few samples: \(ruled.messagesSent) messages went, \(Self.samplesMin) count")
        }
        return doubts
    }

    // MARK: Rulings

    private var connections: LoadRuling {
        let failed = total.failuresSum
        let reasons = failureCounts.map { "\($0.value) \($0.name)" }.joined(separator: ", ")
        let again =
            plan.reconnecting == nil ? "" : "; clients came again \(total.cameAgain) times"
        let evidence =
            failed == 0
            ? "all \(total.attempts) clients began and stayed"
            : "\(total.clientsFailed) of \(total.attempts) clients failed: \(reasons)" + again
        let status: Status =
            total.attempts == 0 ? .inconclusive : failed == 0 ? .pass : .fail
        return LoadRuling(id: "connections", status: status, evidence: evidence)
    }

    private var calls: LoadRuling {
        let failed = total.callFailuresSum + total.callsUnanswered + total.callsDropped
        let underWay =
            total.callsUnderWay == 0 ? "" : ", \(total.callsUnderWay) were under way at the end"
        let evidence =
            failed == 0
            ? "\(total.callsAnswered) of \(total.calls) calls were answered\(underWay)"
            : "\(failed) of \(total.calls) calls failed, waited at the end or were left out"
        let status: Status = total.calls == 0 ? .inconclusive : failed == 0 ? .pass : .fail
        return LoadRuling(id: "calls", status: status, evidence: evidence)
    }

    /// What was seen from outside. Of the whole load: who stands still while others warm up stands
    /// still.
    private var looks: [LoadRuling] {
        var rulings: [LoadRuling] = []
        func add(_ id: String, _ bad: Int64, of looks: Int64, _ good: String, _ words: String) {
            guard looks > 0 else { return }
            rulings.append(
                LoadRuling(
                    id: id, status: bad == 0 ? .pass : .fail,
                    evidence: bad == 0
                        ? "it \(good) at all \(looks) looks from outside"
                        : "it \(words) at \(bad) of \(looks) looks from outside"))
        }
        let seconds = TargetWatch.deadline.wholeSeconds
        add(
            "answers", total.looksMissed, of: total.looks, "answered",
            "did not answer within \(seconds) s")
        add(
            "health", total.healthBad, of: total.healthLooks, "was well",
            "was not well, or did not say so within \(seconds) s,")
        return rulings
    }

    private func ruling(_ threshold: Threshold, isDoubtful: Bool) -> LoadRuling {
        let (tally, length) = basis(of: threshold)
        guard length > .zero, let value = threshold.measured(in: tally, over: length) else {
            return LoadRuling(
                id: threshold.id, status: .inconclusive, evidence: "nothing was measured")
        }
        let holds = threshold.comparison.holds(value, threshold.value)
        let evidence = "measured \(value.text(decimalsMax: 3))"
        let status: Status = isDoubtful ? .inconclusive : holds ? .pass : .fail
        return LoadRuling(id: threshold.id, status: status, evidence: evidence)
    }

    // MARK: Figures

    private func heading(_ address: String) -> LoadHeading {
        let clients = plan.clients
        return LoadHeading(
            target: plan.title, address: address,
            publishers: Int64(clients.count { $0.kind == .publisher }),
            players: Int64(clients.count { $0.kind != .publisher }), duration: plan.duration,
            ramp: plan.ramp,
            warmUp: plan.warmUp, streamRate: plan.streamRate,
            framesPerSecond: Int64(plan.shape.framesPerSecond),
            groupFrames: Int64(plan.shape.groupLength), shard: plan.shard.text)
    }

    /// Of the whole load: bytes and clients are not warmed up.
    var counts: [LoadCount] {
        func count(_ name: String, _ value: Int64, _ unit: String = "count") -> LoadCount {
            LoadCount(name: name, unit: unit, value: Fixed(value))
        }
        return [
            count("clients_called", total.attempts),
            count("publishers_started", total.publishersStarted),
            count("players_started", total.playersStarted),
            count("clients_failed", total.clientsFailed),
            count("clients_called_again", total.attemptsAgain),
            count("clients_came_again", total.cameAgain),
            count("bytes_sent", total.bytesSent, "bytes"),
            count("bytes_received", total.bytesReceived, "bytes"),
            count("messages_sent", total.messagesSent),
            count("messages_held_back", total.messagesHeldBack),
            count("pictures", total.pictures),
            count("pictures_lost", total.picturesLost),
            count("pictures_out_of_order", total.picturesOutOfOrder),
            count("pictures_without_stamp", total.picturesWithoutStamp),
            count("segments", total.segments),
            count("stalls", total[.stall].count),
            count("calls", total.calls), count("calls_answered", total.callsAnswered),
            count("calls_failed", total.callFailuresSum),
            count("calls_dropped", total.callsDropped),
            count("calls_unanswered", total.callsUnanswered),
            count("calls_under_way", total.callsUnderWay),
            count("calls_held_up", total.callsHeldUp),
            count("checks_passed", checks.reduce(0) { $0 + $1.passed }),
            count("checks_failed", checks.reduce(0) { $0 + $1.failed }),
            count("looks", total.looks), count("looks_missed", total.looksMissed),
            count("health_looks", total.healthLooks), count("health_bad", total.healthBad),
        ] + targetCounts + pageCounts + clockCounts
    }

    /// Where a player by HLS was told the server's time. Delays by stamps need no other clock.
    private var clockCounts: [LoadCount] {
        guard let offset = total.clockOffset else { return [] }
        func milliseconds(_ interval: Interval) -> Fixed {
            Fixed.ratio(Int128(interval.nanoseconds), 1_000_000)
        }
        return [
            LoadCount(
                name: "target_clock_ahead", unit: "ms", value: milliseconds(offset.estimate)),
            LoadCount(
                name: "target_clock_error", unit: "ms", value: milliseconds(offset.error)),
        ]
    }

    static let targetPrefix = "target_"

    /// What the target counted itself of RTMP, and by how many per cent that is more than what we
    /// did, where nothing else was loaded.
    private var targetCounts: [LoadCount] {
        guard let figures else { return [] }
        func count(_ name: String, _ unit: String, _ value: Fixed) -> LoadCount {
            LoadCount(name: Self.targetPrefix + name, unit: unit, value: value)
        }
        let received = figures.after.bytesReceived - figures.before.bytesReceived
        let sent = figures.after.bytesSent - figures.before.bytesSent
        func more(_ theirs: Int64, than ours: Int64) -> Fixed {
            Fixed.ratio(Int128(theirs - ours) * 100, Int128(max(ours, 1)))
        }
        var counts = [
            count("bytes_received", "bytes", Fixed(received)),
            count("bytes_sent", "bytes", Fixed(sent)),
        ]
        if plan.isOfRTMPAlone {
            counts += [
                count("received_difference", "%", more(received, than: total.bytesSent)),
                count("sent_difference", "%", more(sent, than: total.bytesReceived)),
            ]
        }
        if let memory = figures.after.residentBytes {
            counts.append(count("memory", "bytes", Fixed(memory)))
        }
        if let before = figures.before.cpuSeconds, let after = figures.after.cpuSeconds {
            let spent = Fixed(millionths: after.millionths - before.millionths)
            counts.append(count("cpu_seconds", "s", spent))
        }
        return counts
    }

    /// What asking for each of the target's pages took, which is no part of the load.
    private var pageCounts: [LoadCount] {
        func counts(_ page: TargetPage, _ bytes: (sent: Int, received: Int)) -> [LoadCount] {
            [("sent", bytes.sent), ("received", bytes.received)].map { way, value in
                LoadCount(
                    name: "\(page.rawValue)_bytes_\(way)", unit: "bytes", value: Fixed(value))
            }
        }
        return (plan.figures == nil ? [] : counts(.figures, figuresBytes))
            + (plan.health == nil ? [] : counts(.health, healthBytes))
    }

    var failureCounts: [LoadCount] {
        LoadFailure.allCases.map { ($0.rawValue, total[$0] + total.callFailures[$0.index]) }
            .filter { $0.1 > 0 }
            .map { LoadCount(name: $0.0, unit: "count", value: Fixed($0.1)) }
            .sorted { ($1.value, $0.name) < ($0.value, $1.name) }
    }

    private var generator: [LoadCount] {
        let health = health
        return [
            LoadCount(name: "cpu", unit: "%", value: health.cpuPercent),
            LoadCount(name: "send_lateness_p99", unit: "ms", value: health.lateness),
            LoadCount(name: "loop_lag_p99", unit: "ms", value: health.lag),
            LoadCount(
                name: "clients_not_called", unit: "count", value: Fixed(clientsNotCalled)),
            LoadCount(name: "unread_mean", unit: "bytes", value: queues.unreadMean),
            LoadCount(name: "unread_most", unit: "bytes", value: Fixed(queues.unreadMost)),
            LoadCount(name: "unsent_mean", unit: "bytes", value: queues.unsentMean),
            LoadCount(name: "unsent_most", unit: "bytes", value: Fixed(queues.unsentMost)),
            LoadCount(
                name: "connections_behind", unit: "%", value: queues.behindPercent),
        ]
    }
}
