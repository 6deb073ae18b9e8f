import Foundation
import Testing

/// Whole runs of the release build: fluid against frames, and memory whatever the length.
@Suite(.serialized) struct FidelityTests {
    private static let quick = ["--no-remedies", "--quiet", "--out"]

    /// Method: `compare` fails when bytes or CPU are more than 1 % apart, stall seconds or dropped
    /// frames more than 5 %, or bills by a cent.
    @Test(
        "fluid and frames agree within what `compare` allows",
        arguments: ["five-friends", "viral-night", "bad-week"])
    func fidelity(name: String) throws {
        try Command.inFolder { folder in
            let (fluid, frame) = (folder.path + "/fluid", folder.path + "/frame")
            let scenario = "scenarios/\(name).json"
            _ = try Command.run(["run", scenario] + Self.quick + [fluid], program: Command.release)
            _ = try Command.run(
                ["run", scenario, "--fidelity", "frame"] + Self.quick + [frame],
                program: Command.release)
            let compared = try Command.run(["compare", fluid, frame], program: Command.release)
            #expect(compared.status == 0, "\(compared.output)")
        }
    }

    @Test("a year takes no more than 150 MiB")
    func memory() throws {
        try Command.inFolder { folder in
            let out = folder.path + "/out"
            _ = try Command.run(
                ["run", "scenarios/five-friends.json", "--days", "365"] + Self.quick + [out],
                program: Command.release)
            let info = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: out + "/run-info.json")))
            let fields = try #require(info as? [String: Any])
            let peak = try #require(fields["memoryPeakBytes"] as? Int)
            #expect(peak <= 150 << 20, "\(peak >> 20) MiB")
        }
    }
}
