import Base
import Cloud
import Foundation
import Testing

@testable import Scenarios

/// The scenario files of the repository.
enum Shipped {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("scenarios")

    static let names = [
        "five-friends.json", "five-friends-under-30.json", "free-tier-2024.json",
        "viral-night.json", "bad-week.json", "plan-as-written.json", "bench/500-friends.json",
        "bench/500-friends-crowded.json",
    ]

    static func bytes(_ name: String) -> [UInt8]? {
        (try? Data(contentsOf: root.appendingPathComponent(name))).map { [UInt8]($0) }
    }

    static func file(_ name: String) throws -> ScenarioFile {
        try ScenarioFile.read(path: name, bytes: bytes)
    }
}

@Suite("Shipped scenarios")
struct ShippedTests {
    @Test("every shipped scenario is valid and is named like its file", arguments: Shipped.names)
    func valid(name: String) throws {
        let scenario = try Shipped.file(name).scenario
        #expect(name.hasSuffix(scenario.name + ".json"))
        #expect(!scenario.summary.isEmpty)
    }

    @Test("every shipped scenario is written back to the same scenario", arguments: Shipped.names)
    func roundTrip(name: String) throws {
        let file = try Shipped.file(name)
        let written = file.scenario.tree
        #expect(try ScenarioFile(tree: written).scenario == file.scenario)
        let reread = try JSONTree.parse(Array(written.text.utf8))
        #expect(try ScenarioFile(tree: reread).scenario.tree.text == written.text)
    }

    @Test("five friends are the plan: 5 streams by 3 viewers, 4 h a day at 2.5 Mbit/s, 5 nodes")
    func fiveFriends() throws {
        let scenario = try Shipped.file("five-friends.json").scenario
        let streamer = try #require(scenario.streamers.first)
        let entry = try #require(streamer.schedule.first)
        let viewer = try #require(scenario.viewers.first)
        #expect(scenario.streamers.count == 1 && streamer.count == 5)
        #expect(streamer.schedule.count == 1 && entry.weekdays == Array(0..<7))
        #expect(entry.length == .hours(4) && entry.jitter == .zero)
        #expect(streamer.media.video == .kilobits(2_500) && streamer.media.audio == .kilobits(128))
        #expect(streamer.media.variation == .zero)
        #expect(scenario.viewers.count == 1 && viewer.count == 3 && viewer.streams == nil)
        #expect(viewer.source == .server && viewer.arriveWithin == .zero && viewer.stay == nil)
        #expect(scenario.nodes.map(\.count) == [5] && scenario.nodes[0].portForwarding)
        #expect(scenario.scansPerHour == 60 && scenario.duration == .days(30))
        var pricing = Pricing.initial
        pricing.tax = .percent(23)
        #expect(scenario.pricing == pricing)
        #expect(scenario.deployment == Deployment.initial)
    }

    @Test("the default deployment is the plan's, with the paths it needs and no others")
    func defaultDeployment() {
        let deployment = Deployment.initial
        #expect(deployment.instance.machine == .type("t3.micro"))
        #expect(deployment.instance.networkBurst.bytes == 113_000_000_000)
        let ports = deployment.rules.map { "\($0.from.rawValue)>\($0.to.rawValue):\($0.port)" }
        #expect(
            ports.sorted() == [
                "instance>cache:6379", "instance>database:5432", "internet>instance:1935",
                "internet>instance:22", "internet>instance:8081", "internet>load-balancer:443",
                "load-balancer>instance:8000",
            ])
    }

    @Test("every RTMP profile that a file may name exists", arguments: RTMPPlan.profiles)
    func profiles(name: String) { #expect(CostProfile.named(name) != nil) }

    @Test("the shipped schema is the parser's own")
    func schemaFile() {
        #expect(Shipped.bytes("scenario.schema.json") == Array(Scenario.schema.text.utf8))
    }

    /// Asks the reference implementation of JSON Schema for Python (PyPI: jsonschema).
    @Test("the schema is valid 2020-12, takes what the parser takes and refuses what it refuses")
    func schemaAgrees() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("scenarios-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }
        try write(Scenario.schema.text, "schema")
        for (index, name) in Shipped.names.enumerated() {
            try write(
                String(decoding: try #require(Shipped.bytes(name)), as: UTF8.self), "y\(index)")
            try write(try Shipped.file(name).scenario.tree.text, "yw\(index)")
        }
        for (index, (text, _, _, byForm)) in wrongFiles.enumerated() where byForm {
            try write(text, "n\(index)")
        }
        let script = """
            import json, os, sys, jsonschema
            read = lambda n: json.load(open(os.path.join(sys.argv[1], n)))
            schema = read('schema')
            jsonschema.Draft202012Validator.check_schema(schema)
            valid = jsonschema.Draft202012Validator(schema).is_valid
            print(' '.join(sorted(n for n in os.listdir(sys.argv[1])
                if n != 'schema' and valid(read(n)) != n.startswith('y'))))
            """
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, folder.path]
        process.standardOutput = output
        try process.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(said == "\n", "files on which schema and parser differ: \(said)")
    }
}
