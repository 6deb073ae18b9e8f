import Base
import Cloud
import Results
import Scenarios

@testable import Simulation

/// The plan as meant, in code, so that tests can change one thing at a time.
enum Plan {
    static let start = CivilTime(year: 2026, month: 12, day: 1).instantUTC

    static func rules(managed: Bool) -> [NetworkRule] {
        var rules = [
            NetworkRule(from: .internet, to: .instance, port: 1_935),
            NetworkRule(from: .internet, to: .instance, port: 22),
            NetworkRule(from: .internet, to: .instance, port: 8_081),
        ]
        if managed {
            rules += [
                NetworkRule(from: .internet, to: .loadBalancer, port: 443),
                NetworkRule(from: .loadBalancer, to: .instance, port: 8_000),
                NetworkRule(from: .instance, to: .database, port: 5_432),
                NetworkRule(from: .instance, to: .cache, port: 6_379),
            ]
        } else {
            rules.append(NetworkRule(from: .internet, to: .instance, port: 443))
        }
        return rules
    }

    static func deployment(managed: Bool = true) -> Deployment {
        Deployment(
            region: "eu-west-1",
            instance: InstancePlan(
                machine: .type("t3.micro"), credits: .unlimited, elasticAddress: true,
                rootVolume: VolumePlan(size: .gibibytes(8), type: .gp2), image: .amazonLinux2,
                networkBurst: ByteCount(bytes: 113_000_000_000), swap: ByteCount(bytes: 0)),
            rtmp: RTMPPlan(
                profile: "srs", connectionsMax: 1_000, queue: .seconds(10),
                mergedWrite: .milliseconds(350), keyRequired: true),
            database: managed
                ? .managed(
                    instanceClass: "db.t3.micro",
                    storage: VolumePlan(size: .gibibytes(100), type: .gp2), multiAZ: false,
                    backupDays: 7, engineVersion: 15) : .container,
            cache: managed
                ? .managed(nodeType: "cache.t4g.micro", engine: .redis)
                : .container(memoryMax: .mebibytes(64)),
            front: managed ? .loadBalancer(zones: 2, healthPath: "/health") : .container,
            containers: ContainerPlan(
                restart: .unlessStopped, logDriver: .jsonFile, dockerEnabled: true,
                logIdle: .kilobits(1), logPerCall: ByteCount(bytes: 200),
                images: .mebibytes(1_200)),
            rules: rules(managed: managed), secrets: 1, zones: 1, alarms: false)
    }

    static let cable = HomeKind(
        name: "cable", uplink: .megabits(20), downlink: .megabits(100), delay: .milliseconds(15),
        loss: .zero, congestion: .cubic, evening: nil, rebootEvery: nil,
        rebootLength: .minutes(3), addressChanges: true)

    static let media = MediaPlan(
        video: .kilobits(2_500), audio: .kilobits(128), framesPerSecond: 30,
        keyFrameEvery: .seconds(2), keyFrameRatio: 8, variation: .zero,
        variationEvery: .seconds(10))

    static func fiveFriends(days: Int64 = 30, home: HomeKind = cable) -> Scenario {
        Scenario(
            name: "five-friends", summary: "The plan as meant.", seed: 1, start: start,
            duration: .days(days), deployment: deployment(),
            pricing: Pricing(regime: .onDemand, budgetCents: 3_000, creditsCents: 0, tax: nil),
            homes: [home],
            streamers: [
                StreamerGroup(
                    name: "streamer", count: 5, home: home.name, timeZone: "Europe/Dublin",
                    schedule: [
                        ScheduleEntry(
                            weekdays: [0, 1, 2, 3, 4, 5, 6], from: ClockTime(minutes: 19 * 60),
                            length: .hours(4), jitter: .zero)
                    ], media: media)
            ],
            viewers: [
                ViewerGroup(
                    name: "viewer", count: 3, home: home.name, streams: nil, source: .server,
                    arriveWithin: .zero, stay: nil, window: nil, buffer: .seconds(1),
                    patience: .seconds(30), returnsAfter: .minutes(2))
            ],
            nodes: [
                NodeGroup(
                    name: "node", count: 5, home: home.name, streams: nil, portForwarding: true,
                    viewersMax: 8)
            ], dashboard: DashboardUse(visitsPerDay: 20, home: home.name), scansPerHour: 60,
            trustRule: .spotChecks, faults: [], repairAfter: .hours(8),
            criteria: Criteria(
                reachable: .percent(99), delivered: .percent(99), dashboard: .percent(99),
                uptime: .percent(99), friends: 5, concurrentStreams: 2),
            gates: [])
    }

    static func run(_ scenario: Scenario, _ fidelity: Runner.Fidelity = .fluid) -> RunResult {
        let options = Runner.Options(fidelity: fidelity, findsRemedies: false, traceHour: nil)
        guard let runner = Runner(scenario, options) else { fatalError("no price book") }
        return runner.run { _ in true }.result
    }
}

extension RunResult {
    func figure(_ name: String) -> Fixed { figures.first { $0.name == name }?.value ?? .zero }
    func verdict(_ id: String) -> Verdict? { verdicts.first { $0.id == id } }
}
