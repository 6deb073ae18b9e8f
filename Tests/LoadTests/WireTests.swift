import Base
import Foundation
import Reports
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
                let watch = try Blast(
                    ["pcap", "watch", "packets/capture-0.pcap", "--json"], in: folder)
                #expect(try await watch.finish() == 0, "\(watch.complaints)")
                #expect(watch.text.contains("\"publisher\"") && watch.text.contains("\"player\""))
            }
        }
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
}
