import Foundation
import FoundationNetworking
import Logging
import NIOPosix
import Platform
import RTMP
import Sockets
import Testing

/// A server of ours for one test, on free ports of 127.0.0.1.
struct TestServer: Sendable {
    let service: StreamService
    var rtmp: Int { service.ports.rtmp }
    var http: Int { service.ports.http }

    static func with<Value>(
        _ change: (inout StreamService.Options) -> Void = { _ in },
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        var options = StreamService.Options()
        options.address = "127.0.0.1"
        options.rtmpPort = 0
        options.httpPort = 0
        options.apiPort = 0
        change(&options)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let server = TestServer(service: try await .start(options, logger: logger))
        do {
            let value = try await body(server)
            await server.service.stop()
            return value
        } catch {
            await server.service.stop()
            throw error
        }
    }

    func url(_ name: String, port: Int? = nil) -> String {
        "rtmp://127.0.0.1:\(port ?? rtmp)/live/\(name)"
    }

    func report() async throws -> StreamReport {
        try await service.loop.read { server, now in server.report(at: now) }
    }

    /// Waits until the report is as wanted; false after these seconds.
    func wait(
        _ seconds: Int = 10, until isWanted: (StreamReport) -> Bool
    ) async throws -> Bool {
        for _ in 0..<seconds * 20 {
            if isWanted(try await report()) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    func waitForPublisher(_ name: String = "a") async throws -> Bool {
        try await wait { report in
            report.streams.contains { $0.name.name == name && $0.frames > 0 }
        }
    }

    func get(
        _ path: String, port: Int? = nil, method: String = "GET"
    ) async throws -> (status: Int, body: Data) {
        try await Web.get(
            "http://127.0.0.1:\(port ?? service.ports.api)\(path)", method: method)
    }

    func json(_ path: String) async throws -> [String: Any] {
        let (_, body) = try await get(path)
        return try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
    }
}

enum Web {
    static func get(
        _ url: String, method: String = "GET"
    ) async throws -> (status: Int, body: Data) {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.httpMethod = method
        let (body, response) = try await URLSession.shared.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, body)
    }
}

/// A program that others wrote.
final class Tool: Sendable {
    let process: Process
    let output: URL

    /// Starts it; both outputs go to a file.
    convenience init(_ words: String...) throws { try self.init(words: words) }

    init(words: [String]) throws {
        let folder = Scratch.folder
        output = folder.appending(path: UUID().uuidString + ".out")
        try Data().write(to: output)
        let file = try FileHandle(forWritingTo: output)
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        process.currentDirectoryURL = folder
        try process.run()
    }

    var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// Its exit status; nil if it had to be stopped.
    func finish(within seconds: Int) async throws -> Int32? {
        for _ in 0..<seconds * 20 {
            if !process.isRunning { return process.terminationStatus }
            try await Task.sleep(for: .milliseconds(50))
        }
        stop()
        return nil
    }

