import Base
import Cloud
import Results
import Scenarios
import Testing

@testable import Simulation

/// Whole runs: method: change one thing in the plan and look at the verdict it should move.
@Suite struct RunTests {
    static let twoDays = Plan.run(Plan.fiveFriends(days: 2))

    @Test("what a gate can ask about is what a run measures")
    func metrics() {
        #expect(Self.twoDays.series.columns.map(\.name) == Metrics.columns)
        #expect(Self.twoDays.figures.map(\.name) == Metrics.figures)
    }

    @Test("two evenings of five friends are seen whole, and only the bill fails")
    func plan() {
        let result = Self.twoDays
        #expect(result.verdicts.filter { $0.status == .fail }.map(\.id) == ["cost-under-budget"])
        #expect(result.figure("publish_sessions") == Fixed(10))
        #expect(result.figure("viewer_sessions") == Fixed(30))
        #expect(result.figure("stall_seconds") == .zero)
        #expect(result.figure("streams_at_once_max") == Fixed(5))
        #expect(result.hours.count == 48)
    }

    @Test("bytes are conserved: every byte of egress has one purpose, and the bill sees all")
    func conservation() {
        let result = Self.twoDays
        let parts = [
            "egress_viewers_bytes", "egress_nodes_bytes", "egress_control_bytes",
            "egress_scans_bytes",
        ].reduce(Int128(0)) { $0 + result.figure($1).millionths }
        let whole = result.figure("egress_bytes").millionths
        // Each purpose is rounded down on its own.
        #expect(abs(parts - whole) <= 3_000_000)
        let line = result.bill.lines.first { $0.id == "egress" }
        #expect(line?.quantity == Ratio(whole / 1_000_000, over: 1_000_000_000))
    }

    @Test("viewers get the clip's own rate and its framing, no more")
    func rate() {
        let shape = MediaShape(Plan.media, video: Plan.media.video)
        let seconds = Self.twoDays.figure("viewer_played_seconds").millionths / 1_000_000
        let bytes = Self.twoDays.figure("egress_viewers_bytes").millionths / 1_000_000
        let expected = seconds * Int128(shape.content)
        #expect(abs(bytes - expected) * 1_000 < expected)
    }

    @Test("the same scenario and seed give the same result, another seed another fingerprint")
    func reproducible() {
        let scenario = Plan.fiveFriends(days: 1)
        let a = Plan.run(scenario)
        #expect(a == Plan.run(scenario))
        var other = scenario
        other.seed = 2
        #expect(a.fingerprint != Plan.run(other).fingerprint)
    }

    @Test("frames beside the fluid agree on bytes, CPU and bill, and change nothing")
    func frames() {
        var scenario = Plan.fiveFriends(days: 1)
        // Whole evenings are compared by the release build (FidelityTests).
        scenario.streamers[0].schedule[0].length = .hours(1)
        let fluid = Plan.run(scenario)
        let frame = Plan.run(scenario, .frame)
        #expect(frame.hours == fluid.hours)
        #expect(frame.bill.total730h.cents == fluid.bill.total730h.cents)
        guard let report = frame.fidelity else {
            Issue.record("no fidelity report")
            return
        }
        for row in report.rows where ["egress_bytes", "cpu_seconds"].contains(row.name) {
            let difference = abs(row.fluid.millionths - row.frame.millionths)
            #expect(difference * 100 <= row.frame.millionths, "\(row.name)")
        }
    }

    @Test("a window's frames cross as real bytes, arrive as they were sent, and change nothing")
    func window() throws {
        let scenario = Plan.fiveFriends(days: 1)
        let from = Interval.hours(20)
        let window = RunWindow(from: from, until: from + .seconds(5))
        let result = Plan.run(scenario, .window(window, captures: false))
        #expect(result.fingerprint == Plan.run(scenario).fingerprint)
        let rows = try #require(result.fidelity).rows
        let messages = try #require(rows.first { $0.name == "rtmp_messages" })
        #expect(messages.fluid == messages.frame)
        // Five publishers send 30 pictures and 43 audio frames a second; players are on top.
        #expect(messages.fluid > Fixed(5 * 73 * 5))
        for name in ["rtmp_ingress_bytes", "rtmp_egress_bytes"] {
            let row = try #require(rows.first { $0.name == name })
            let difference = abs(row.fluid.millionths - row.frame.millionths)
            #expect(difference * 100 <= row.frame.millionths, "\(name)")
        }
    }

