import Foundation
import Testing

/// `pcap` against what really passed a wire, in network namespaces of the test's own.
@Suite(.serialized) struct PcapTests {
    private struct Figures: Decodable {
        struct Stream: Decodable {
            struct Media: Decodable {
                var frames: Int
                var audioFrameBytes: Spread
                var groupSeconds: Spread
                var framesPerSecond: Double
                var videoCodec: String
                var framesDroppedByServer: Int?
            }
            struct Network: Decodable {
                var retransmissions: Int
                var lostBeforeCapture: Int
                var reordered: Int
                var payloadBytes: Int
                var missedBytes: Int
                var unreadBytes: Int
                var protocolErrors: Int
            }
            struct Spread: Decodable {
                var count: Int
                var mean: Double
            }
            var name: String
            var role: String
            var client: String
            var remarks: [String]
            var media: Media
            var network: Network
        }
        var partial: String?
        var packets: Int
        var droppedPackets: Int
        var streams: [Stream]
    }

    private func watch(_ words: [String]) throws -> Figures {
        let outcome = try Command.run(["pcap", "watch"] + words + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try JSONDecoder().decode(Figures.self, from: Data(outcome.output.utf8))
    }

    private func shell(_ script: String, in folder: URL) throws -> String {
        let file = folder.appending(path: "script.sh")
        // ffmpeg would stop for want of a terminal to read from.
        try "exec </dev/null\n\(script)".write(to: file, atomically: true, encoding: .utf8)
        let outcome = try Command.run(
            ["timeout", "-s", "KILL", "45", "bash", file.path, folder.path, Command.debug.path],
            program: URL(filePath: "/usr/bin/env"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
    }

    // The capture ends by itself: signals may be blocked in what a test starts.

    /// Six seconds of ffmpeg's H.264 and AAC, a key frame each second.
    private static let clip = """
        ffmpeg -loglevel error -y -f lavfi -i testsrc2=size=640x360:rate=30 \\
            -f lavfi -i sine=frequency=440 -t 6 -c:v libx264 -preset ultrafast -g 30 \\
            -b:v 1800k -pix_fmt yuv420p -c:a aac -b:a 96k -f flv "$1/clip.flv"
        """

    @Test("ffmpeg's publish through our server: each frame that was sent, and each that was played")
    func loopback() throws {
        try Command.inFolder { folder in
            _ = try shell(
                """
                set -e
                \(Self.clip)
                cat > "$1/inner.sh" <<'END'
                ip link set lo up
                "$2" serve rtmp --json > "$1/ports" & server=$!
                dumpcap -q -a duration:12 -i lo -w "$1/wire.pcapng" >/dev/null 2>"$1/dumpcap" & dump=$!
                until grep -q rtmp "$1/ports" && grep -q File "$1/dumpcap"; do sleep 0.05; done
                ffmpeg -loglevel error -re -i "$1/clip.flv" -c copy -f flv rtmp://127.0.0.1/live/film &
                publisher=$!
                until curl -s http://127.0.0.1:1985/api/v1/streams/ | grep -q film; do sleep 0.05; done
                ffmpeg -loglevel error -rw_timeout 3000000 -i rtmp://127.0.0.1/live/film -c copy -y -f flv "$1/played.flv" || true
                wait $publisher
                wait $dump
                kill $server; wait $server || true
                END
                unshare -n -p -f --mount-proc --kill-child bash "$1/inner.sh" "$1" "$2"
                """, in: folder)
            let sent = try packets(folder.appending(path: "clip.flv"))
            let played = try packets(folder.appending(path: "played.flv"))
            let figures = try watch([folder.appending(path: "wire.pcapng").path])
            let publisher = try #require(figures.streams.first { $0.role == "publisher" })
            let player = try #require(figures.streams.first { $0.role == "player" })
            #expect(publisher.media.frames == sent.video)
            #expect(publisher.media.audioFrameBytes.count == sent.audio)
            #expect(publisher.media.groupSeconds.mean == 1)
            #expect(publisher.media.videoCodec == "H.264 640x360")
            #expect(player.media.frames == played.video)
            #expect(player.media.audioFrameBytes.count == played.audio)
            #expect(player.media.framesDroppedByServer == 0)
            #expect(figures.streams.allSatisfy { $0.network.unreadBytes == 0 })
        }
    }

    /// How many packets ffprobe finds of each kind.
    private func packets(_ file: URL) throws -> (video: Int, audio: Int) {
        let text = try Command.run(
            [
                "ffprobe", "-v", "error", "-show_entries", "packet=codec_type", "-of", "csv=p=0",
                file.path,
            ], program: URL(filePath: "/usr/bin/env")
        ).output
        let lines = text.split(separator: "\n")
        return (lines.count { $0.hasPrefix("video") }, lines.count { $0.hasPrefix("audio") })
    }

    @Test("a line too narrow for its stream: tshark counts the same losses, and so do both ends")
    func narrow() throws {
        try Command.inFolder { folder in
            _ = try shell(
                """
                set -e
                \(Self.clip)
                cat > "$1/inner.sh" <<'END'
                ip link set lo up
                unshare -n sleep 80 & far=$!
                until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
                ip link add near type veth peer name far
                ip link set far netns $far
                ip addr add 10.9.0.1/24 dev near; ip link set near up
                nsenter -t $far -n ip addr add 10.9.0.2/24 dev far
                nsenter -t $far -n ip link set far up
                tc qdisc add dev near root tbf rate 1500kbit burst 3k limit 9k
                nsenter -t $far -n "$2" serve rtmp --bind 0.0.0.0 --json > "$1/ports" & server=$!
                nsenter -t $far -n dumpcap -q -a duration:15 -i far -w "$1/wire.pcapng" >/dev/null 2>"$1/dumpcap" & dump=$!
                until grep -q rtmp "$1/ports" && grep -q File "$1/dumpcap"; do sleep 0.05; done
                ffmpeg -loglevel error -re -i "$1/clip.flv" -c copy -f flv rtmp://10.9.0.2/live/film
                wait $dump
                kill $server; wait $server || true
                kill $far
                END
                unshare -n -p -f --mount-proc --kill-child bash "$1/inner.sh" "$1" "$2"
                """, in: folder)
            let file = folder.appending(path: "wire.pcapng").path
            let figures = try watch([file, "tcp", "port", "1935"])
            let stream = try #require(figures.streams.first)
            let text = try Command.run(
                [
                    "tshark", "-r", file, "-Y", "tcp.dstport == 1935", "-T", "fields", "-e",
                    "tcp.len", "-e", "tcp.analysis.retransmission", "-e",
                    "tcp.analysis.out_of_order",
                ], program: URL(filePath: "/usr/bin/env")
            ).output
            let rows = text.split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            }
            let retransmissions = rows.count { $0[1] == "1" }
            #expect(retransmissions > 10, "the line lost nothing")
            #expect(stream.network.retransmissions == retransmissions)
            #expect(stream.network.reordered == rows.count { $0[2] == "1" })
            #expect(stream.network.payloadBytes == rows.reduce(0) { $0 + (Int($1[0]) ?? 0) })
            // The queue is on the near side: every loss happened before this capture.
            #expect(stream.network.lostBeforeCapture == retransmissions)
            let sent = try self.packets(folder.appending(path: "clip.flv"))
            #expect(stream.media.frames == sent.video && stream.network.unreadBytes == 0)

            try learned(from: file, in: folder)
        }
    }

    /// What is learned from a captured session is a scenario, and its simulation is near.
    private func learned(from file: String, in folder: URL) throws {
        let nowhere = try Command.run(["pcap", "learn", file, "--scenario", "/nonexistent/x"])
        #expect(nowhere.status == 2)
        #expect(
            nowhere.errors.hasPrefix("streamr-sim: --scenario /nonexistent/x: "),
            "\(nowhere.errors)")
        let scenario = folder.appending(path: "learned.json").path
        let out = folder.appending(path: "learned").path
        let outcome = try Command.run(
            ["pcap", "learn", file, "--scenario", scenario, "--out", out, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        struct Learned: Decodable { var rateDistancePercent: Double }
        let learned = try JSONDecoder().decode(Learned.self, from: Data(outcome.output.utf8))
        #expect(learned.rateDistancePercent < 25)
        #expect(try Command.run(["validate", scenario]).status == 0)
        #expect(FileManager.default.fileExists(atPath: out + "/report.html"))
    }

    @Test("the simulator's own capture reads back: publishers and players, nothing lost")
    func simulated() throws {
        try Command.inFolder { folder in
            let file = folder.appending(path: "window.pcap").path
            let run = try Command.run([
                "run", "scenarios/five-friends.json", "--days", "1", "--no-remedies", "--quiet",
                "--window", "0d20:00:00/6s", "--capture", file, "--out", folder.path + "/run",
            ])
            #expect([0, 3, 11].contains(run.status), "\(run.errors)")
            let figures = try watch([file])
            #expect(figures.streams.count { $0.role == "publisher" } == 5)
            #expect(figures.streams.count { $0.role == "player" } > 10)
            for stream in figures.streams {
                #expect(stream.media.frames > 100 && stream.network.protocolErrors == 0)
                #expect(abs(stream.media.framesPerSecond - 30) < 0.5)
                #expect(stream.media.groupSeconds.mean == 2)
            }
            try short(file, in: folder)
            let out = folder.appending(path: "wire").path
            let piped = try Command.run(
                [
                    "bash", "-c", "\"$0\" pcap watch - --out \"$1\" < \"$2\"", Command.debug.path,
                    out, file,
                ],
                program: URL(filePath: "/usr/bin/env"))
            #expect(piped.status == 0 && piped.output.contains("live/0 from 203.0.113."))
            let names = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
            #expect(names == ["report.html", "run-info.json", "series.csv", "summary.json"])
        }
    }

    /// Of three seconds and a half two are whole: enough for a scenario, not for a comparison.
    private func short(_ file: String, in folder: URL) throws {
        let part = folder.appending(path: "short.pcap").path
        let cut = try Command.run(
            ["tshark", "-r", file, "-Y", "frame.time_relative < 3.5", "-w", part],
            program: URL(filePath: "/usr/bin/env"))
        #expect(cut.status == 0, "\(cut.errors)")
        let outcome = try Command.run(["pcap", "learn", part])
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains("too short to compare"), "\(outcome.errors)")
        #expect(outcome.output.contains("\"name\": \"learned\""), "\(outcome.output)")
    }

    @Test("a folder of other results is not written into")
    func foreignFolder() throws {
        try Command.inFolder { folder in
            for name in ["summary.json", "histograms.json"] {
                try Data("{}".utf8).write(to: folder.appending(path: name))
            }
            let outcome = try Command.run(["pcap", "watch", "Package.swift", "--out", folder.path])
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains("histograms.json"), "\(outcome.errors)")
            let summary = try Data(contentsOf: folder.appending(path: "summary.json"))
            #expect(summary == Data("{}".utf8))
        }
    }

    @Test("root is given up once the interface is open")
    func privileges() throws {
        guard geteuid() == 0 else {
            print("skipped: only root has privileges to give up")
            return
        }
        try Command.inFolder { folder in
            let text = try shell(
                """
                cat > "$1/inner.sh" <<'END'
                ip link set lo up
                "$2" pcap watch lo --seconds 20 --quiet & watch=$!
                for turn in $(seq 200); do
                    grep -q '^Uid:.*65534.*65534.*65534.*65534' /proc/$watch/status && break
                    sleep 0.1
                done
                grep -E '^(Uid|Gid|Groups|CapEff)' /proc/$watch/status
                kill $watch; wait $watch || true
                END
                unshare -n -p -f --mount-proc --kill-child bash "$1/inner.sh" "$1" "$2"
                """, in: folder)
            let lines = text.split(separator: "\n").map {
                $0.split(separator: "\t").map(String.init)
            }
            #expect(
                lines.first { $0[0] == "Uid:" }?.dropFirst().allSatisfy { $0 == "65534" } == true)
            #expect(
                lines.first { $0[0] == "Gid:" }?.dropFirst().allSatisfy { $0 == "65534" } == true)
            #expect(text.contains("CapEff:\t0000000000000000"))
        }
    }

    @Test(
        "what cannot be read is refused with its reason",
        arguments: [
            (["/dev/null/x"], "neither a file"), (["Package.swift"], "not a capture"),
            (["Package.swift", "tcp", "prot"], "filter"), (["nowhere0"], "neither a file nor"),
            (["Package.swift", "--user", "nobody-at-all"], "no user"),
            (["Package.swift", "--out", "/proc/x"], "cannot write /proc/x: "),
        ])
    func refusals(_ words: [String], _ reason: String) throws {
        let outcome = try Command.run(["pcap", "watch"] + words)
        #expect(outcome.status == 2)
        if geteuid() == 0 { #expect(outcome.errors.contains(reason), "\(outcome.errors)") }
    }
}
