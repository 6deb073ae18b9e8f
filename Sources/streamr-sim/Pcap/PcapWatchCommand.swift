import ArgumentParser
import Base
import Capture
import Foundation
import Packets
import Reports
import Results

/// `streamr-sim pcap watch IFACE|FILE [filter]`: each RTMP stream, and who lost what of it.
struct PcapWatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follows TCP, decodes RTMP, and says of each stream who lost what.",
        discussion: """
            The source is a capture file (pcap or pcapng, - is standard input) or the name of an \
            interface (any is all of them), which takes root or CAP_NET_RAW. The filter is \
            tcpdump's, such as: tcp port 1935. As root it becomes another user as soon as the \
            source is open.

            On a terminal an interface is shown as a table that renews itself, elsewhere as lines; \
            Ctrl-C ends and shows the whole. --out keeps summary.json, series.csv and report.html.

            Exit codes, the first that applies: 130 interrupted while reading a file; 2 usage, or \
            the source cannot be read; 0.
            """)

    @Argument(help: ArgumentHelp("A capture file or an interface.", valueName: "file-or-iface"))
    var source: String

    @Argument(help: ArgumentHelp("Which packets, in tcpdump's words.", valueName: "filter"))
    var filter: [String] = []

    @Option(help: ArgumentHelp("Where the results go, exactly.", valueName: "dir"))
    var out: String?

    @Option(help: ArgumentHelp("Ends after so many seconds.", valueName: "count"))
    var seconds: Int?

    @Option(help: "Whom root becomes once the source is open.")
    var user = Privileges.defaultUser

    @Flag(help: "Print summary.json instead of the text.")
    var json = false

    @Flag(help: "Print nothing.")
    var quiet = false

    func run() throws {
        let clock = HostClock()
        let folder = try out.map { try OutputFolder($0, owner: user) }
        let (record, isInterrupted) = try watched(clock)
        try folder?.write(record.files(host: clock.facts))
        if json {
            print(try ResultsFolder.text(record.summary), terminator: "")
        } else if !quiet {
            print(CaptureText.render(record.summary), terminator: "")
            if let out { print("\nReport: \(out)/\(ResultsFolder.reportName)") }
        }
        if isInterrupted { throw ExitCode(CommandExit.interrupted.rawValue) }
    }

    private func watched(
        _ clock: HostClock
    ) throws -> (record: CaptureRecord, isInterrupted: Bool) {
        guard seconds.map({ (1...86_400 * 30).contains($0) }) ?? true else {
            throw Failure.usage("--seconds: expected 1 to \(86_400 * 30)")
        }
        let words = filter.isEmpty ? nil : filter.joined(separator: " ")
        do throws(CaptureFailure) {
            if source == "-" || FileManager.default.fileExists(atPath: source) {
                var file = try CaptureFile(path: source, filter: words)
                _ = try Privileges.giveUp(for: user)
                let (report, end) = try follow(&file, isLive: false, clock)
                let partial: String? =
                    switch end {
                    case .whole: file.isCutOff ? "the file ends in the middle of a packet" : nil
                    case .timeUp: "stopped after \(seconds ?? 0) s"
                    case .interrupted: "interrupted"
                    }
                let record = CaptureRecord(
                    report, source: file.path, filter: words, partial: partial)
                return (record, end == .interrupted)
            }
            var live = try LiveCapture(interface: source, filter: words)
            _ = try Privileges.giveUp(for: user)
            let (report, _) = try follow(&live, isLive: true, clock)
            return (
                CaptureRecord(report, source: source, filter: words, partial: nil), false
            )
        } catch {
            throw Failure.usage(described(error))
        }
    }

    private enum End { case whole, timeUp, interrupted }

    private func follow(
        _ source: inout some PacketSource & ~Copyable, isLive: Bool, _ clock: HostClock
    ) throws(CaptureFailure) -> (report: WatchReport, end: End) {
        let interrupt = Interrupt()
        var watch = Watch(.media)
        var display = WatchDisplay(name: self.source, isShown: isLive && !json && !quiet)
        var end = End.interrupted
        while !interrupt.isRaised {
            let outcome = try source.read { watch.receive($0, in: $1) }
            if outcome == .ended {
                end = .whole
                break
            }
            if let seconds, clock.wall >= Double(seconds) {
                end = .timeUp
                break
            }
            if display.isDue(clock.wall) {
                watch.noteDrops(source.dropped)
                display.show(watch.report())
            }
        }
        display.finish()
        watch.noteDrops(source.dropped)
        watch.finish()
        return (watch.report(), end)
    }

    private func described(_ failure: CaptureFailure) -> String {
        guard case .cannotCapture = failure else { return failure.description }
        let interfaces = LiveCapture.interfaces()
        guard !interfaces.contains(source) else { return failure.description }
        return "\(source) is neither a file nor an interface; there are "
            + interfaces.joined(separator: ", ")
    }
}