    @Test("runs that differ in a fault share their past and not their future")
    func prefixes() {
        var scenario = Plan.fiveFriends(days: 2)
        scenario.faults = [Fault(kind: .containerCrash(.rtmp), at: .hours(30) + .minutes(1))]
        let broken = Plan.run(scenario)
        #expect(broken.hours[..<30] == Self.twoDays.hours[..<30])
        #expect(broken.hours[30] != Self.twoDays.hours[30])
    }

    // MARK: Faults, both ways round

    private func struck(
        _ kind: FaultKind, at: Interval, _ change: (inout Deployment) -> Void
    ) -> RunResult {
        var scenario = Plan.fiveFriends(days: 2)
        scenario.faults = [Fault(kind: kind, at: at)]
        change(&scenario.deployment)
        return Plan.run(scenario)
    }

    @Test("a crashed container comes back by its restart policy, or a person is needed")
    func crash() {
        let healed = struck(.containerCrash(.rtmp), at: .hours(20)) { _ in }
        #expect(healed.interventions.isEmpty)
        #expect(healed.outages.first?.healedBy == "restart policy unless-stopped")
        #expect(healed.figure("publish_cut") == Fixed(5))
        #expect(healed.verdict("concurrent-friends")?.status == .pass)
        let dead = struck(.containerCrash(.rtmp), at: .hours(20)) { $0.containers.restart = .no }
        #expect(dead.interventions.first?.action == "docker start rtmp")
        #expect(dead.verdict("unattended")?.status == .fail)
    }

    @Test("a reboot heals where Docker is enabled, and needs a person where it is not")
    func reboot() {
        let healed = struck(.instanceReboot, at: .hours(10)) { _ in }
        #expect(healed.interventions.isEmpty)
        #expect(healed.outages.count == 3)
        #expect(healed.outages.allSatisfy { $0.until != nil })
        let dead = struck(.instanceReboot, at: .hours(10)) {
            $0.containers.dockerEnabled = false
        }
        #expect(dead.interventions.map(\.cause) == ["docker.service is not enabled"])
    }

    @Test("stop and start changes the address unless it is elastic")
    func address() {
        let fault = FaultKind.instanceStopStart(off: .minutes(5))
        #expect(struck(fault, at: .hours(10)) { _ in }.interventions.isEmpty)
        let lost = struck(fault, at: .hours(10)) { $0.instance.elasticAddress = false }
        #expect(lost.interventions.first?.action == "tell every friend the new RTMP address")
        // Told eight hours later, at 18:00, they stream at 19:00 again.
        #expect(lost.figure("publish_sessions") == Fixed(10))
    }

    @Test("a home that goes away cuts its stream, and the encoder finds its way back")
    func home() {
        let result = struck(
            .homeOutage(home: "streamer-2", length: .minutes(10)), at: .hours(20)
        ) { _ in }
        #expect(result.figure("publish_cut") == Fixed(1))
        #expect(result.figure("publish_sessions") == Fixed(11))
        #expect(result.interventions.isEmpty)
    }

    @Test("logs without a bound fill a small disk; bounded ones do not")
    func disk() {
        func run(_ driver: LogDriver) -> RunResult {
            var scenario = Plan.fiveFriends(days: 2)
            scenario.deployment.containers.logDriver = driver
            scenario.deployment.containers.logIdle = .megabits(1)
            return Plan.run(scenario)
        }
        #expect(run(.jsonFile).interventions.first?.cause == "the root volume is full")
        #expect(run(.local).interventions.isEmpty)
    }

    @Test("an uplink below the bit rate makes the encoder drop frames, and the verdict fails")
    func narrow() {
        var home = Plan.cable
        home.uplink = .kilobits(2_400)
        let result = Plan.run(Plan.fiveFriends(days: 1, home: home))
        #expect(result.figure("frames_dropped_encoder") > Fixed(1_000))
        let ample = Plan.run(Plan.fiveFriends(days: 1))
        #expect(ample.figure("frames_dropped_encoder") == .zero)
    }

