import Base
import Cloud
import Results
import Scenarios
import Testing

@testable import Simulation

/// Runs of scenarios that nobody would write: odd combinations of machines, homes, people and
/// faults, drawn from the seed.
///
/// Method: each field is given one of a few values that are valid alone, the extremes among them;
/// the run must end, with a ruling on every criterion and a bill.
@Suite struct MutationRunTests {
    @Test("odd scenarios neither crash nor hang", arguments: [UInt64(1), 20_261_125])
    func odd(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        for round in 0..<8 {
            let scenario = Self.scenario(&random)
            let fidelity: Runner.Fidelity = round % 4 == 3 ? .frame : .fluid
            let result = Plan.run(scenario, fidelity)
            #expect(result.verdicts.count == 8, "seed \(seed), round \(round)")
            #expect(result.partial == nil && result.simulated == scenario.duration)
            #expect(result.bill.total730h > .zero)
            #expect(throws: Never.self, "seed \(seed), round \(round) is no valid file") {
                try ScenarioFile(tree: scenario.tree)
            }
        }
    }

    private static func scenario(_ random: inout Random) -> Scenario {
        func pick<T>(_ values: T...) -> T { values[Int(random.below(UInt64(values.count)))] }
        var scenario = Plan.fiveFriends(days: 1)
        scenario.name = "odd"
        scenario.seed = random.below(1_000)
        scenario.duration = pick(.hours(7), .hours(22), .hours(26))
        scenario.deployment = Plan.deployment(managed: pick(true, false))
        scenario.repairAfter = pick(nil, .zero, .minutes(10), .hours(8))
        scenario.pricing = Pricing(
            regime: pick(.onDemand, .legacyFreeTier, .freePlan), budgetCents: 3_000,
            creditsCents: pick(100, 20_000), tax: pick(nil, .percent(23)))
        var home = Plan.cable
        home.uplink = pick(.kilobits(1), .kilobits(300), .kilobits(2_600), .kilobits(2_850))
        home.downlink = pick(.kilobits(1), .megabits(2), .megabits(8), .megabits(1_000))
        home.loss = pick(.zero, .percent(2), .percent(50))
        home.congestion = pick(.reno, .cubic, .bbr)
        home.rebootEvery = pick(nil, .hours(1), .hours(5))
        home.rebootLength = pick(.seconds(1), .minutes(3), .hours(2))
        scenario.homes = [home]
        scenario.streamers[0].count = pick(1, 3)
        scenario.streamers[0].schedule[0].length = pick(.minutes(1), .hours(1), .hours(4))
        scenario.streamers[0].media.variation = pick(.zero, .percent(30))
        scenario.streamers[0].media.video = pick(.kilobits(100), .kilobits(2_500))
        scenario.viewers[0].count = pick(1, 4)
        scenario.viewers[0].source = pick(.server, .coordinator)
        scenario.viewers[0].patience = pick(.seconds(1), .seconds(30))
        scenario.viewers[0].returnsAfter = pick(nil, .seconds(1), .minutes(2))
        scenario.viewers[0].buffer = pick(.milliseconds(50), .seconds(1), .minutes(1))
        scenario.nodes[0].count = pick(1, 3)
        scenario.nodes[0].portForwarding = pick(true, false)
        change(&scenario.deployment, &random)
        for _ in 0..<random.below(8) { scenario.faults.append(fault(&random)) }
        scenario.faults.removeAll { $0.at >= scenario.duration }
        return scenario
    }

    private static func change(_ deployment: inout Deployment, _ random: inout Random) {
        func pick<T>(_ values: T...) -> T { values[Int(random.below(UInt64(values.count)))] }
        deployment.instance.machine = pick(
            .type("t3.micro"), .type("t4g.small"),
            .custom(
                cores: 1, coreShare: .percent(5), egress: .megabits(5), burst: .megabits(5),
                memory: .mebibytes(512)))
        deployment.instance.credits = pick(.standard, .unlimited)
        deployment.instance.elasticAddress = pick(true, false)
        deployment.instance.rootVolume.size = pick(.gibibytes(4), .gibibytes(8))
        deployment.instance.networkBurst = ByteCount(bytes: pick(0, 1_000_000_000))
        deployment.containers.restart = pick(.no, .onFailure, .always, .unlessStopped)
        deployment.containers.dockerEnabled = pick(true, false)
        deployment.containers.logIdle = pick(.kilobits(1), .megabits(8), .megabits(1_000))
        deployment.rtmp.connectionsMax = pick(1, 3, 1_000)
        deployment.rtmp.queue = pick(.seconds(1), .seconds(10))
        if pick(true, false, false, false) { deployment.rules = [] }
    }

    private static func fault(_ random: inout Random) -> Fault {
        func pick<T>(_ values: T...) -> T { values[Int(random.below(UInt64(values.count)))] }
        let kind: FaultKind = pick(
            .instanceReboot, .instanceStopStart(off: pick(.seconds(1), .minutes(10), .hours(5))),
            .containerCrash(Container.allCases[Int(random.below(3))]),
            .homeOutage(home: "streamer-1", length: pick(.seconds(1), .hours(5))))
        return Fault(kind: kind, at: pick(.zero, .seconds(1), .hours(3), .hours(19), .hours(21)))
    }
}
