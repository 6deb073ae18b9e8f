import Base
import Cloud

/// The words of a scenario file.
extension Scenario: Formed {
    static var initial: Scenario {
        Scenario(
            name: "", summary: "", seed: 1, start: start2026, duration: .days(30),
            deployment: .initial, pricing: .initial, homes: HomeKind.shipped, streamers: [],
            viewers: [], nodes: [], dashboard: .initial, scansPerHour: 60,
            trustRule: .spotChecks, faults: [], repairAfter: .hours(12),
            criteria: .initial, gates: [])
    }

    private static var start2026: Instant {
        CivilTime(year: 2026, month: 12, day: 1).instantUTC
    }

    mutating func visit(_ form: inout Form) {
        visitLinks(&form)
        form.required(
            "name", &name, example: "five-friends", "Name; results are kept under it.", .name)
        form.field("summary", &summary, "What the scenario shows.", .sentence(500))
        form.field("seed", &seed, "Everything random is drawn from it.", .seed)
        form.field("start", &start, "Where virtual time begins.", .instant)
        form.field(
            "duration", &duration, "How long to simulate.",
            .time(Interval.seconds(1)...Limits.duration))
        form.optionalObject(
            "plan", &plan, initial: .initial,
            "CloudFormation templates: the deployment is read from them, and `deployment` beside "
                + "them is laid over it.")
        form.object("deployment", &deployment, "What is deployed.")
        form.object("pricing", &pricing, "Under which rules it is paid for.")
        visitHomes(&form)
        form.list(
            "streamers", &streamers, max: Limits.groups, initial: .initial,
            "Friends who stream on a weekly schedule.")
        form.list(
            "viewers", &viewers, max: Limits.groups, initial: .initial, "Viewers of streams.")
        form.list(
            "nodes", &nodes, max: Limits.groups, initial: .initial,
            "Supporter nodes: friends' computers that restream.")
        form.object("dashboard", &dashboard, "People who look at the pages over HTTPS.")
        form.field(
            "scansPerHour", &scansPerHour,
            "Port scans and garbage connections from the internet, on average.",
            .count(0...100_000))
        form.field("trustRule", &trustRule, "How a node's trust is computed.", .word)
        form.list("faults", &faults, max: Limits.faults, initial: nil, "What goes wrong, and when.")
        form.field(
            "repairAfter", &repairAfter,
            "How long after an intervention was needed a person makes it, or \"never\".",
            .never(or: .time(Interval.zero...Limits.duration)))
        form.object("criteria", &criteria, "Thresholds of the plan's success criteria.")
        form.list(
            "gates", &gates, max: Limits.gates, initial: .initial,
            "Conditions on the results, besides the criteria.")
    }

    /// Links to other files: nothing of them is part of the scenario.
    private func visitLinks(_ form: inout Form) {
        form.note(
            "$schema", "Address of this schema, for editors.", .sentence(500))
        form.note(
            "extends", "Path of a file, from this one's folder, over which this one is laid.",
            .sentence(500))
    }

    /// Homes listed in the file are put over the shipped ones, by name.
    private mutating func visitHomes(_ form: inout Form) {
        var listed = form.mode == .reading ? [] : homes
        form.list(
            "homes", &listed, max: Limits.groups, initial: .initial,
            "Kinds of home connection; those of the default exist even when not listed.")
        guard form.mode == .reading else { return }
        for (index, home) in listed.enumerated() where !home.name.isEmpty {
            if listed[..<index].contains(where: { $0.name == home.name }) {
                form.faults.add(
                    "$.homes[\(index)].name", "each name once", found: "\"\(home.name)\"")
            }
            if let old = homes.firstIndex(where: { $0.name == home.name }) {
                homes[old] = home
            } else {
                homes.append(home)
            }
        }
    }
}

extension PlanSource: Formed {
    static var initial: PlanSource {
        PlanSource(templates: ["plan/Stack.template.json"], compose: nil)
    }

    mutating func visit(_ form: inout Form) {
        form.required(
            "templates", &templates, example: ["plan/Stack.template.json"],
            "Templates, one for each stack, from this file's folder.", .paths(Limits.templates))
        form.optional(
            "compose", &compose, example: "plan/docker-compose.yml",
            "The compose file that the user data starts, where the templates do not hold it.",
            .sentence(500))
    }
}

