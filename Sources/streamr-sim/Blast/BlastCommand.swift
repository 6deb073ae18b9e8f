import ArgumentParser
import Base
import Capture
import Cloud
import Foundation
import Load
import Reports
import Results
import Scenarios

/// `streamr-sim blast TARGET`: publishers and players for a real server.
struct BlastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blast",
        abstract: "Loads a real server and measures what arrives.",
        discussion: """
            The target is an application of a server, such as rtmp://127.0.0.1:1935/live, or an \
            HTTP server for --call, such as http://127.0.0.1:8000. Each publisher sends a clip as \
            an encoder would; each player parses all that it gets. Any host but this machine's \
            loopback takes --i-am-allowed-to-load with its name, exactly as in the target: \
            without it nothing is sent or looked up. It is then loaded slowly at first, within \
            ceilings that only --max-… raise and to which --budget adds one, and no longer than \
            its clients bear it.

            Thresholds are k6's, times in milliseconds: --threshold 'delivery_delay: p(95)<500, \
            abortOnFail'. A window is counted from the start: 'stall{after:10s,before:40s}: \
            count<3', in whole seconds. Metrics: \(Self.metrics).

            On a terminal the load is shown as it goes, elsewhere as lines; Ctrl-C ends it early, \
            with results once it has begun.

            Exit codes, the first that applies: 130 interrupted; 2 usage, no consent, or \
            --start-at passed before all was ready; 3 inconclusive: nobody could start, too few \
            samples, or the generator was the bottleneck; 10 clients failed, players stood still \
            at the end, the target did not answer or was not well when it was looked at, it was \
            hurt, or a threshold does not hold; 3 a ceiling or the \
            budget cut the load short; 0.
            """)

    private static let metrics =
        (LoadMetric.allCases.map(\.rawValue) + Threshold.Counter.allCases.map(\.rawValue)
        + Threshold.Share.allCases.map(\.rawValue)).joined(separator: ", ")

    @Argument(help: ArgumentHelp("Where to.", valueName: "rtmp://host/app"))
    var target: String

    @OptionGroup(title: "Who comes") var load: BlastLoad
    @OptionGroup(title: "Streams") var streams: BlastStreams
    @OptionGroup(title: "A scenario") var scenario: BlastScenario
    @OptionGroup(title: "Its own packets") var capturing: BlastCapture
    @OptionGroup(title: "Consent and ceilings") var consent: BlastConsent

    @Option(
        help: ArgumentHelp(
            "What must hold, such as 'delivery_delay: p(95)<500'; may be repeated.",
            valueName: "metric: condition"))
    var threshold: [String] = []

    @Option(
        help: ArgumentHelp(
            "A JSON file with thresholds as in k6's options.", valueName: "file"))
    var thresholds: String?

    @Option(
        help: ArgumentHelp(
            "Where the results go, exactly; results/blast-HOST.", valueName: "dir"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Begins at this time, UTC, within the next hour: shards share it.",
            valueName: "2026-12-01T20:00:00Z"))
    var startAt: String?

    @Option(
        help: ArgumentHelp(
            "Shows figures for Prometheus at http://127.0.0.1:PORT/metrics; 0 is any free one.",
            valueName: "port"))
    var metricsPort: Int?

    @Option(
        help: ArgumentHelp("Writes a line of JSON for every second.", valueName: "file"))
    var jsonLines: String?

    @Flag(help: "Print summary.json instead of the text.")
    var json = false

    @Flag(help: "Print nothing.")
    var quiet = false

    private static var timeOfDay: Instant {
        Instant(nanoseconds: Int64(Date().timeIntervalSince1970 * 1_000) * 1_000_000)
    }

    private func refuseIdleChecks(of plan: LoadPlan) throws {
        if let check = plan.checks.first(where: { !plan.isChecked(by: $0) }) {
            throw Failure.usage("--check \(check.name): there is no such call, or no player")
        }
    }

    func run() async throws {
        let targets = try BlastTargets(
            target, http: load.http, figures: load.targetFigures, health: load.targetHealth,
            consent: consent.iAmAllowedToLoad)
        var plan = try plan(targets)
        if let refusal = plan.refusal { throw Failure.usage("nothing was sent: \(refusal)") }
        // Who registers learns only there which calls there are.
        if !streams.register { try refuseIdleChecks(of: plan) }
        let folder = out ?? "results/blast-\(targets.host.replacing(":", with: "-"))"
        try BlastFolders.check(out: folder, capture: capturing.capture, jsonLines: jsonLines)
        let begin = try setTime
        var addresses = try targets.resolve { note($0) }
        addresses.trust = try consent.trust()
        FileLimit.raise()
        let interrupt = Interrupt()
        var predicted: [Figure] = []
        if let stretch = plan.stretch, scenario.predict {
            note("simulating the same part of \(stretch.scenario.name)")
            predicted = try scenario.prediction(of: stretch) { interrupt.isRaised }
            try interrupt.check()
        }
        if streams.register {
            try await register(&plan, at: addresses, interrupt)
            try refuseIdleChecks(of: plan)
        }
        if let begin { try await wait(until: begin, interrupt) }
        let clock = HostClock()
        let start = Self.timeOfDay
        let outputs = try await BlastOutputs(
            metricsPort: metricsPort, jsonLines: jsonLines, start: start, note)
        let captured = try capturing.start(
            addresses.places, isLoopback: targets.isLoopback, out: folder)
        if captured != nil { try consent.refuseUnreadable() }
        var display = BlastDisplay(plan, isShown: !json && !quiet)
        var result: LoadResult
        do {
            result = try await LoadRun.result(
                of: plan, at: addresses, start: Self.timeOfDay, isStopped: { interrupt.isRaised },
                show: {
                    display.show($0)
                    outputs.show($0)
                })
        } catch let refusal as LoadRun.Refusal {
            throw Failure.usage(refusal.description)
        }
        display.finish()
        await outputs.stop()
        result.scenario?.predicted = predicted
        if let captured {
            capturing.add(
                captured.recording.stop(), to: &result, isEncrypted: targets.isEncrypted,
                with: addresses.pagesAmongLoad)
        }
        try write(result, clock.facts, to: folder, captured?.folder)
        try show(result, folder)
        var outcome = Outcome()
        outcome.interrupted = interrupt.isRaised
        outcome.inconclusive = result.status == .inconclusive
        outcome.serviceFailed = result.status == .fail
        try Failure.exit(outcome)
    }

    private static let waitMax = 3_600.0

    private var setTime: Date? {
        get throws {
            guard let startAt else { return nil }
            guard let moment = Moment(text: startAt) else {
                throw Failure.usage("--start-at \(startAt): expected such as 2026-12-01T20:00:00Z")
            }
            let time = Date(
                timeIntervalSince1970: Double(moment.instant.nanoseconds) / 1e9)
            guard (0...Self.waitMax).contains(time.timeIntervalSinceNow) else {
                throw Failure.usage("--start-at \(startAt): not within the next hour")
            }
            return time
        }
    }

    /// Shards that share a start would not fit together if one came late.
    private func wait(until time: Date, _ interrupt: Interrupt) async throws {
        guard time.timeIntervalSinceNow >= 0 else {
            throw Failure.usage(
                "--start-at \(startAt ?? ""): it passed before all was ready; nothing was loaded")
        }
        note("waiting until \(startAt ?? "")")
        try await interrupt.sleep(.seconds(time.timeIntervalSinceNow))
    }

    private func plan(_ targets: BlastTargets) throws -> LoadPlan {
        var thresholds: [Threshold] = []
        do throws(Threshold.SyntaxError) {
            for text in threshold { thresholds += try Threshold.all(in: text) }
        } catch {
            throw Failure.usage("--threshold \(error.description)")
        }
        if let file = self.thresholds { thresholds += try ThresholdsFile.read(file) }
        let ceilings = try consent.ceilings(isLoopback: targets.isLoopback)
        guard let stretch = try scenario.stretch(duration: load.duration) else {
            return try plan(targets, ceilings, thresholds)
        }
        var plan = try load.plan(stretch, targets.media, targets.web, ceilings, thresholds)
        plan.figures = targets.figures
        plan.health = targets.health
        plan.streams = try streams.names(publishers: stretch.streamers.count) ?? plan.streams
        if let looks = stretch.dashboardCalls, targets.web != nil { plan.calls.append(looks) }
        return plan
    }

    private func plan(
        _ targets: BlastTargets, _ ceilings: Ceilings, _ thresholds: [Threshold]
    ) throws -> LoadPlan {
        var plan = try load.plan(targets.media, targets.web, ceilings, thresholds)
        plan.figures = targets.figures
        plan.health = targets.health
        plan.streams = try streams.names(publishers: plan.streamCount) ?? plan.streams
        if plan.ramp > (try load.askedRamp) {
            note("slowly at first: all have come after \(plan.ramp.wholeSeconds) s")
        }
        return plan
    }

    /// Names for the streams from the coordinator, and for a scenario its nodes and what people
    /// ask it.
    private func register(
        _ plan: inout LoadPlan, at addresses: LoadAddresses, _ interrupt: Interrupt
    ) async throws {
        guard let web = plan.web, plan.target != nil else {
            throw Failure.usage("--register: --http says where the coordinator is")
        }
        let people =
            plan.stretch?.streamers.map(\.name)
            ?? (0..<plan.streamCount).map { "blast-\($0)" }
        guard (1...BlastRegistration.streamsMax).contains(people.count) else {
            throw Failure.usage("--register: 1 to \(BlastRegistration.streamsMax) streams")
        }
        let signIns = people.count + (plan.stretch?.nodes.count ?? 0)
        if signIns > BlastRegistration.signInsAMinute {
            note(
                "--register: \(signIns) accounts; a coordinator of ours takes "
                    + "\(BlastRegistration.signInsAMinute) a minute from one address")
        }
        var registration = BlastRegistration(
            web, at: addresses, within: plan.ceilings, shards: plan.shard.count, interrupt, note)
        defer { plan.ceilings.pay(registration.bytes, shards: plan.shard.count) }
        let streams = try await registration.streams(people)
        plan.streams = .list(streams.map(\.name))
        guard let stretch = plan.stretch else { return }
        guard stretch.nodes.isEmpty || plan.duration < .seconds(BlastRegistration.tokenSeconds)
        else {
            throw Failure.usage("--register: nodes' tokens count for an hour; take more --speed")
        }
        for node in stretch.nodes {
            let known = try await registration.node(node.name, of: streams[node.stream])
            let beats = stretch.heartbeats(
                of: node, id: known.id, stream: streams[node.stream].id, token: known.token)
            let reports = stretch.reports(
                of: node, stream: streams[node.stream].id, token: known.token)
            guard let beats, let reports else {
                throw Failure.usage("--register: a token that is none")
            }
            plan.calls += [beats, reports]
        }
        if stretch.asksWhereToWatch { plan.calls += stretch.watchCalls(of: streams.map(\.id)) }
    }

    /// Into the folder that was opened before, if one was.
    private func write(
        _ result: LoadResult, _ host: HostFacts, to folder: String, _ opened: OutputFolder?
    ) throws {
        if let opened { return try opened.write(LoadRecord.files(result, host: host)) }
        do {
            try LoadRecord.write(result, host: host, to: folder)
        } catch {
            throw Failure.usage(error.description)
        }
    }

    private func show(_ result: LoadResult, _ folder: String) throws {
        if json {
            print(try ResultsFolder.text(LoadSummary(result)), terminator: "")
        } else if !quiet {
            print(LoadText.render(result), terminator: "")
            print("\nReport: \(folder)/\(ResultsFolder.reportName)")
        }
    }

    private func note(_ message: String) {
        guard !quiet else { return }
        Terminal.tell("\(message)\n")
    }
}
