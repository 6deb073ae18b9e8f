import Foundation
import RTMP

@testable import Media

/// What others wrote: ffmpeg, ffprobe and tshark, each for a minute at most.
enum Tool {
    struct Outcome {
        var status: Int32
        /// Standard output and standard error apart.
        var output: String
        var complaints: String
        var lines: [Substring] { output.split(separator: "\n") }
    }

    static func run(_ words: [String]) throws -> Outcome {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "-s", "KILL", "60"] + words
        // Files rather than pipes: no output is too long for them.
        let files = ["out", "err"].map { folder.appending(path: $0) }
        for file in files { try Data().write(to: file) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOf: files[0], encoding: .utf8),
            complaints: try String(contentsOf: files[1], encoding: .utf8))
    }

    /// A folder of its own for each use.
    static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "media-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Gives `body` the path of a file with these bytes.
    static func withFile<Value>(
        _ bytes: [UInt8], _ suffix: String, _ body: (String) throws -> Value
    ) throws -> Value {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "media.\(suffix)")
        try Data(bytes).write(to: file)
        return try body(file.path)
    }

    /// Decodes all of a file, strictly; what ffmpeg had to say about it.
    static func decode(_ path: String) throws -> Outcome {
        try run(["ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"])
    }

    /// The checksum of each decoded picture.
    static func pictures(_ path: String) throws -> [String] {
        let outcome = try run([
            "ffmpeg", "-v", "error", "-xerror", "-i", path, "-map", "0:v", "-fps_mode",
            "passthrough", "-f", "framemd5", "-",
        ])
        return outcome.lines.filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: ",").last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    /// One checksum of all decoded sound.
    static func sound(_ path: String) throws -> String {
        try run([
            "ffmpeg", "-v", "error", "-xerror", "-i", path, "-map", "0:a", "-c:a", "pcm_s16le",
            "-f", "md5", "-",
        ]).output
    }

    /// Presentation and decoding times of the packets of a stream ("v" or "a"), in its ticks.
    static func times(_ path: String, _ stream: String) throws -> [[Int64]] {
        try run([
            "ffprobe", "-v", "error", "-select_streams", stream, "-show_entries",
            "packet=pts,dts", "-of", "csv=p=0", path,
        ]).lines.map { $0.split(separator: ",").compactMap { Int64($0) } }
    }

    static func flv(_ messages: [MediaMessage]) -> [UInt8] {
        var bytes = FLVTags.header(
            hasAudio: messages.contains { $0.kind == .audio },
            hasVideo: messages.contains { $0.kind == .video })
        for message in messages { FLVTags.append(message, to: &bytes) }
        return bytes
    }

    /// What a reader makes of these bytes in pieces of `length`.
    static func read(_ bytes: [UInt8], pieces length: Int) throws(FLVError) -> [MediaMessage] {
        var reader = FLVReader()
        var messages: [MediaMessage] = []
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + length, bytes.count)
            reader.receive(bytes.span.extracting(offset..<end))
            while let message = try reader.next() { messages.append(message) }
            offset = end
        }
        return messages
    }
}

extension Tool {
    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: path)))
    }

    /// Times and checksum of each packet of both streams.
    static func packets(_ path: String) throws -> [Substring] {
        try run([
            "ffmpeg", "-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "framemd5", "-",
        ]).lines
    }

    /// All of it in one transport stream, with tables before each key frame.
    static func transportStream(_ messages: [MediaMessage]) -> [UInt8] {
        var stream = TransportStream()
        var bytes: [UInt8] = []
        var hasTables = false
        for message in messages {
            let isHeader = message.kind != .data && message.payload[1] == 0
            if isHeader {
                _ = stream.configure(message)
                continue
            }
            let isKey = message.kind == .video && message.payload[0] >> 4 == 1
            if message.kind != .data, isKey || !hasTables {
                stream.writeTables(to: &bytes)
                hasTables = true
            }
            stream.write(message, to: &bytes)
        }
        return bytes
    }
}
