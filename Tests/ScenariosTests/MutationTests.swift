import Base
import Cloud
import Testing

@testable import Scenarios

/// Spoils shipped files, byte by byte and value by value: reading must end, in a scenario that
/// is written back to itself or in faults.
@Suite("Scenario files mutated at random")
struct MutationTests {
    static let rounds = 3_000
    static let texts = [
        "30 d", "2.5 Mbit/s", "8 GiB", "0.01 %", "$30", "19:00", "daily", "container", "managed",
        "never", "", "-1 s", "99999999999999999999 d", "400 d", "fibre", "streamer-1", "é\u{0}",
    ]

    @Test("bytes spoilt at random never crash the reader", arguments: [UInt64(1), 20_261_124])
    func bytes(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        let sources = try Shipped.names.map { try #require(Shipped.bytes($0)) }
        for _ in 0..<Self.rounds {
            var bytes = sources[Int(random.below(UInt64(sources.count)))]
            for _ in 0...random.below(4) { Self.spoil(&bytes, &random) }
            try read(bytes, seed)
        }
    }

    @Test("values spoilt at random never crash the reader", arguments: [UInt64(2), 20_261_125])
    func values(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        let trees = try Shipped.names.map { try Shipped.file($0).scenario.tree }
        var valid = 0
        for _ in 0..<Self.rounds {
            var tree = trees[Int(random.below(UInt64(trees.count)))]
            for _ in 0...random.below(3) { tree = Self.spoilt(tree, depth: 0, &random) }
            valid += try read(Array(tree.text.utf8), seed)
        }
        #expect(valid > Self.rounds / 100, "hardly a mutation was valid: nothing was written back")
        #expect(valid < Self.rounds, "no mutation did harm")
    }

    /// 1 where the file was valid.
    @discardableResult
    private func read(_ bytes: [UInt8], _ seed: UInt64) throws -> Int {
        do throws(FileFaults) {
            let file = try ScenarioFile.read(path: "five-friends/x.json") { path in
                guard path != "five-friends/x.json" else { return bytes }
                // The least that is a plan: reading the shipped one each time would take minutes.
                guard !path.hasSuffix(".template.json") else {
                    let instance = #"{"Resources": {"I": {"Type": "AWS::EC2::Instance"}}}"#
                    return Array(instance.utf8)
                }
                return Shipped.bytes("five-friends.json")
            }
            guard let again = try? ScenarioFile(tree: file.scenario.tree) else {
                Issue.record("seed \(seed): what was written is not valid")
                return 1
            }
            #expect(again.scenario == file.scenario, "seed \(seed)")
            return 1
        } catch {
            #expect(!error.faults.isEmpty && error.faults.count <= FileFaults.faultsMax)
            return 0
        }
    }

    private static func spoil(_ bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else { return bytes.append(UInt8(random.below(256))) }
        let at = Int(random.below(UInt64(bytes.count)))
        switch random.below(5) {
        case 0: bytes[at] = UInt8(random.below(256))
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(Array("{}[]\",:0-".utf8)[Int(random.below(9))], at: at)
        case 3: bytes.removeSubrange(at..<min(bytes.count, at + Int(random.below(40))))
        case _: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 30)], at: at)
        }
    }

    private static func spoilt(
        _ tree: JSONTree, depth: Int, _ random: inout Random
    ) -> JSONTree {
        if random.below(UInt64(8)) == 0 && depth > 0 { return value(&random) }
        switch tree {
        case .object(var members) where !members.isEmpty:
            let at = Int(random.below(UInt64(members.count)))
            switch random.below(12) {
            case 0: members.remove(at: at)
            case 1: members[at].name += "x"
            case _: members[at].value = spoilt(members[at].value, depth: depth + 1, &random)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty:
            let at = Int(random.below(UInt64(elements.count)))
            switch random.below(8) {
            case 0: elements.remove(at: at)
            case 1: elements.append(elements[at])
            case _: elements[at] = spoilt(elements[at], depth: depth + 1, &random)
            }
            return .array(elements)
        case .null, .bool, .number, .string, .array, .object:
            return value(&random)
        }
    }

    private static func value(_ random: inout Random) -> JSONTree {
        switch random.below(8) {
        case 0: .null
        case 1: .bool(random.chance(millionths: 500_000))
        case 2: .number(String(random.below(20_000)))
        case 3: .number("-1e400")
        case 4: .array([])
        case 5: .object([JSONTree.Member("kind", .string("container"))])
        case _: .string(texts[Int(random.below(UInt64(texts.count)))])
        }
    }
}
