import Base
import Cloud
import Results
import Scenarios

@testable import Reports

/// A made-up month of five friends, in the proportions of a real one.
///
/// No test compares it with a simulation: it only has to fill every part of a report.
enum SampleRun {
    static let start = CivilTime(year: 2026, month: 12, day: 1).instantUTC
    static let reproduce = "streamr-sim run scenarios/five-friends.json --seed 7"

    static func record(days: Int64 = 30) -> RunRecord {
        var record = RunRecord(result(days: days), reproduce: reproduce)
        record.summary.reach = reach
        record.drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n"
        return record
    }

    static let reach = Summary.Reach(
        isOfTemplates: true,
        needs: [
            Summary.Reach.Need(
                who: "coordinator", what: "its cache, port 6379", extent: "no",
                reason: "StreamrRedis is in no subnet")
        ], from: ["internet", "StreamrInstance"],
        rows: [Summary.Reach.Row(to: "StreamrInstance:1935", extents: ["yes", "some"])])

    /// Templates with one error, which the last stage has fixed.
    static let plan = Summary.Plan(
        errors: [
            Summary.Fault(
                rule: "empty-subnet-group", resource: "Foundation/Group",
                place: "Foundation.json:427", reason: "the stack rolls back", fix: "list subnets")
        ],
        stages: [
            Summary.Stage(
                change: "as written", left: ["empty-subnet-group"], isDeployed: false, failed: [],
                open: [], total730h: nil),
            Summary.Stage(
                change: "empty-subnet-group fixed", left: [], isDeployed: true,
                failed: ["cost-under-budget"], open: ["unattended"], total730h: "262.15"),
        ], unsaid: ["no restart policy is known"])

    static func result(days: Int64 = 30) -> RunResult {
        let series = series(days: days)
        return RunResult(
            scenario: scenario(days: days), mode: .fluid, partial: nil, simulated: .days(days),
            fingerprint: "5d1c0f3e9a7b24688c2e11d09f4ab356",
            hours: (0..<days * 24).map { hour in
                var digest = Digest(seed: 7)
                digest.combine(hour)
                return digest.hex
            },
            verdicts: verdicts,
            gates: scenario(days: days).gates.map { $0.ruling(series: series, figures: figures) },
            bill: bill, interventions: interventions, figures: figures, series: series,
            events: events(days: days), drawn: drawn,
            assumptions: [
                "The network burst bucket of a t3.micro holds 12 GB; AWS publishes no figure.",
                "SRS 5 costs 0.55 % of a t3 vCPU for each viewer at 2.5 Mbit/s (0.35–0.80 %), "
                    + "measured on a Xeon 8259CL.",
                "Evening rates are those of the scenario, not measured.",
            ],
            fidelity: fidelity, outages: outages)
    }

    /// What is in the stack of the plan, for the run's own 720 hours.
    static let bill: Bill = {
        let hours = Interval.days(30)
        var usage = Usage(region: "eu-west-1", period: hours)
        let items: [(String, String, Usage.Quantity)] = [
            ("instance", "ec2:t3.micro", .time(hours)),
            ("root-volume", "ebs:gp2", .storage(gigabytes: 8, hours)),
            ("ipv4-instance", "ipv4:instance", .time(hours)),
            ("ipv4-load-balancer", "ipv4:load-balancer", .time(hours * 2)),
            ("load-balancer", "alb:hours", .time(hours)),
            ("load-balancer-capacity", "alb:lcu", .units(Ratio(144, over: 10))),
            ("database", "rds:db.t3.micro", .time(hours)),
            ("database-storage", "rds-storage:gp2", .storage(gigabytes: 100, hours)),
            ("cache", "elasticache:cache.t4g.micro:redis", .time(hours)),
            ("secret", "secret", .time(hours)),
            ("zone", "route53:zone", .time(hours)),
            ("egress", "egress:internet", .bytes(2_102_748_000_000)),
        ]
        for (id, price, quantity) in items {
            usage.add(Usage.Item(id, price: price, quantity))
        }
        usage.taxPerMille = 230
        usage.owedToNodes = Ratio(318, over: 100)
        guard let book = PriceBook.shipped(region: "eu-west-1") else {
            fatalError("no prices for eu-west-1")
        }
        return Bill(usage, at: book, under: .onDemand)
    }()

