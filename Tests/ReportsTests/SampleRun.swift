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
        RunRecord(result(days: days), bill: bill, reproduce: reproduce)
    }

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
            interventions: interventions, figures: figures, series: series,
            events: events(days: days), drawn: drawn,
            assumptions: [
                "The network burst bucket of a t3.micro holds 12 GB; AWS publishes no figure.",
                "SRS 5 costs 0.55 % of a t3 vCPU for each viewer at 2.5 Mbit/s (0.35–0.80 %), "
                    + "measured on a Xeon 8259CL.",
                "Evening rates are those of the scenario, not measured.",
            ],
            fidelity: fidelity, outages: outages)
    }

    static let bill = BillSheet(
        currency: "USD", region: "eu-west-1", regime: "on-demand",
        priceBook: "aws-2026-11-22", total730h: "262.15", totalPeriod: "258.56",
        lines: [
            line("ec2-t3.micro", "EC2 t3.micro", "730", "hours", "0.0114", "8.32", "8.21"),
            line("ebs-gp2", "EBS root volume, gp2", "8", "GiB-months", "0.11", "0.88", "0.87"),
            line("ipv4", "Public IPv4 addresses", "2190", "hours", "0.005", "10.95", "10.80"),
            line("alb-hours", "Load balancer", "730", "hours", "0.0252", "18.40", "18.14"),
            line("alb-lcu", "Load balancer capacity", "14.6", "LCU-hours", "0.008", "0.12", "0.12"),
            line("rds", "RDS db.t3.micro", "730", "hours", "0.020", "14.60", "14.40"),
            line("rds-gp2", "RDS storage", "100", "GiB-months", "0.127", "12.70", "12.53"),
            line("elasticache", "ElastiCache t4g.micro", "730", "hours", "0.017", "12.41", "12.24"),
            line("secret", "Secrets Manager", "1", "secrets", "0.40", "0.40", "0.39"),
            line("zone", "Route 53 zone", "1", "zones", "0.50", "0.50", "0.50"),
            line(
                "egress", "Data transfer to the internet", "2131.895", "GB", "0.09", "182.87",
                "180.36"),
        ])

    private static func line(
        _ id: String, _ service: String, _ quantity: String, _ unit: String, _ price: String,
        _ amount730h: String, _ amountPeriod: String
    ) -> BillSheet.Line {
        BillSheet.Line(
            id: id, service: service, quantity: ExactNumber(Fixed(decimal: quantity) ?? .zero),
            unit: unit, unitPrice: price, amount730h: amount730h, amountPeriod: amountPeriod,
            source: "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/")
    }

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
                total730h: "262.15")),
        verdict(
            "cost-under-budget", "Cost under $30 a month", .fail, "262.15", "30", "USD",
            720, 24, broken: start + .days(3) + .hours(7),
            evidence: "Egress is 182.87 of 262.15 dollars; the stack costs 79.28 before the "
                + "first byte.",
            remedy: Remedy(
                change: "Database, cache and TLS in containers, and relay through supporter nodes.",
                status: .pass, value: Fixed(millionths: 27_410_000),
                fingerprint: "0be18c7714e3a9d25ff0c7b2a86d9013", total730h: "27.41")),
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
            service: "instance", from: start + .days(6) + .hours(11),
            until: start + .days(6) + .hours(13), cause: "instance reboot",
            healedBy: "restart policy always"),
        Outage(
            service: "rtmp", from: start + .days(18) + .hours(3),
            until: start + .days(19) + .hours(9), cause: "the root disk is full", healedBy: nil),
        Outage(
            service: "dashboard", from: start + .days(24) + .hours(21), until: nil,
            cause: "its public address changed", healedBy: nil),
    ]
}
