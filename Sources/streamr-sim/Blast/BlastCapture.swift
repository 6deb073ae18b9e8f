import ArgumentParser
import Base
import Capture
import Foundation
import Load
import Packets
import Reports
import Results

/// Flags that record a load's own packets, and what they prove.
struct BlastCapture: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Records the load's own packets there, in a ring of 8 files of 64 MiB, and proves its "
                + "byte counts against the wire's, but for those of TLS; as root, which becomes "
                + "another user once it captures.",
            valueName: "folder"))
    var capture: String?

    @Option(
        help: ArgumentHelp(
            "The interface that is recorded: lo for this machine, any for another.",
            valueName: "interface"))
    var captureInterface: String?

    @Option(help: "Whom root becomes once it captures.")
    var captureUser = Privileges.defaultUser

    /// Of the bytes: what is under way as all leave is on the wire, or on the way to it, alone.
    private static let differencePercentMax = Fixed(2)

    /// Begins to record all that goes to and comes from these ports, and gives root's privileges
    /// up, though not the folder that results go to; nil unless asked for.
    func start(
        _ places: [(host: String, port: Int)], isLoopback: Bool, out: String
    ) throws -> (recording: Recording, folder: OutputFolder?)? {
        guard let capture else {
            guard captureInterface == nil else {
                throw Failure.usage("--capture-interface goes with --capture")
            }
            return nil
        }
        do {
            try FileManager.default.createDirectory(
                atPath: capture, withIntermediateDirectories: true)
        } catch {
            throw Failure.usage("--capture \(capture): \(error.localizedDescription)")
        }
        let filter = places.map { "(host \($0.host) and port \($0.port))" }
            .joined(separator: " or ")
        var options = Recording.Options(
            interface: captureInterface ?? (isLoopback ? "lo" : "any"),
            filter: "tcp and (\(filter))", folder: capture)
        options.owner = captureUser
        do {
            let recording = try Recording.start(options)
            let isRoot = geteuid() == 0
            let folder =
                isRoot ? try OutputFolder(out, owner: captureUser, names: LoadRecord.names) : nil
            _ = try Privileges.giveUp(for: captureUser)
            return (recording, folder)
        } catch let failure as CaptureFailure {
            throw Failure.usage("--capture \(capture): \(failure)")
        }
    }

    /// Sets what the wire carried beside what the load counted, and rules on the difference.
    ///
    /// Of what is encrypted the wire carries more than was counted, so nothing is ruled. The
    /// target's own `pages` were asked for on the same wire, but are no part of the load.
    func add(
        _ outcome: Recording.Outcome, to result: inout LoadResult, isEncrypted: Bool,
        with pages: [TargetPage]
    ) {
        let sent = outcome.transfers.reduce(Int64(0)) { $0 + $1.fromClient }
        let received = outcome.transfers.reduce(Int64(0)) { $0 + $1.fromServer }
        let missed = outcome.transfers.reduce(Int64(0)) { $0 + $1.missed }
        func counted(_ name: String) -> Fixed {
            result.counts.first { $0.name == name }?.value ?? .zero
        }
        func difference(_ wire: Int64, _ name: String) -> Fixed {
            let asked = pages.reduce(Int128(0)) {
                $0 + counted("\($1.rawValue)_\(name)").millionths
            }
            let ours = max(counted(name).millionths + asked, 1_000_000)
            return .ratio((Fixed(wire).millionths - ours) * 100, ours)
        }
        let (more, less) = (
            difference(sent, "bytes_sent"), difference(received, "bytes_received")
        )
        result.counts += [
            LoadCount(name: "wire_packets", unit: "count", value: Fixed(outcome.packets)),
            LoadCount(name: "wire_bytes_sent", unit: "bytes", value: Fixed(sent)),
            LoadCount(name: "wire_sent_difference", unit: "%", value: more),
            LoadCount(name: "wire_bytes_received", unit: "bytes", value: Fixed(received)),
            LoadCount(name: "wire_received_difference", unit: "%", value: less),
            LoadCount(name: "wire_bytes_missed", unit: "bytes", value: Fixed(missed)),
        ]
        guard !isEncrypted else { return }
        let isNear = [more, less].allSatisfy {
            $0.millionths.magnitude <= Self.differencePercentMax.millionths.magnitude
        }
        let (status, evidence): (Status, String) =
            if outcome.failure != nil || outcome.dropped > 0 || missed > 0 {
                (
                    .inconclusive,
                    "the capture is not whole: \(outcome.dropped) packets dropped, \(missed) "
                        + "bytes missed\(outcome.failure.map { ", \($0)" } ?? "")"
                )
            } else if outcome.packets == 0 {
                (.inconclusive, "no packet passed here; --capture-interface says where they do")
            } else {
                (
                    isNear ? .pass : .fail,
                    "the wire carried \(sent) bytes there and \(received) back, "
                        + "\(more.text(decimals: 3)) % and \(less.text(decimals: 3)) % more than "
                        + "was counted"
                )
            }
        result.rulings.append(LoadRuling(id: "wire", status: status, evidence: evidence))
    }
}
