import Base
import Cloud
import Results
import Scenarios
import Testing

@testable import Simulation

/// What breaks, what heals it, and what does not: each fault both ways round.
@Suite struct FaultRunTests {
    /// A day with an hour of streams in the evening, all services in containers.
    private func contained(_ change: (inout Scenario) -> Void) -> RunResult {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.deployment = Plan.deployment(managed: false)
        scenario.deployment.instance.swap = .gibibytes(2)
        scenario.deployment.instance.rootVolume.size = .gibibytes(20)
        scenario.streamers[0].schedule[0].length = .hours(1)
        scenario.nodes[0].count = 1
        change(&scenario)
        return Plan.run(scenario)
    }

    @Test("every container comes back by its restart policy", arguments: Container.allCases)
    func healed(container: Container) {
        let result = contained {
            $0.faults = [Fault(kind: .containerCrash(container), at: .hours(12))]
        }
        #expect(result.interventions.isEmpty)
        #expect(result.outages.map(\.service) == [container.rawValue])
        #expect(result.outages.first?.healedBy == "restart policy unless-stopped")
        #expect(result.verdict("unattended")?.status == .pass)
    }

    @Test("without a restart policy a person must start it", arguments: Container.allCases)
    func dead(container: Container) throws {
        let result = contained {
            $0.faults = [Fault(kind: .containerCrash(container), at: .hours(12))]
            $0.deployment.containers.restart = .no
            $0.repairAfter = nil
        }
        let needed = try #require(result.interventions.first)
        #expect(needed.action == "docker start \(container.rawValue)")
        #expect(needed.at == Plan.start + .hours(12))
        #expect(result.outages.first { $0.service == container.rawValue }?.until == nil)
        let verdict = try #require(result.verdict("unattended"))
        #expect(verdict.status == .fail && verdict.firstBroken == needed.at)
    }

