import Base
import Cloud
import Foundation

@testable import Plans

/// Templates that lie in the package.
enum Given {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let shapes = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Shapes")
    static let question = Question(date: "2026-11-22", account: .paid)

    /// The plan's own two stacks, as CDK synthesises them.
    static func seed() throws -> Plan {
        try plan(in: root.appending(path: "scenarios/plan/as-written"))
    }

    /// A shape that shapes.py has CDK make.
    static func shape(_ name: String, region: String = "eu-west-1") throws -> Plan {
        try plan(in: shapes.appending(path: name), region: region)
    }

    static func templates(in folder: URL) throws -> [Template] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".template.json") }.sorted().reversed()
        return try names.map { name in
            try Template.read(
                path: name, bytes: [UInt8](Data(contentsOf: folder.appending(path: name))))
        }
    }

    private static func plan(in folder: URL, region: String = "eu-west-1") throws -> Plan {
        Plan(try templates(in: folder), ReadSettings(region: region))
    }

    /// A plan of one stack called `Stack`.
    static func plan(_ text: String) throws -> Plan {
        Plan(
            [try Template.read(path: "Stack.json", bytes: Array(text.utf8))],
            ReadSettings(region: "eu-west-1"))
    }

    static func findings(_ plan: Plan) -> [Finding] {
        Findings(plan, question, suppressions: []).all
    }
}

/// What others wrote, for two minutes at most where nothing else is said.
enum Tool {
    static func run(
        _ words: [String], seconds: Int = 120
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "-s", "KILL", "\(seconds)"] + words
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: printed, as: UTF8.self))
    }

    /// A folder of its own for each use, gone at the end of `body`.
    static func inFolder<T>(_ body: (URL) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "plans-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }
}

extension Random {
    mutating func pick<T>(_ choices: [T]) -> T { choices[Int(below(UInt64(choices.count)))] }
    mutating func isTrue(in times: UInt64) -> Bool { below(times) == 0 }
}