    @Test("narrow uplinks drop and stall alike, fluid and by frames", arguments: [100, 500, 2_000])
    func narrowByFrames(kilobits: Int64) {
        var scenario = Plan.fiveFriends(days: 1)
        var narrow = Plan.cable
        narrow.name = "narrow"
        narrow.uplink = .kilobits(kilobits)
        scenario.homes.append(narrow)
        scenario.streamers[0].count = 1
        scenario.streamers[0].home = "narrow"
        scenario.streamers[0].schedule[0].length = .minutes(20)
        scenario.nodes = []
        let (fluid, frame) = (Plan.run(scenario), Plan.run(scenario, .frame))
        func pair(_ name: String) -> (Int128, Int128) {
            (fluid.figure(name).millionths, frame.figure(name).millionths)
        }
        let dropped = pair("frames_dropped_encoder")
        #expect(dropped.0 <= 20 * 60 * 30 * 1_000_000)
        #expect(abs(dropped.0 - dropped.1) * 20 <= dropped.1, "\(dropped)")
        let stalled = pair("stall_seconds")
        // Below its sound's rate most of the time is waiting, else nothing is.
        #expect((stalled.1 > 1_000_000_000) == (kilobits == 100))
        #expect(abs(stalled.0 - stalled.1) * 20 <= stalled.1, "\(stalled)")
    }

    @Test("without a rule for 443 nobody reaches the dashboard")
    func rules() {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.deployment.rules.removeAll { $0.port == 443 }
        let result = Plan.run(scenario)
        #expect(result.verdict("dashboard-https")?.status == .fail)
        #expect(result.verdict("reachable-from-outside")?.status == .fail)
    }

