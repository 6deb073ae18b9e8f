import Foundation
import Testing

/// The capture of a window is what `tshark` would see on the instance's interface.
@Suite struct CaptureTests {
    /// Runs a day with a window of two seconds, and hands its pcap file to tshark.
    private func tshark(_ words: [String]) throws -> String {
        try Command.inFolder { folder in
            let file = folder.appending(path: "window.pcap").path
            let run = try Command.run([
                "run", "scenarios/five-friends.json", "--days", "1", "--no-remedies", "--quiet",
                "--window", "0d20:00:00/2s", "--capture", file, "--out", folder.path + "/out",
            ])
            #expect([0, 3, 11].contains(run.status), "\(run.errors)")
            return try Command.run(
                ["tshark", "-r", file] + words, program: URL(filePath: "/usr/bin/env")
            ).output
        }
    }

    @Test("no packet is malformed, missing, repeated or has a wrong checksum")
    func clean() throws {
        let checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
        let fault = """
            _ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 \
            || ip.checksum.status == 0
            """
        #expect(try tshark(checks + ["-Y", fault]) == "")
    }

    @Test("five publishers and their players speak RTMP from the handshake on")
    func conversations() throws {
        let seen = try tshark(["-Y", "rtmpt"])
        #expect(seen.components(separatedBy: "Handshake C0+C1").count > 5)
        #expect(seen.components(separatedBy: "publish('").count == 6)
        #expect(seen.contains("NetStream.Play.Start"))
        #expect(seen.contains("Video Data") && seen.contains("Audio Data"))
    }

    @Test("a capture without a window is refused")
    func refusal() throws {
        let outcome = try Command.run(
            ["run", "scenarios/five-friends.json", "--capture", "/dev/null"])
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("--window"))
    }
}
