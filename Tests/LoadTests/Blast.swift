import Foundation

/// The program itself, as a user runs it.
final class Blast: @unchecked Sendable {
    /// The debug build: it lies beside the running test program.
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "streamr-sim")

    let process = Process()
    private let output: URL
    private let errors: URL

    /// What it complains of goes to `complaints`, or else to a file.
    init(_ words: [String], in folder: URL, complaints: FileHandle? = nil) throws {
        output = folder.appending(path: "output-\(UUID().uuidString)")
        errors = folder.appending(path: "errors-\(UUID().uuidString)")
        for file in [output, errors] {
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        }
        process.executableURL = Self.program
        process.arguments = words
        process.currentDirectoryURL = folder
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try complaints ?? FileHandle(forWritingTo: errors)
        try process.run()
    }

    var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
    var complaints: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// Its exit status; kills it after so many seconds.
    func finish(within seconds: Double = 60) async throws -> Int32 {
        let end = Date().addingTimeInterval(seconds)
        while process.isRunning {
            if Date() > end { kill(process.processIdentifier, SIGKILL) }
            try await Task.sleep(for: .milliseconds(50))
        }
        return process.terminationStatus
    }

    /// A folder of its own, gone at the end of `body`.
    static func inFolder<T>(_ body: (URL) async throws -> T) async throws -> T {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "streamr-sim-blast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }
}
