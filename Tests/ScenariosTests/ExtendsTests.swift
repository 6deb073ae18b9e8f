import Base
import Cloud
import Testing

@testable import Scenarios

@Suite("Scenario files that extend others")
struct ExtendsTests {
    /// Reads the first of these files, the others being beside it.
    func read(_ files: [(String, String)]) throws(FileFaults) -> ScenarioFile {
        try ScenarioFile.read(path: files[0].0) { path in
            files.first { $0.0 == path }.map { Array($0.1.utf8) }
        }
    }

    func faults(_ files: [(String, String)]) -> [FileFault] {
        do throws(FileFaults) {
            _ = try read(files)
            return []
        } catch {
            return error.faults
        }
    }

    @Test("objects are merged, lists replaced, and null removes")
    func merge() throws {
        let file = try read([
            (
                "x/child.json",
                #"""
                {"extends": "../parent.json", "name": "child", "seed": null,
                 "pricing": {"budget": "$5"}, "nodes": [{"name": "other"}]}
                """#
            ),
            (
                "parent.json",
                #"""
                {"name": "parent", "seed": 9, "summary": "kept", "streamers": [{"name": "s"}],
                 "pricing": {"regime": "free-plan", "budget": "$9"},
                 "nodes": [{"name": "one"}, {"name": "two"}]}
                """#
            ),
        ])
        let scenario = file.scenario
        #expect(scenario.name == "child" && scenario.summary == "kept" && scenario.seed == 1)
        #expect(scenario.pricing.regime == .freePlan && scenario.pricing.budgetCents == 500)
        #expect(scenario.nodes.map(\.name) == ["other"])
    }

    @Test("an object of another kind replaces, one of the same kind is merged")
    func kinds() throws {
        let parent =
            #"{"name": "p", "deployment": {"cache": {"kind": "managed", "engine": "valkey"}}}"#
        func cache(_ patch: String) throws -> CachePlan {
            let base = try ScenarioFile(tree: JSONTree.parse(Array(parent.utf8)))
            let change = #"{"deployment": {"cache": \#(patch)}}"#
            return try base.patched(with: JSONTree.parse(Array(change.utf8))).scenario.deployment
                .cache
        }
        #expect(try cache(#""container""#) == .container(memoryMax: .mebibytes(64)))
        #expect(
            try cache(#"{"kind": "container", "memoryMax": "32 MiB"}"#)
                == .container(memoryMax: .mebibytes(32)))
        #expect(
            try cache(#"{"nodeType": "cache.t3.micro"}"#)
                == .managed(nodeType: "cache.t3.micro", engine: .valkey))
    }

    @Test("rules that a file leaves open follow its front, database and cache")
    func rules() throws {
        let text = #"{"name": "p", "deployment": {"front": "container", "database": "container"}}"#
        let deployment = try ScenarioFile(tree: JSONTree.parse(Array(text.utf8))).scenario
            .deployment
        #expect(deployment.reaches(from: .internet, to: .instance, port: 443))
        #expect(!deployment.reaches(from: .internet, to: .loadBalancer, port: 443))
        #expect(!deployment.reaches(from: .instance, to: .database, port: 5432))
        #expect(deployment.reaches(from: .instance, to: .cache, port: 6379))
    }

    @Test("a shipped home may be changed by name, and others added")
    func homes() throws {
        let text = #"{"name": "p", "homes": [{"name": "dsl", "loss": "2 %"}, {"name": "barn"}]}"#
        let homes = try ScenarioFile(tree: JSONTree.parse(Array(text.utf8))).scenario.homes
        #expect(homes.map(\.name) == ["fibre", "cable", "dsl", "mobile", "barn"])
        #expect(homes[2].loss == .percent(2) && homes[2].uplink == .megabits(8))
        #expect(homes[4].uplink == homes[0].uplink)
    }

    @Test("circles, long chains and missing parents are told, not followed")
    func refused() {
        let circle = [
            ("a.json", #"{"extends": "b.json"}"#), ("b.json", #"{"extends": "./x/../a.json"}"#),
        ]
        #expect(faults(circle).map(\.found) == ["a.json extends b.json extends a.json"])
        let chain = (0..<20).map { ("\($0)", #"{"name": "n", "extends": "\#($0 + 1)"}"#) }
        #expect(faults(chain).map(\.path) == ["$.extends"])
        let missing = [("a.json", #"{"extends": "b.json"}"#)]
        #expect(faults(missing).map(\.found) == ["\"b.json\""])
        #expect(faults([("a.json", #"{"extends": 5}"#)]).map(\.path) == ["$.extends"])
    }

    @Test(
        "parents are found beside the file that names them",
        arguments: [
            ("b", "a", "b"), ("b", "x/a", "x/b"), ("../b", "x/a", "b"), ("../../b", "x/a", "../b"),
            ("/b", "x/a", "/b"), ("./b", "/x/a", "/x/b"), ("../b", "../a", "../../b"),
        ])
    func paths(name: String, path: String, result: String) {
        #expect(ScenarioFile.resolve(name, beside: path) == result)
    }
}