    static let verdicts = [
        verdict(
            "external-reach", "Friends can connect from external networks", .pass,
            "99.94", "99", "%", 12_480, 100,
            evidence: "12,472 of 12,480 attempts from outside reached their service."),
        verdict(
            "rtmp-reliable", "RTMP streaming works reliably", .pass, "99.71", "99", "%",
            54_000, 1_000,
            evidence: "1,794.8 of 1,800 media hours arrived; 212 stalls, 9,410 frames dropped, "
                + "14 reconnects, no session cut by the platform.",
            disagreement: "at the dear end of SRS 5's cost range 98.6 % arrive and this fails"),
        verdict(
            "dashboard-https", "Dashboard accessible over HTTPS", .pass, "99.98", "99", "%",
            43_200, 1_000, evidence: "43,191 of 43,200 minutely probes were answered in 2 s."),
        verdict(
            "unattended", "Runs 24/7 without intervention", .fail, "2", "0", "moments",
            720, 24, broken: start + .days(18) + .hours(3),
            evidence: "The root disk filled on day 18: Docker's json-file log driver keeps logs "
                + "without a limit, and the instance's 8 GiB held 17.9 days of them.",
            remedy: Remedy(
                change: "Set the log driver to `local`, which keeps 5 × 20 MB.", status: .pass,
                value: .zero, fingerprint: "91aa03be77c15f02d8e6b3a94c20f1ee",
                total730h: "262.15", scenario: scenario(days: 30))),
        verdict(
            "cost-under-budget", "Cost under $30 a month", .fail, "262.15", "30", "USD",
            720, 24, broken: start + .days(3) + .hours(7),
            evidence: "Egress is 182.87 of 262.15 dollars; the stack costs 79.28 before the "
                + "first byte.",
            remedy: Remedy(
                change: "Database, cache and TLS in containers, and relay through supporter nodes.",
                status: .pass, value: Fixed(millionths: 27_410_000),
                fingerprint: "0be18c7714e3a9d25ff0c7b2a86d9013", total730h: "27.41",
                scenario: scenario(days: 30))),
        verdict(
            "friends-concurrent", "5+ friends, concurrent streams", .pass, "5", "5",
            "streams", 150, 5, evidence: "All 5 friends completed sessions; 5 streams at once."),
        verdict(
            "metrics", "Performance metrics collected", .pass, "15", "8", "series", 8_640, 1,
            evidence: "15 series of 8,640 rows each."),
        verdict(
            "hardening", "Hardening requirements defined", .inconclusive, "4", "0",
            "findings", 1, 2, evidence: "Four findings, from one reading of the deployment."),
    ]

    private static func verdict(
        _ id: String, _ criterion: String, _ status: Status, _ value: String,
        _ threshold: String, _ unit: String, _ samples: Int64, _ samplesMin: Int64,
        broken: Instant? = nil, evidence: String, remedy: Remedy? = nil,
        disagreement: String? = nil
    ) -> Verdict {
        Verdict(
            id: id, criterion: criterion, status: status,
            value: Fixed(decimal: value) ?? .zero, threshold: Fixed(decimal: threshold) ?? .zero,
            unit: unit, samples: samples, samplesMin: samplesMin, firstBroken: broken,
            evidence: evidence, remedy: remedy, disagreement: disagreement)
    }

    static let interventions = [
        Intervention(
            at: start + .days(18) + .hours(3), service: "rtmp", cause: "the root disk is full",
            action: "delete container logs under /var/lib/docker, restart the containers"),
        Intervention(
            at: start + .days(24) + .hours(21), service: "instance",
            cause: "its public address changed after a stop and start",
            action: "point the DNS record at the new address"),
    ]

    static let figures = [
        Figure("events", Fixed(4_218_377)),
        Figure("egress_bytes", Fixed(2_103_787_455_112)),
        Figure("egress_media_bytes", Fixed(1_974_375_000_000)),
        Figure("egress_overhead_container_bytes", Fixed(25_441_200_310)),
        Figure("egress_overhead_rtmp_bytes", Fixed(13_320_118_802)),
        Figure("egress_overhead_tcp_bytes", Fixed(90_651_136_000)),
        Figure("egress_viewers_bytes", Fixed(2_101_661_000_000)),
        Figure("egress_dashboard_bytes", Fixed(2_126_455_112)),
        Figure("ingress_bytes", Fixed(701_262_485_037)),
        Figure("cpu_busy_s", Fixed(214_310)),
        Figure("stall_s", Fixed(millionths: 1_841_250_000)),
        Figure("frames_dropped", Fixed(9_410)),
    ]

    static let drawn = [
        DrawnParameter(name: "streamer-1 start jitter", value: "3 min 12 s"),
        DrawnParameter(name: "streamer-1 reconnect jitter", value: "+4.1 %"),
        DrawnParameter(name: "home fibre reboot", value: "every 9 d 4 h"),
    ]

    static let fidelity = FidelityReport(
        from: start + .days(14) + .hours(20), until: start + .days(14) + .hours(20) + .minutes(1),
        frames: 50_412,
        rows: [
            FidelityReport.Row(
                name: "egress_bytes", fluid: Fixed(292_412_008), frame: Fixed(291_880_411)),
            FidelityReport.Row(
                name: "stall_s", fluid: Fixed(millionths: 4_100_000),
                frame: Fixed(millionths: 4_220_000)),
            FidelityReport.Row(name: "frames_dropped", fluid: .zero, frame: .zero),
        ])

    static let outages = [
        Outage(
            service: "instance", isHome: false, from: start + .days(6) + .hours(11),
            until: start + .days(6) + .hours(13), cause: "instance reboot",
            healedBy: "restart policy always"),
        Outage(
            service: "rtmp", isHome: false, from: start + .days(18) + .hours(3),
            until: start + .days(19) + .hours(9), cause: "the root disk is full", healedBy: nil),
        Outage(
            service: "dashboard", isHome: false, from: start + .days(24) + .hours(21), until: nil,
            cause: "its public address changed", healedBy: nil),
    ]
}