    @Test("a restart policy of on-failure survives a crash and not a reboot")
    func onFailure() {
        func struck(_ kind: FaultKind) -> RunResult {
            contained {
                $0.faults = [Fault(kind: kind, at: .hours(12))]
                $0.deployment.containers.restart = .onFailure
            }
        }
        #expect(struck(.containerCrash(.cache)).interventions.isEmpty)
        let rebooted = struck(.instanceReboot)
        #expect(
            rebooted.interventions.map(\.cause)
                == ["restart policy on-failure does not survive a reboot"])
        // The person comes after eight hours: all six services are back.
        #expect(rebooted.outages.count == 6)
        #expect(rebooted.outages.allSatisfy { $0.healedBy == "a person" })
    }

    @Test("a home that is away for longer than OBS keeps trying needs its owner")
    func homeForGood() throws {
        func away(_ length: Interval) -> RunResult {
            var scenario = Plan.fiveFriends(days: 1)
            scenario.faults = [
                Fault(kind: .homeOutage(home: "streamer-2", length: length), at: .hours(19))
            ]
            scenario.streamers[0].schedule[0].length = .hours(5)
            return Plan.run(scenario)
        }
        let short = away(.hours(2))
        #expect(short.interventions.isEmpty)
        #expect(short.outages.map(\.service) == ["streamer-2"])
        let outage = try #require(short.outages.first)
        #expect(outage.isHome && outage.cause == "home outage" && outage.healedBy == "itself")
        #expect(outage.from == Plan.start + .hours(19) && outage.until == Plan.start + .hours(21))
        let given = away(.hours(4) + .minutes(30)).interventions
        #expect(given.map(\.action) == ["press Start Streaming again"])
    }

    @Test("instance faults that meet an instance already down are told and change nothing")
    func overlapping() {
        let stop = FaultKind.instanceStopStart(off: .minutes(30))
        let result = contained {
            $0.faults = [
                Fault(kind: stop, at: .hours(5)),
                Fault(kind: stop, at: .hours(5) + .minutes(10)),
                Fault(kind: .instanceReboot, at: .hours(5) + .minutes(20)),
                Fault(kind: .containerCrash(.rtmp), at: .hours(5) + .minutes(25)),
            ]
        }
        #expect(result.interventions.isEmpty)
        #expect(result.outages.count == 6)
        for outage in result.outages {
            let length = (outage.until ?? .distantFuture) - outage.from
            #expect(length > .minutes(30) && length < .minutes(33), "\(outage.service)")
        }
        let told = result.events.filter { $0.detail.contains("down already") }
        #expect(told.count == 2)
    }

    @Test("a stopped instance costs its disk and address, and no hours")
    func stoppedHours() throws {
        let result = contained {
            $0.faults = [Fault(kind: .instanceStopStart(off: .hours(6)), at: .hours(2))]
        }
        func hours(_ id: String) throws -> Ratio {
            try #require(result.bill.lines.first { $0.id == id }).quantity
        }
        #expect(try hours("instance") == Ratio(18))
        #expect(try hours("ipv4-instance") == Ratio(24))
    }

    @Test("memory that runs out kills the largest; a policy heals it, else a person is needed")
    func outOfMemory() {
        func small(_ restart: RestartPolicy, swap: ByteCount) -> RunResult {
            contained {
                $0.deployment.instance.swap = swap
                $0.deployment.instance.machine = .custom(
                    cores: 2, coreShare: .whole, egress: .megabits(100), burst: .megabits(100),
                    memory: .mebibytes(700))
                $0.deployment.containers.restart = restart
                $0.repairAfter = nil
            }
        }
        let killed = small(.always, swap: ByteCount(bytes: 0))
        #expect(killed.figure("out_of_memory_kills") > .zero)
        #expect(killed.outages.first?.cause == "killed by the out-of-memory killer")
        // The policy starts it for ever, always in vain: a person is told, once.
        #expect(killed.interventions.map(\.service) == ["database"])
        #expect(killed.interventions.first?.cause.contains("ends each time") == true)
        // The high end of the profiles holds more than 700 MiB, the database most of it.
        #expect(killed.outages.first?.service == "database")
        // It comes back and goes at once, with longer and longer waits of Docker's in between.
        let again = killed.outages.filter { $0.service == "database" }
        #expect(again.count > 1_000 && again.count < 1_500, "\(again.count)")
        #expect(again.count > 1 && again[1].from < Plan.start + .minutes(1))
        #expect(small(.no, swap: ByteCount(bytes: 0)).interventions.first?.service == "database")
        #expect(small(.always, swap: .gibibytes(1)).figure("out_of_memory_kills") == .zero)
    }

    @Test("what sessions hold counts while they last, between two samples too")
    func memoryOfSessions() {
        func most(_ change: (inout Scenario) -> Void) -> Fixed {
            var scenario = Plan.fiveFriends(days: 1)
            scenario.duration = .hours(20)
            scenario.nodes = []
            scenario.streamers[0].schedule[0].from = ClockTime(minutes: 19 * 60 + 1)
            scenario.streamers[0].schedule[0].length = .minutes(2)
            change(&scenario)
            return Plan.run(scenario).figure("memory_used_max_bytes")
        }
        let idle = most {
            $0.streamers = []
            $0.viewers = []
        }
        // SRS: five publishers of 1.1 MB and fifteen players of 66 kB, and 80 kB for each call that
        // is under way at the coordinator.
        let more = (most { _ in }.millionths - idle.millionths) / 1_000_000
        #expect((6_490_000...6_490_000 + 20 * 80_000).contains(more), "\(more)")
    }

    @Test("a front on the instance moves with its address, until the friends know the new one")
    func addressOfFront() {
        func run(_ isElastic: Bool) -> RunResult {
            contained {
                $0.deployment.instance.elasticAddress = isElastic
                $0.faults = [Fault(kind: .instanceStopStart(off: .minutes(5)), at: .hours(2))]
                $0.repairAfter = .hours(4)
            }
        }
        let moved = run(false)
        #expect(
            moved.interventions.first?.action
                == "tell every friend the new addresses of RTMP and HTTPS")
        let lost =
            run(true).figure("dashboard_probes_good").millionths
            - moved.figure("dashboard_probes_good").millionths
        // One look a minute, for four hours.
        #expect(abs(lost - 240_000_000) <= 10_000_000)
        #expect(moved.verdict("dashboard-https")?.status == .fail)
    }

    @Test("idle programs use CPU again after a reboot, a stop and a crash, with nobody on the air")
    func idleUse() {
        func used(_ faults: FaultKind...) -> Fixed {
            var scenario = Plan.fiveFriends(days: 1)
            scenario.streamers = []
            scenario.viewers = []
            scenario.nodes = []
            scenario.faults = faults.map { Fault(kind: $0, at: .hours(6)) }
            return Plan.run(scenario).figure("cpu_seconds")
        }
        let whole = used()
        #expect(whole > Fixed(60))
        // A minute or two of a day's.
        for fault in [
            FaultKind.instanceReboot, .containerCrash(.coordinator), .containerCrash(.rtmp),
        ] {
            #expect(used(fault) < whole && used(fault).millionths > whole.millionths * 99 / 100)
        }
        let stopped = used(.instanceStopStart(off: .hours(6))).millionths
        #expect(abs(stopped - whole.millionths * 3 / 4) < whole.millionths / 100)
    }

    @Test("a full disk stays full through a reboot, until a person makes room")
    func fullDisk() throws {
        let result = contained {
            $0.deployment.containers.logIdle = .megabits(8)
            $0.deployment.instance.rootVolume.size = .gibibytes(8)
            $0.faults = [Fault(kind: .instanceReboot, at: .hours(6))]
            $0.repairAfter = .hours(10)
        }
        let full = try #require(result.interventions.first)
        #expect(full.cause == "the root volume is full" && full.at < Plan.start + .hours(6))
        let away = try #require(result.outages.first { $0.service == "database" })
        #expect(away.until == full.at + .hours(10) && away.healedBy == "a person")
        #expect(result.outages.contains { $0.service == "rtmp" && $0.healedBy != "a person" })
    }

    @Test("a health check of an unknown path fails, and the load balancer fails open")
    func failOpen() {
        func run(_ path: String) -> RunResult {
            var scenario = Plan.fiveFriends(days: 1)
            scenario.deployment.front = .loadBalancer(zones: 2, healthPath: path)
            return Plan.run(scenario)
        }
        let wrong = run("/status")
        // The last one is under way when the day ends.
        let passed =
            wrong.figure("health_checks").millionths
            - wrong.figure("health_checks_failed").millionths
        #expect(passed <= 1_000_000)
        #expect(wrong.events.contains { $0.kind == "target-unhealthy" })
        #expect(wrong.verdict("dashboard-https")?.status == .pass)
        #expect(run("/").figure("health_checks_failed") == .zero)
    }

    @Test("what is cut by the end of the run was not cut by the platform")
    func interrupted() throws {
        let options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        let runner = try #require(Runner(Plan.fiveFriends(days: 2), options))
        // Local and UTC time are one in a Dublin December; sessions run from 19 to 23 h.
        let result = runner.run { $0.done < .hours(21) }.result
        #expect(result.partial != nil && result.simulated == .hours(21))
        #expect(result.figure("publish_cut") == .zero)
        #expect(result.figure("streams_at_once_max") == Fixed(5))
        let verdict = try #require(result.verdict("rtmp-reliable"))
        #expect(verdict.value > Fixed(99) && verdict.status == .pass)
    }

    @Test("a run that was cut owes nothing to who has not come yet")
    func onTheWay() throws {
        let options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        var scenario = Plan.fiveFriends(days: 1)
        scenario.viewers[0].arriveWithin = .hours(3)
        let runner = try #require(Runner(scenario, options))
        let result = runner.run { $0.done < .hours(20) }.result
        let wanted = result.figure("viewer_wanted_seconds")
        let played = result.figure("viewer_played_seconds")
        // Each waits for a second of media at most.
        #expect(wanted.millionths - played.millionths < 15 * 1_000_000)
        #expect(wanted > played && result.figure("viewer_sessions") == Fixed(15))
    }
}