    /// Waits until its output has these words; false after ten seconds.
    func says(_ words: String) async throws -> Bool {
        for _ in 0..<200 {
            if text.contains(words) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    func stop() {
        // Nicely first, so that nginx takes its workers along; but some wait for their peer
        // before they obey.
        process.terminate()
        for _ in 0..<20 where process.isRunning { usleep(50_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    static func isInstalled(_ name: String) -> Bool {
        ["/usr/bin", "/usr/sbin", "/usr/local/bin"].contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }
}

/// A folder for the files of this run, and the clips in it.
enum Scratch {
    static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "sockets-tests-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }()

    /// Ten seconds of test picture and tone: 30 frames a second, a key frame each second.
    static let clip = make(
        "clip.flv", picture: "320x180", sound: "sine=frequency=440",
        more: "-t 10 -b:v 800k -b:a 96k")

    /// More than eleven minutes of small pictures and of noise, of which no two packets are equal.
    static let longClip = make(
        "long.flv", picture: "128x72", sound: "anoisesrc=seed=1:amplitude=0.1",
        more: "-t 680 -b:v 100k -b:a 32k")

    private static func make(
        _ name: String, picture: String, sound: String, more: String
    ) -> URL {
        let file = folder.appending(path: name)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["ffmpeg", "-loglevel", "error", "-y"]
            + "-f lavfi -i testsrc2=size=\(picture):rate=30 -f lavfi -i \(sound)".words
            + "-c:v libx264 -preset ultrafast -g 30 -bf 2 -sc_threshold 0".words
            + "-pix_fmt yuv420p -c:a aac".words + more.words + ["-f", "flv", file.path]
        process.standardInput = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
        return file
    }

    /// An ffmpeg that speaks Enhanced RTMP, which Debian's is too old for.
    static func newFFmpeg() async throws -> String {
        let tool = try Tool(
            "python3", "-c", "import imageio_ffmpeg as f; print(f.get_ffmpeg_exe())")
        #expect(try await tool.finish(within: 20) == 0, "\(tool.text)")
        return tool.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// ffmpeg publishing the clip at twice its speed, as a rule.
    static func publish(
        _ url: String, _ clip: URL = clip, rate: Int = 2, loops: Int = 0
    ) throws -> Tool {
        try Tool(
            "ffmpeg", "-loglevel", "error", "-readrate", "\(rate)", "-stream_loop", "\(loops)",
            "-i", clip.path, "-c", "copy", "-f", "flv", url)
    }

    /// ffmpeg writing the checksums of every packet it gets from an address or file.
    static func checksums(
        _ input: String, program: String = "ffmpeg"
    ) throws -> (tool: Tool, file: URL) {
        let file = folder.appending(path: UUID().uuidString + ".md5")
        let tool = try Tool(
            program, "-loglevel", "error", "-i", input, "-map", "0:v", "-map", "0:a", "-c",
            "copy", "-f", "framemd5", file.path)
        return (tool, file)
    }

    /// The same of decoded pictures, as containers write them in ways of their own, and of packets
    /// of sound without what a transport stream adds.
    static func contents(_ input: [String]) throws -> (tool: Tool, pictures: URL, sound: URL) {
        let (pictures, sound) = (
            folder.appending(path: UUID().uuidString + ".md5"),
            folder.appending(path: UUID().uuidString + ".md5")
        )
        let tool = try Tool(
            words: ["ffmpeg", "-loglevel", "error"] + input
                + ["-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", pictures.path]
                + "-map 0:a -c copy -bsf:a aac_adtstoasc -f framemd5".words + [sound.path])
        return (tool, pictures, sound)
    }

    /// The frames of one kind in a file of checksums.
    static func frames(_ file: URL, stream: Int) throws -> [Frame] {
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#") else { return nil }
            let fields = line.split(separator: ",").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard fields.count >= 6, Int(fields[0]) == stream, let time = Int(fields[2]) else {
                return nil
            }
            return Frame(time: time, length: Int(fields[4]) ?? 0, checksum: fields[5])
        }
    }

    struct Frame: Hashable {
        var time: Int
        var length: Int
        var checksum: String
    }
}

extension String {
    var words: [String] { split(separator: " ").map(String.init) }
}

/// Whether what was played is the end of the clip, frame by frame, from some key frame on, with the
/// clip's own distances in time unless the publisher changes them: between frames of a kind, and,
/// within a frame, between sound and picture.
func expectTail(
    _ played: URL, of clip: URL, missingAtMost: Int, keepsTimes: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var offsets: [Int] = []
    for (stream, name) in [(0, "video"), (1, "audio")] {
        let all = try Scratch.frames(clip, stream: stream)
        let got = try Scratch.frames(played, stream: stream)
        guard let first = got.first else {
            Issue.record("no \(name) at all", sourceLocation: sourceLocation)
            continue
        }
        let start = all.firstIndex { $0.checksum == first.checksum }
        guard let start else {
            Issue.record("\(name) that was not published", sourceLocation: sourceLocation)
            continue
        }
        let expected = all[start...]
        #expect(
            Array(expected.map(\.checksum)) == got.map(\.checksum), "\(name)",
            sourceLocation: sourceLocation)
        #expect(start <= missingAtMost, "\(name) begins late", sourceLocation: sourceLocation)
        guard keepsTimes else { continue }
        // Times differ by a constant, of up to a millisecond of rounding.
        let offset = first.time - all[start].time
        for (a, b) in zip(expected, got) where abs(b.time - a.time - offset) > 1 {
            Issue.record("\(name) at \(a.time) came as \(b.time)", sourceLocation: sourceLocation)
            break
        }
        offsets.append(offset)
    }
    if let video = offsets.first, let audio = offsets.last {
        #expect(
            abs(video - audio) <= 33, "sound and picture moved apart",
            sourceLocation: sourceLocation)
    }
}
