import Base
import Cloud
import Results
import Scenarios

extension SampleRun {
    /// Five streams of three viewers every evening, credits that fall and recover, a filling disk.
    static func series(days: Int64) -> Series {
        let step = Interval.minutes(5)
        let rows = Int(Interval.days(days).nanoseconds / step.nanoseconds)
        var random = Random(seed: 7)
        var columns = [
            ("egress_rate", "Mbit/s"), ("ingress_rate", "Mbit/s"), ("cpu", "%"),
            ("cpu_credits", "credits"), ("memory", "MiB"), ("root_disk", "GiB"),
            ("viewers", "count"), ("streams", "count"), ("cost", "USD"),
        ].map { Series.Column(name: $0, unit: $1, values: []) }
        var (credits, cost): (Int64, Int64) = (144_000_000, 0)
        for row in 0..<rows {
            let minute = Int64(row) * 5 % 1_440
            let weekend = (row / 288 + 1) % 7 >= 5
            let live = live(minute: minute, weekend: weekend)
            let egress = live * 3 * 2_774_000 + Int64(random.below(900_000)) * live
            let cpu = live * 4_600_000 + Int64(random.below(2_500_000)) + 1_800_000
            credits = min(288_000_000, max(0, credits + 1_000_000 - cpu / 10))
            cost += 9_160 + egress / 8 * 300 / 1_000_000_000 * 90_000 / 1_000
            let disk = min(8_000_000, 3_200_000 + Int64(row) * 930)
            let row: [Int64] = [
                egress, live * 2_774_000, cpu, credits,
                412_000_000 + live * 21_000_000 + Int64(random.below(6_000_000)), disk,
                live * 3_000_000, live * 1_000_000, cost,
            ]
            for column in columns.indices {
                columns[column].values.append(Fixed(millionths: Int128(row[column])))
            }
        }
        return Series(start: start, step: step, columns: columns)
    }

    private static func live(minute: Int64, weekend: Bool) -> Int64 {
        let friends = (0..<5).count { friend in
            let from = Int64(weekend ? 900 : 1_110) + Int64(friend) * 25
            return minute >= from && minute < from + 240
        }
        return Int64(friends)
    }

    static func events(days: Int64) -> [LogEntry] {
        var random = Random(seed: 11)
        var events: [LogEntry] = []
        for day in 0..<days {
            for friend in 1...5 {
                let from =
                    start + .days(day) + .minutes(1_110 + Int64(friend) * 25)
                    + .milliseconds(Int64(random.below(60_000)))
                let name = "streamer-\(friend)"
                events.append(entry(from, "publish", name, "session \(day * 5 + Int64(friend))"))
                events.append(entry(from + .seconds(1), "stream-live", name, "READY → LIVE"))
                for viewer in 1...3 {
                    let at = from + .seconds(20) * Int64(viewer)
                    events.append(entry(at, "play", "viewer-\(friend)-\(viewer)", "from rtmp"))
                }
                events.append(entry(from + .hours(4), "stream-offline", name, "LIVE → OFFLINE"))
            }
        }
        events.append(
            entry(start + .days(18) + .hours(3), "disk-full", "instance", "8.0 GiB of 8.0 GiB"))
        return events.sorted { ($0.at, $0.entity) < ($1.at, $1.entity) }
    }

    private static func entry(
        _ at: Instant, _ kind: String, _ entity: String, _ detail: String
    ) -> LogEntry {
        LogEntry(at: at, kind: kind, entity: entity, detail: detail)
    }

    static func scenario(days: Int64) -> Scenario {
        Scenario(
            name: "five-friends",
            summary: "The plan as meant: five friends stream four hours a day to three viewers "
                + "each, for a month.",
            seed: 7, start: start, duration: .days(days), deployment: deployment,
            pricing: Pricing(regime: .onDemand, budgetCents: 3_000, creditsCents: 0, tax: nil),
            homes: [], streamers: [], viewers: [], nodes: [],
            dashboard: DashboardUse(visitsPerDay: 20, home: "fibre"), scansPerHour: 60,
            trustRule: .spotChecks, faults: [], repairAfter: nil,
            criteria: Criteria(
                reachable: .percent(99), delivered: .percent(99), dashboard: .percent(99),
                uptime: .percent(99), friends: 5, concurrentStreams: 5),
            gates: [
                Gate(
                    metric: "cpu", aggregate: .p95, comparison: .less, value: Fixed(80),
                    window: nil),
                Gate(
                    metric: "egress_rate", aggregate: .max, comparison: .less,
                    value: Fixed(40),
                    window: RunWindow(from: .days(7), until: .days(14))),
                Gate(
                    metric: "no_such_metric", aggregate: .mean, comparison: .less, value: Fixed(1),
                    window: nil),
            ])
    }

    private static let deployment = Deployment(
        region: "eu-west-1",
        instance: InstancePlan(
            machine: .type("t3.micro"), credits: .unlimited, elasticAddress: false,
            rootVolume: VolumePlan(size: .gibibytes(8), type: .gp2), image: .amazonLinux2023,
            networkBurst: .gibibytes(12), swap: .gibibytes(0)),
        rtmp: RTMPPlan(
            profile: "srs-5", connectionsMax: 1_000, queue: .seconds(10),
            mergedWrite: .milliseconds(350), keyRequired: true),
        database: .managed(
            instanceClass: "db.t3.micro",
            storage: VolumePlan(size: .gibibytes(100), type: .gp2), multiAZ: false,
            backupDays: 7, engineVersion: 15),
        cache: .managed(nodeType: "cache.t4g.micro", engine: .redis),
        front: .loadBalancer(zones: 2, healthPath: "/health"),
        containers: ContainerPlan(
            restart: .always, logDriver: .jsonFile, dockerEnabled: true,
            logIdle: .kilobits(24), logPerCall: ByteCount(bytes: 160), images: .gibibytes(2)),
        rules: [], secrets: 1, zones: 1, alarms: false)
}
