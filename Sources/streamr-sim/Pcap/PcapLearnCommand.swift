import ArgumentParser
import Base
import Capture
import Cloud
import Foundation
import Packets
import Reports
import Results
import Scenarios
import Simulation

/// `streamr-sim pcap learn FILE`: a captured session as a scenario, and how near its simulation
/// comes.
struct PcapLearnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learn",
        abstract: "Turns a captured stream into a scenario, simulates it and compares the two.",
        discussion: """
            Learns the bit rates and how they wander, the frame rate, the key frames, the audio, \
            and the line's rate, delay and loss as they showed where the capture was made. The \
            scenario goes to standard output unless --scenario names a file; lay it over another \
            with "extends", or run it as it is. The simulation's own packets are then measured \
            exactly as the capture was. As root it becomes another user as soon as all files are \
            open; a new --scenario stays empty then where nothing is learned.

            Exit codes: 2 usage, nothing to learn from, or (once the scenario is written) too \
            little to compare; 0.
            """)

    @Argument(help: ArgumentHelp("A capture file, or - for standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("Which stream; the one with most media.", valueName: "app/name"))
    var stream: String?

    @Option(help: ArgumentHelp("Where the scenario goes.", valueName: "file"))
    var scenario: String?

    @Option(help: ArgumentHelp("Where the comparison goes, exactly.", valueName: "dir"))
    var out: String?

    @Option(help: "Whom root becomes once all files are open.")
    var user = Privileges.defaultUser

    @Flag(help: "Print the comparison's summary.json instead of its text.")
    var json = false

    /// A window's packets fill their file: 64 MB, half of it kept as a margin for headers.
    private static let replayBytesMax: Int64 = 32 << 20
    /// The simulated session goes on for so much longer: its first and last second are not whole.
    private static let margin = Interval.seconds(2)

    func run() throws {
        let clock = HostClock()
        let scenarioFile = try scenario.map { try OutputFile($0, flag: "--scenario") }
        let folder = try out.map { try OutputFolder($0, owner: user) }
        let (report, chosen) = try captured()
        guard let model = SessionModel(chosen, step: report.step, rows: report.rows) else {
            throw Failure.usage(
                "\(chosen.label): too short to learn from; two key frames and two seconds at least")
        }
        let text = LearnedScenario(model, of: chosen).tree.text
        try scenarioFile?.write(text)
        if scenario == nil { print(text, terminator: "") }
        let record = try compared(text, (report, chosen), model)
        try folder?.write(record.files(host: clock.facts))
        let comparison = json ? try ResultsFolder.text(record.summary) : record.text
        if scenario == nil {
            Terminal.tell(comparison)
        } else {
            print(comparison, terminator: "")
        }
    }

    private func compared(
        _ text: String, _ captured: (WatchReport, StreamReport), _ model: SessionModel
    ) throws -> LearnedRecord {
        let label = captured.1.label
        guard captured.1.hasSeries else {
            throw Failure.usage(
                "\(label): learned, but not compared: no series is kept of streams so far behind "
                    + "the first")
        }
        let learned = LearnedScenario(model, of: captured.1, margin: Self.margin)
        let record = LearnedRecord(
            source: file, scenario: text, captured: captured,
            simulated: try simulated(learned, model))
        guard let record else {
            throw Failure.usage(
                "\(label): learned, but too short to compare: three whole seconds at least")
        }
        return record
    }

    private func captured() throws -> (WatchReport, StreamReport) {
        var watch = Watch(.media)
        do throws(CaptureFailure) {
            var source = try CaptureFile(path: file, filter: nil)
            _ = try Privileges.giveUp(for: user)
            while try source.read({ watch.receive($0, in: $1) }) != .ended {}
        } catch {
            throw Failure.usage(error.description)
        }
        watch.finish()
        let report = watch.report()
        let streams = report.streams.filter { stream == nil || $0.title == stream }
        guard let chosen = streams.max(by: { $0.weight < $1.weight }), chosen.weight > (0, 0) else {
            throw Failure.usage("\(file) has no media\(stream.map { " of \($0)" } ?? "") over RTMP")
        }
        return (report, chosen)
    }

    /// What the packets of the simulated session look like.
    private func simulated(
        _ learned: LearnedScenario, _ model: SessionModel
    ) throws -> (WatchReport, StreamReport) {
        let bitsPerSecond = model.video.bitsPerSecond + model.audio.bitsPerSecond
        let longest = Interval.seconds(max(2, Self.replayBytesMax * 8 / bitsPerSecond))
        let length = min(model.length + Self.margin, longest, LearnedScenario.lengthMax)
        let window = RunWindow(
            from: LearnedScenario.lead, until: LearnedScenario.lead + length)
        let options = Runner.Options(
            fidelity: .window(window, captures: true), findsRemedies: false, traceHour: nil)
        guard let runner = Runner(try learned.scenario(), options),
            let packets = runner.run({ _ in true }).capture
        else { throw Failure.usage("the learned scenario gave no packets") }
        var watch = Watch(.media)
        var reader = CaptureReader()
        var offset = 0
        let bytes = packets.bytes
        while let packet = try reader.next(bytes.span, &offset) {
            watch.receive(packet, in: bytes.span)
        }
        watch.finish()
        let report = watch.report()
        guard let stream = report.streams.first(where: { $0.media.videoFrames > 0 }) else {
            throw Failure.usage("the simulated session sent no media")
        }
        return (report, stream)
    }
}

extension StreamReport {
    /// A publisher's tells more of its uplink than a player's.
    fileprivate var weight: (Int, Int64) {
        let bytes = media.videoBytes + media.audioBytes
        return (bytes == 0 ? 0 : role == .publisher ? 2 : 1, bytes)
    }
}

/// A scenario with one friend who streams as the captured one did.
struct LearnedScenario {
    /// The session begins so long after the run.
    static let lead = Interval.minutes(1)
    /// The longest session that a schedule can have.
    static let lengthMax = Interval.hours(24)

    private let model: SessionModel
    private let title: String
    /// By how much its session is longer than the captured one.
    private let margin: Interval

    init(_ model: SessionModel, of stream: StreamReport, margin: Interval = .zero) {
        self.model = model
        title = stream.title
        self.margin = margin
    }

    func scenario() throws -> Scenario { try ScenarioFile(tree: tree).scenario }

    /// Every value is held within what a scenario may say.
    var tree: JSONTree {
        let length = min(
            LearnedScenario.lengthMax.wholeSeconds, seconds(model.length + margin))
        return object([
            ("name", .string("learned")),
            ("summary", .string("A stream like the captured \(title).")),
            ("start", .string("2026-12-01T18:59:00Z")),
            ("duration", .string("\(length + 120) s")),
            ("homes", .array([home])),
            ("streamers", .array([streamer(length)])),
        ])
    }

    private var home: JSONTree {
        var members: [(String, JSONTree)] = [
            ("name", .string("captured")),
            ("delay", .string("\(min(2_000_000, max(1, model.delay.nanoseconds / 1_000))) us")),
            ("loss", .string("\(min(500_000, model.loss.millionths)) ppm")),
        ]
        if let uplink = model.uplink {
            let needed = model.video.bitsPerSecond + model.audio.bitsPerSecond
            let rate = min(10_000_000_000, max(uplink.bitsPerSecond, needed * 11 / 10))
            members.append(("uplink", .string("\(rate) bit/s")))
        }
        return object(members)
    }

    private func streamer(_ length: Int64) -> JSONTree {
        let schedule = object([
            ("weekdays", .string("daily")), ("from", .string("19:00")),
            ("length", .string("\(length) s")), ("jitter", .string("0 s")),
        ])
        return object([
            ("name", .string("streamer")), ("count", .number("1")),
            ("home", .string("captured")), ("timeZone", .string("Europe/Dublin")),
            ("schedule", .array([schedule])), ("media", media),
        ])
    }

    private var media: JSONTree {
        func rate(_ rate: Rate) -> JSONTree {
            .string("\(min(200_000_000, max(1_000, rate.bitsPerSecond))) bit/s")
        }
        let group = min(60_000, max(100, model.keyFrameEvery.nanoseconds / 1_000_000))
        return object([
            ("video", rate(model.video)), ("audio", rate(model.audio)),
            ("framesPerSecond", .number("\(min(240, model.framesPerSecond))")),
            ("keyFrameEvery", .string("\(group) ms")),
            ("keyFrameRatio", .number("\(min(100, model.keyFrameRatio))")),
            ("variation", .string("\(model.variation.millionths) ppm")),
            ("variationEvery", .string("\(min(3_600, max(1, seconds(model.variationEvery)))) s")),
        ])
    }

    /// Rounded up: a scenario's session has whole seconds.
    private func seconds(_ interval: Interval) -> Int64 {
        (interval.nanoseconds + 999_999_999) / 1_000_000_000
    }

    private func object(_ members: [(String, JSONTree)]) -> JSONTree {
        .object(members.map { JSONTree.Member($0.0, $0.1) })
    }
}