extension Pricing: Formed {
    /// $30 is the plan's budget; $200 is what a new account on the Free plan can earn in credits.
    static var initial: Pricing {
        Pricing(regime: .onDemand, budgetCents: 3_000, creditsCents: 20_000, tax: nil)
    }

    mutating func visit(_ form: inout Form) {
        var budget = Cents(cents: budgetCents)
        var credits = Cents(cents: creditsCents)
        form.field("regime", &regime, "Price regime.", .word)
        form.field("budget", &budget, "What a month may cost.", .money)
        form.field(
            "credits", &credits, "Credits of the free plan; other regimes ignore it.", .money)
        form.optional(
            "tax", &tax, example: .percent(23),
            "Value-added tax, shown beside the bill and never in it; without it none.",
            .share(Share.zero...Share.whole))
        budgetCents = budget.cents
        creditsCents = credits.cents
    }
}

extension Fault: Varied {
    static var isWordEnough: Bool { false }
    static var variants: [Fault] {
        let kinds: [FaultKind] = [
            .instanceReboot, .instanceStopStart(off: .minutes(10)), .containerCrash(.rtmp),
            .homeOutage(home: "", length: .hours(1)),
        ]
        return kinds.map { Fault(kind: $0, at: .zero) }
    }

    var kindWord: String {
        switch kind {
        case .instanceReboot: "instance-reboot"
        case .instanceStopStart: "instance-stop-start"
        case .containerCrash: "container-crash"
        case .homeOutage: "home-outage"
        }
    }

    mutating func visit(_ form: inout Form) {
        form.required(
            "at", &at, example: .hours(75), "Offset from the run's start.",
            .time(Interval.zero...Limits.duration))
        let length = Leaf<Interval>.time(Interval.seconds(1)...Limits.duration)
        switch kind {
        case .instanceReboot:
            break
        case .instanceStopStart(var off):
            form.field("off", &off, "How long the instance is off.", length)
            kind = .instanceStopStart(off: off)
        case .containerCrash(var container):
            form.required("container", &container, example: .rtmp, "Which container.", .word)
            kind = .containerCrash(container)
        case .homeOutage(var home, var time):
            form.required(
                "home", &home, example: "streamer-2", "Of which streamer or node.", .name)
            form.field("length", &time, "How long the home is away.", length)
            kind = .homeOutage(home: home, length: time)
        }
    }
}

extension Criteria: Formed {
    static var initial: Criteria {
        Criteria(
            reachable: .percent(99), delivered: .percent(99), dashboard: .percent(99),
            uptime: Share(millionths: 995_000), friends: 5, concurrentStreams: 2)
    }

    mutating func visit(_ form: inout Form) {
        let share = Leaf<Share>.share(Share.zero...Share.whole)
        form.field(
            "reachable", &reachable, "Attempts from outside that must reach their service.", share)
        form.field("delivered", &delivered, "Media time delivered of media time sent.", share)
        form.field("dashboard", &dashboard, "Dashboard probes answered in time.", share)
        form.field("uptime", &uptime, "Uptime of each service.", share)
        form.field(
            "friends", &friends, "Different friends who completed sessions.",
            .count(0...Limits.people))
        form.field(
            "concurrentStreams", &concurrentStreams, "Most streams at once.",
            .count(0...Limits.people))
    }
}

extension Gate: Formed {
    static var initial: Gate {
        Gate(metric: "", aggregate: .last, comparison: .lessOrEqual, value: .zero, window: nil)
    }

    mutating func visit(_ form: inout Form) {
        form.required(
            "metric", &metric, example: "cpu_used",
            "A column of series.csv (the first \(Metrics.columns.count)), or a figure of "
                + "summary.json.", .metric)
        form.field(
            "aggregate", &aggregate, "Over the samples; figures have only `last`.", .word)
        form.required("operator", &comparison, example: .lessOrEqual, "Comparison.", .word)
        form.required("value", &value, example: Fixed(1), "In the metric's unit.", .decimal)
        form.optionalObject(
            "window", &window, initial: .initial, "The part of the run; without it all.")
    }
}