    @Test("a Free plan whose credits are gone closes the account, until a person upgrades it")
    func freePlan() throws {
        var scenario = Plan.fiveFriends(days: 3)
        scenario.pricing = Pricing(
            regime: .freePlan, budgetCents: 3_000, creditsCents: 500, tax: nil)
        scenario.repairAfter = nil
        let closed = Plan.run(scenario)
        let need = try #require(closed.interventions.first)
        #expect(need.service == "account")
        // Encoders that give up after that need someone to press the button.
        #expect(closed.interventions.dropFirst().allSatisfy { $0.service == "streamer" })
        // Five dollars last for as long as the bill takes to come to them, seen by the hour.
        let costs = try #require(closed.series.columns.first { $0.name == "cost_so_far" }).values
        let row = try #require(costs.firstIndex { $0 >= Fixed(5) })
        #expect(need.at == closed.series.start + closed.series.step * Int64(row + 1))
        // But for the last groups of pictures of those who were cut off: kilobytes.
        let last = try #require(costs.last)
        #expect(abs(last.millionths - costs[row].millionths) < 1_000)
        for service in ["rtmp", "database", "cache", "front"] {
            #expect(closed.figure("uptime_\(service)_percent") < Fixed(80), "\(service)")
        }
        #expect(closed.verdict("unattended")?.status == .fail)
        #expect(closed.verdict("rtmp-reliable")?.status == .fail)

        scenario.repairAfter = .hours(1)
        let upgraded = Plan.run(scenario)
        #expect(upgraded.interventions.map(\.service) == ["account"])
        #expect(!upgraded.outages.isEmpty)
        #expect(
            upgraded.outages.allSatisfy { $0.healedBy == "a person, who upgraded the account" },
            "\(upgraded.outages)")
        #expect(upgraded.figure("uptime_rtmp_percent") > Fixed(98))
        #expect(upgraded.figure("publish_sessions") >= Fixed(15))
    }

    @Test("an evening slows the lines of viewers down, and ends")
    func eveningOfViewers() {
        var slow = Plan.cable
        slow.name = "slow"
        slow.downlink = .megabits(4)
        slow.evening = EveningSlowdown(
            from: ClockTime(minutes: 20 * 60), until: ClockTime(minutes: 21 * 60),
            left: Share(millionths: 500_000))
        var scenario = Plan.fiveFriends(days: 1)
        scenario.homes.append(slow)
        for index in scenario.viewers.indices { scenario.viewers[index].home = "slow" }
        let stalled = Plan.run(scenario).figure("stall_seconds")
        // Fifteen viewers need 2.7 of 4 Mbit/s and get 2 for an hour: about a quarter of it is
        // missing.
        #expect(stalled > Fixed(15 * 3_600 / 8) && stalled < Fixed(15 * 3_600 / 2), "\(stalled)")
        scenario.homes[scenario.homes.count - 1].evening = nil
        #expect(Plan.run(scenario).figure("stall_seconds") == .zero)
    }

    @Test("what the price book does not know keeps the budget from passing")
    func unpriced() {
        var scenario = Plan.fiveFriends(days: 2)
        scenario.pricing.budgetCents = 100_000
        #expect(Plan.run(scenario).verdict("cost-under-budget")?.status == .pass)
        scenario.deployment.cache = .managed(nodeType: "cache.t9.huge", engine: .redis)
        #expect(Plan.run(scenario).verdict("cost-under-budget")?.status == .inconclusive)
    }

    @Test("a run ends at its end and not at its last event, whatever its length")
    func lengths() {
        for duration in [Interval.seconds(1), .milliseconds(90_500), .minutes(7) + .seconds(1)] {
            var scenario = Plan.fiveFriends(days: 1)
            scenario.duration = duration
            let result = Plan.run(scenario)
            #expect(result.simulated == duration)
            let hours = Ratio(Int128(duration.wholeSeconds), over: 3_600)
            #expect(result.bill.lines.first { $0.id == "instance" }?.quantity == hours)
        }
    }

    /// Method: half of the downlink is missing, and a queue of a second never holds a whole group
    /// of pictures of two.
    @Test("a queue shorter than a group of pictures is emptied, and time goes on")
    func shortQueue() {
        var home = Plan.cable
        home.downlink = .megabits(2)
        var scenario = Plan.fiveFriends(days: 1, home: home)
        scenario.duration = .hours(20)
        scenario.deployment.rtmp.queue = .seconds(1)
        scenario.streamers[0].count = 1
        scenario.viewers[0].count = 1
        scenario.nodes = []
        let result = Plan.run(scenario)
        let sent = result.figure("frames_sent").millionths
        let dropped = result.figure("frames_dropped_queue").millionths
        // Of 2.85 Mbit/s on the wire 2 get through, stalls and all.
        #expect(dropped > sent / 10 && dropped < sent / 2, "\(dropped) of \(sent)")
    }

    @Test("merged writes hold a frame back for half of their time")
    func mergedWrite() throws {
        func delay(_ mergedWrite: Interval) throws -> Fixed {
            var scenario = Plan.fiveFriends(days: 1)
            scenario.deployment.rtmp.mergedWrite = mergedWrite
            let from = Interval.hours(20)
            let window = RunWindow(from: from, until: from + .seconds(2))
            let report = try #require(
                Plan.run(scenario, .window(window, captures: false)).fidelity)
            return try #require(report.rows.first { $0.name == "queue_delay_mean_ms" }).frame
        }
        let more = try delay(.milliseconds(350)).millionths - delay(.zero).millionths
        #expect(more == 175_000_000)
    }

    @Test("what answers a health check stays inside: no traffic to the internet")
    func healthChecks() {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.streamers = []
        scenario.viewers = []
        scenario.nodes = []
        scenario.duration = .hours(2)
        let balanced = Plan.run(scenario)
        scenario.deployment.front = .container
        scenario.deployment.rules.append(
            NetworkRule(from: .internet, to: .instance, port: 443))
        let direct = Plan.run(scenario)
        #expect(balanced.figure("health_checks") > Fixed(100))
        #expect(direct.figure("health_checks") == .zero)
        #expect(
            balanced.figure("egress_control_bytes") == direct.figure("egress_control_bytes"))
    }

    @Test("classes without credits and large disks run; connections follow the memory")
    func classes() throws {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.duration = .hours(1)
        let classes = [("db.t3.micro", 80), ("db.t3.medium", 418), ("db.m6i.large", 868)]
        for (type, connections) in classes {
            scenario.deployment.database = .managed(
                instanceClass: type, storage: VolumePlan(size: .gibibytes(399), type: .gp2),
                multiAZ: false, backupDays: 0, engineVersion: 17)
            scenario.deployment.cache = .managed(nodeType: "cache.m6i.large", engine: .redis)
            let book = try #require(PriceBook.shipped(region: scenario.deployment.region))
            var world = World(scenario, costEnd: .high, traceHour: nil, book: book)
            world.run(until: Plan.start + .minutes(5))
            let made = world.databaseMachine
            let machine = try #require(made)
            #expect(machine.plan.connectionsMax == connections, "\(type)")
            #expect(machine.plan.backupOffset == nil)
            #expect(machine.credits.used.whole > 0)
        }
    }

    @Test("a run too short to judge is inconclusive, never a pass")
    func short() {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.duration = .minutes(30)
        let result = Plan.run(scenario)
        for id in ["unattended", "cost-under-budget", "rtmp-reliable", "hardening-defined"] {
            #expect(result.verdict(id)?.status == .inconclusive, "\(id)")
        }
    }
}
