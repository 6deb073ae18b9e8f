import Base
import Capture
import Foundation
import Reports
import Sockets
import Testing

/// A load's own packets, recorded beside it.
@Suite(.serialized) struct WireTests {
    @Test(
        "the wire carried what was counted, and its record can be read", .timeLimit(.minutes(1)),
        .enabled(if: geteuid() == 0))
    func reconciled() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--players", "3",
                        "--video-rate", "1M", "--duration", "8s", "--ramp", "0s", "--capture",
                        "packets", "--out", "results", "--quiet",
                    ], in: folder)
                let status = try await blast.finish()
                #expect([0, 3].contains(status), "\(blast.complaints)")
                let summary = try JSONDecoder().decode(
                    LoadSummary.self,
                    from: Data(contentsOf: folder.appending(path: "results/summary.json")))
                let wire = try #require(summary.rulings.first { $0.id == "wire" })
                #expect(wire.status == "pass", "\(wire.evidence)")
                func count(_ name: String) -> Double {
                    let value = summary.counts.first { $0.name == name }?.value.value
                    return value.map { Double($0.millionths) / 1e6 } ?? .nan
                }
                #expect(count("wire_bytes_received") > 3 * 500_000)
                #expect(abs(count("wire_received_difference")) < 1)
                #expect(count("wire_bytes_missed") == 0)
                // Root was given up before the first packet, and all of it was written after that.
                let nobody = try #require(getpwnam("nobody")).pointee.pw_uid
                for name in ["packets/capture-0.pcap", "results/summary.json", "results"] {
                    let path = folder.appending(path: name).path
                    let owner =
                        try FileManager.default.attributesOfItem(atPath: path)[.ownerAccountID]
                    #expect((owner as? NSNumber)?.uint32Value == nobody, "\(name)")
                }
                let watch = try Blast(
                    ["pcap", "watch", "packets/capture-0.pcap", "--json"], in: folder)
                #expect(try await watch.finish() == 0, "\(watch.complaints)")
                #expect(watch.text.contains("\"publisher\"") && watch.text.contains("\"player\""))
            }
        }
    }

    @Test(
        "of HTTP beside RTMP the wire carried what was counted, with the page of figures there",
        .timeLimit(.minutes(1)), .enabled(if: geteuid() == 0))
    func web() async throws {
        // A page of health from elsewhere is not among the packets.
        let body = String(repeating: "x", count: 100_000)
        let page = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        try await TestServer.withPorts { ports in
            try await Faulty.answers(page).with { elsewhere in
                try await Blast.inFolder { folder in
                    let web = "http://127.0.0.1:\(ports.http)"
                    let blast = try Blast(
                        [
                            "blast", "rtmp://127.0.0.1:\(ports.rtmp)/live", "--flv-players", "2",
                            "--video-rate", "1M", "--duration", "6s", "--ramp", "0s", "--capture",
                            "packets", "--out", "results", "--quiet", "--http", web, "--call",
                            "GET /nowhere 20/s", "--target-figures", web + "/metrics",
                            "--target-health", "http://127.0.0.1:\(elsewhere)",
                        ], in: folder)
                    _ = try await blast.finish()
                    let wire = try #require(try wire(folder), "\(blast.complaints)")
                    #expect(wire.status == "pass", "\(wire.evidence)")
                }
            }
        }
    }

    @Test(
        "a recording that cannot begin leaves nothing open", .timeLimit(.minutes(1)),
        .enabled(if: geteuid() == 0))
    func leftOpen() async throws {
        try await Blast.inFolder { folder in
            func isOpen() throws -> Bool {
                let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                return files.contains { file in
                    let path = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/self/fd/\(file)")
                    return path?.hasPrefix(folder.resolvingSymlinksInPath().path) == true
                }
            }
            var options = Recording.Options(
                interface: "lo", filter: "tcp port 1", folder: folder.path)
            options.owner = "no-such-user"
            #expect(throws: CaptureFailure.self) {
                _ = try Recording.start(options)
            }
            #expect(try !isOpen())
            // A folder of that name is not replaced.
            options.owner = nil
            try FileManager.default.createDirectory(
                at: folder.appending(path: "capture-0.pcap"), withIntermediateDirectories: false)
            #expect(throws: CaptureFailure.self) { _ = try Recording.start(options) }
            #expect(try !isOpen())
            options.name = "other"
            let recording = try Recording.start(options)
            #expect(try isOpen())
            _ = recording.stop()
            #expect(try !isOpen())
        }
    }

    private static let otherInterface = try? FileManager.default.contentsOfDirectory(
        atPath: "/sys/class/net"
    ).sorted().first { $0 != "lo" }

    @Test(
        "an interface that no packet passes proves nothing", .timeLimit(.minutes(1)),
        .enabled(if: geteuid() == 0 && otherInterface != nil))
    func elsewhere() async throws {
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "2s", "--ramp",
                        "0s", "--capture", "packets", "--capture-interface",
                        try #require(Self.otherInterface), "--out", "results", "--quiet",
                    ], in: folder)
                _ = try await blast.finish()
                let wire = try #require(try wire(folder), "\(blast.complaints)")
                #expect(wire.status == "inconclusive", "\(wire.evidence)")
            }
        }
    }

    private func wire(_ folder: URL) throws -> LoadSummary.Ruling? {
        let data = try Data(contentsOf: folder.appending(path: "results/summary.json"))
        return try JSONDecoder().decode(LoadSummary.self, from: data).rulings
            .first { $0.id == "wire" }
    }

    @Test("an interface that is none is refused before anything is sent", .timeLimit(.minutes(1)))
    func interface() async throws {
        try await Blast.inFolder { folder in
            let blast = try Blast(
                [
                    "blast", "rtmp://127.0.0.1:9/live", "--capture", "packets",
                    "--capture-interface", "nowhere0",
                ], in: folder)
            #expect(try await blast.finish() == 2)
            #expect(blast.complaints.contains("nowhere0"))
        }
    }

    @Test(
        "while it captures it is root no more", .timeLimit(.minutes(1)),
        .enabled(if: geteuid() == 0))
    func privileges() async throws {
        let nobody = try #require(getpwnam("nobody")).pointee.pw_uid
        try await TestServer.with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "60s", "--ramp",
                        "0s", "--capture", "packets", "--out", "results", "--quiet",
                    ], in: folder)
                try await Self.wait(for: nobody, of: blast)
                blast.process.interrupt()
                #expect(try await blast.finish(within: 20) == 130)
                #expect(try wire(folder) != nil)
                let stream = folder.appending(path: "stream").path
                #expect(mkfifo(stream, 0o600) == 0)
                let learn = try Blast(
                    ["pcap", "learn", stream, "--scenario", "new.json", "--out", "learned"],
                    in: folder)
                // Both ends, so that nobody waits for a reader that never comes.
                let writer = open(stream, O_RDWR)
                try await Self.wait(for: nobody, of: learn)
                // Nothing to learn from: the file that was made for it stays, which it says.
                close(writer)
                #expect(try await learn.finish(within: 20) == 2)
                #expect(learn.complaints.contains("--scenario new.json: left behind"))
            }
        }
    }

    /// Until all threads of the program are this user's: the C library leaves the first one out.
    private static func wait(for user: uid_t, of blast: Blast) async throws {
        let folder = "/proc/\(blast.process.processIdentifier)/task"
        func users() -> Set<String> {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let lives = threads.compactMap {
                try? String(contentsOfFile: "\(folder)/\($0)/status", encoding: .utf8)
            }.filter { !$0.contains("State:\tZ") }
            return Set(
                lives.flatMap { $0.split(separator: "\n").filter { $0.hasPrefix("Uid:") } }
                    .map(String.init))
        }
        let expected = "Uid:\t\(user)\t\(user)\t\(user)\t\(user)"
        while blast.process.isRunning, users() != [expected] {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(blast.process.isRunning, "\(blast.complaints)")
    }

    @Test(
        "a terminal that stands still holds up no capture", .timeLimit(.minutes(1)),
        .enabled(if: geteuid() == 0))
    func blocked() async throws {
        try await Blast.inFolder { folder in
            let pipe = Pipe()
            let descriptor = pipe.fileHandleForWriting.fileDescriptor
            let flags = fcntl(descriptor, F_GETFL)
            _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
            let bytes = [UInt8](repeating: 0x2E, count: 4_096)
            for length in [bytes.count, 1] { while write(descriptor, bytes, length) > 0 {} }
            _ = fcntl(descriptor, F_SETFL, flags)
            let watch = Process()
            watch.executableURL = Blast.program
            watch.arguments = ["pcap", "watch", "lo", "--seconds", "4", "--out", "wire"]
            watch.currentDirectoryURL = folder
            watch.standardOutput = pipe
            try watch.run()
            let summary = folder.appending(path: "wire/summary.json").path
            while !FileManager.default.fileExists(atPath: summary), watch.isRunning {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(FileManager.default.fileExists(atPath: summary))
            // What comes last is for somebody: it waits until it is read.
            try pipe.fileHandleForWriting.close()
            let said = String(
                decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            watch.waitUntilExit()
            #expect(watch.terminationStatus == 0 && said.contains("Report: wire/report.html"))
        }
    }
}
