import Foundation

/// Runs the program that was built beside these tests, as a user would.
struct Command {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The debug build: the folder that the running test program lies in.
    static let debug = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "streamr-sim")
    static let release = root.appending(path: ".build/release/streamr-sim")

    /// A folder of its own for each test, gone at the end of `body`.
    static func inFolder<T>(_ body: (URL) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "streamr-sim-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    /// Runs to the end, or interrupts with SIGINT as soon as something stands on standard error.
    static func run(
        _ words: [String], program: URL = debug, directory: URL = root,
        environment: [String: String] = [:], interrupts: Bool = false
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = program
        process.arguments = words
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        var early = Data()
        if interrupts {
            early = errors.fileHandleForReading.availableData
            kill(process.processIdentifier, SIGINT)
        }
        // What is printed is far less than a pipe holds but for progress, which comes last.
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        let complained = early + errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: printed, as: UTF8.self),
            errors: String(decoding: complained, as: UTF8.self))
    }
}
