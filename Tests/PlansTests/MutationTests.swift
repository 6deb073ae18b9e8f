import Base
import Cloud
import Foundation
import Testing

@testable import Plans

/// Spoils real templates, byte by byte and value by value: reading must end in a plan whose
/// findings, reachability, bill and fixes can be worked out, or in a fault with a line.
@Suite("Templates mutated at random") struct MutationTests {
    private static let rounds = 60  // each works out a whole plan
    private static let strings = [
        "", "10.0.0.0/33", "0.0.0.0/0", "-1", "99999999999999999999", "{{resolve:x", "${", "${A}",
        "AWS::NoValue", "Fn::Sub", "Ref", "t3.micro", "\u{0}é", "255.255.255.255/32", "true",
    ]

    private static func sources() throws -> [[Template]] {
        let seed = Given.root.appending(path: "scenarios/plan/as-written")
        return try [
            seed, Given.shapes.appending(path: "corrected"),
            Given.shapes.appending(path: "nat-multi-az"), Given.shapes.appending(path: "fargate"),
        ].map { try Given.templates(in: $0) }
    }

    @Test("values spoilt at random never crash", arguments: [UInt64(3), 20_261_122])
    func values(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        let sources = try Self.sources()
        for _ in 0..<Self.rounds {
            var templates = random.pick(sources)
            for _ in 0...random.below(4) {
                let at = Int(random.below(UInt64(templates.count)))
                let tree = Self.spoilt(templates[at].root.tree, depth: 0, &random)
                try read(tree.text, over: &templates, at)
            }
            work(
                Plan(templates, ReadSettings(region: random.pick(["eu-west-1", "us-east-1", ""]))))
        }
    }

    @Test("bytes spoilt at random never crash", arguments: [UInt64(4), 20_261_123])
    func bytes(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        let sources = try Self.sources()
        for _ in 0..<Self.rounds {
            var templates = random.pick(sources)
            let at = Int(random.below(UInt64(templates.count)))
            var bytes = Array(templates[at].root.tree.text.utf8)
            for _ in 0...random.below(6) {
                let index = Int(random.below(UInt64(bytes.count)))
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            // Half of them are no longer JSON and are read as YAML.
            if random.isTrue(in: 2) { bytes = Array("x: ".utf8) + bytes }
            do throws(SourceFault) {
                templates[at] = try Template.read(path: templates[at].path, bytes: bytes)
                work(Plan(templates, ReadSettings(region: "eu-west-1")))
            } catch {
                #expect(error.line >= 1)
            }
        }
    }

    private func read(_ text: String, over templates: inout [Template], _ at: Int) throws {
        do throws(SourceFault) {
            templates[at] = try Template.read(path: templates[at].path, bytes: Array(text.utf8))
        } catch {
            #expect(error.line >= 1)
        }
    }

    private func work(_ plan: Plan) {
        let findings = Findings(plan, Given.question, suppressions: [])
        _ = findings.text(Given.question)
        _ = Improvement(findings, fixing: nil)
        let matrix = ReachMatrix(plan)
        var drawing = ReachDrawing(matrix)
        _ = (matrix.text, drawing.svg())
        _ = plan.deployment(assuming: .example)
        if let book = PriceBook.shipped(region: plan.region) {
            _ = PlanCost(plan, .nothing, at: book, under: .onDemand).text(.nothing)
        }
    }

    private static func spoilt(_ tree: JSONTree, depth: Int, _ random: inout Random) -> JSONTree {
        switch tree {
        case .object(var members) where !members.isEmpty:
            let at = Int(random.below(UInt64(members.count)))
            if random.isTrue(in: 12) {
                members.remove(at: at)
            } else if random.isTrue(in: 20) {
                members[at].name = random.pick(strings)
            } else {
                members[at].value = spoilt(members[at].value, depth: depth + 1, &random)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty:
            let at = Int(random.below(UInt64(elements.count)))
            if random.isTrue(in: 6) {
                elements.remove(at: at)
            } else if random.isTrue(in: 6) {
                elements += elements
            } else {
                elements[at] = spoilt(elements[at], depth: depth + 1, &random)
            }
            return .array(elements)
        case _:
            return random.pick([
                .null, .bool(true), .number("-7"), .number("4294967296"), .array([]), .object([]),
                .string(random.pick(strings)), .object([.init("Ref", .string("Nothing"))]),
            ])
        }
    }
}
