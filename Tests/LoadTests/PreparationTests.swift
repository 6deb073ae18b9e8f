import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing

/// What comes before a load: registration at a coordinator, and the wait for a set time.
@Suite(.serialized) struct PreparationTests {
    private static func answer(_ status: String, _ body: String = "", more: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// What a coordinator says to every question.
    private static let grant = answer(
        "200 OK", #"{"access_token":"t","stream_id":1,"stream_key":"k"}"#)

    /// Registers at a coordinator with these answers, and loads nothing that is there.
    private func registered(
        _ answers: [String], _ words: [String]
    ) async throws -> (status: Int32, complaints: String, times: [NIODeadline]) {
        let times = NIOLockedValueBox<[NIODeadline]>([])
        let nothing = try await Faulty.freePort()
        return try await Faulty.answersInTurn(answers, times).with { port in
            try await Blast.inFolder { folder in
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(nothing)/live", "--register", "--http",
                        "http://127.0.0.1:\(port)", "--duration", "1s", "--ramp", "0s",
                    ] + words, in: folder)
                let status = try await blast.finish(within: 30)
                return (status, blast.complaints, times.withLockedValue { $0 })
            }
        }
    }

    @Test("registration keeps to the ceiling on calls", .timeLimit(.minutes(1)))
    func pace() async throws {
        let (status, complaints, times) = try await registered(
            [Self.grant], ["--publishers", "3", "--max-calls", "5"])
        #expect(status == 3, "\(complaints)")
        #expect(times.count == 6)
        for (one, next) in zip(times, times.dropFirst(2)) {
            // Two pauses, but for how late the first of three calls may have come.
            #expect(next - one > .milliseconds(200), "\(times)")
        }
    }

    @Test("a coordinator that asks to wait is waited for", .timeLimit(.minutes(1)))
    func wait() async throws {
        let busy = Self.answer("429 Too Many Requests", more: "Retry-After: 2\r\n")
        let (status, complaints, times) = try await registered([busy, Self.grant], [])
        #expect(status == 3, "\(complaints)")
        #expect(complaints.contains("wants us to wait 2 s"), "\(complaints)")
        #expect(times.count == 3 && times[1] - times[0] > .milliseconds(1_900))
    }

    @Test("one that asks for too much is given up, and many accounts are announced")
    func giveUp() async throws {
        let busy = Self.answer("429 Too Many Requests", more: "Retry-After: 7200\r\n")
        let (status, complaints, times) = try await registered([busy], ["--publishers", "11"])
        #expect(status == 2)
        #expect(complaints.contains("11 accounts") && complaints.contains("longer than 30 minutes"))
        #expect(times.count == 1)
    }

    @Test("a set time that passes meanwhile is said, and nothing is loaded")
    func late() async throws {
        let busy = Self.answer("429 Too Many Requests", more: "Retry-After: 5\r\n")
        let time = Date().addingTimeInterval(3).formatted(.iso8601)
        let (status, complaints, times) = try await registered(
            [busy, Self.grant], ["--start-at", time])
        #expect(status == 2)
        #expect(complaints.contains("passed before all was ready"), "\(complaints)")
        #expect(times.count == 3)
    }

    @Test("an interrupt during the wait ends it, and nobody connects", .timeLimit(.minutes(1)))
    func interrupt() async throws {
        let visits = NIOLockedValueBox(0)
        try await Faulty.counts(visits).with { port in
            try await Blast.inFolder { folder in
                let time = Date().addingTimeInterval(40).formatted(.iso8601)
                let blast = try Blast(
                    [
                        "blast", "rtmp://127.0.0.1:\(port)/live", "--start-at", time, "--out",
                        "results",
                    ], in: folder)
                while !blast.complaints.contains("waiting until") {
                    try await Task.sleep(for: .milliseconds(20))
                }
                blast.process.interrupt()
                #expect(try await blast.finish(within: 20) == 130)
                let results = folder.appending(path: "results").path
                #expect(!FileManager.default.fileExists(atPath: results))
            }
        }
        #expect(visits.withLockedValue { $0 } == 0)
    }

    @Test(
        "where the packets go is said before one of them goes", .timeLimit(.minutes(1)),
        arguments: [
            (["rtmp://192.0.2.1/live"], "packets go to 192.0.2.1 at 192.0.2.1:1935"),
            (
                [
                    "rtmp://192.0.2.1/live", "--http", "http://192.0.2.1:8080", "--call",
                    "GET / 1/s", "--http-connections", "4",
                ],
                "packets go to 192.0.2.1 at 192.0.2.1:1935 and 192.0.2.1 at 192.0.2.1:8080"
            ),
            (
                ["rtmp://192.0.2.1/live", "--target-health", "http://192.0.2.1/health"],
                "packets go to 192.0.2.1 at 192.0.2.1:1935 and 192.0.2.1 at 192.0.2.1:80"
            ),
        ])
    func places(_ words: [String], _ expected: String) async throws {
        try await Blast.inFolder { folder in
            let time = Date().addingTimeInterval(50).formatted(.iso8601)
            let blast = try Blast(
                ["blast"] + words + [
                    "--i-am-allowed-to-load", "192.0.2.1", "--start-at", time,
                ], in: folder)
            while blast.process.isRunning, !blast.complaints.contains("waiting until") {
                try await Task.sleep(for: .milliseconds(20))
            }
            blast.process.interrupt()
            #expect(try await blast.finish(within: 20) == 130)
            #expect(blast.complaints.split(separator: "\n").contains { $0 == expected })
        }
    }

    @Test("of this machine alone nothing is said of where packets go", .timeLimit(.minutes(1)))
    func loopback() async throws {
        try await Blast.inFolder { folder in
            let port = try await Faulty.freePort()
            let blast = try Blast(
                [
                    "blast", "rtmp://127.0.0.1:\(port)/live", "--duration", "1s", "--ramp", "0s",
                ], in: folder)
            #expect(try await blast.finish() == 3)
            #expect(!blast.complaints.contains("packets go to"))
        }
    }
}
