import Base
import Cloud
import Testing

@testable import Scenarios

private let one = #""name": "a", "streamers": [{"name": "s", "count": 2}]"#

/// A file, the path of its only fault, the nearest right word, and whether the form of the file
/// alone (and so its schema) shows the fault.
let wrongFiles: [(String, String, String?, Bool)] = [
    (#"{}"#, "$.name", nil, true),
    (#"{"name": 5}"#, "$.name", nil, true),
    (#"{"name": "Five"}"#, "$.name", nil, true),
    (#"{"name": "a", "sed": 1}"#, "$.sed", "seed", true),
    (#"{"name": "a", "extend": "b"}"#, "$.extend", "extends", true),
    (#"{"name": "a", "seed": -1}"#, "$.seed", nil, true),
    (#"{"name": "a", "seed": 1.5}"#, "$.seed", nil, true),
    (#"{"name": "a", "start": "2026-12-01"}"#, "$.start", nil, true),
    (#"{"name": "a", "start": "2026-02-29T00:00:00Z"}"#, "$.start", nil, false),
    (#"{"name": "a", "duration": 30}"#, "$.duration", nil, true),
    (#"{"name": "a", "duration": "30"}"#, "$.duration", nil, true),
    (#"{"name": "a", "duration": "401 d"}"#, "$.duration", nil, false),
    (#"{"name": "a", "duration": "0.0000000001 s"}"#, "$.duration", nil, false),
    (#"{"name": "a", "$comment": 1}"#, "$.$comment", nil, true),
    (#"{"name": "a", "$schema": 1}"#, "$.$schema", nil, true),
    (#"{"name": "a", "deployment": 1}"#, "$.deployment", nil, true),
    (
        #"{"name": "a", "deployment": {"region": "eu-west-2"}}"#, "$.deployment.region",
        "eu-west-1", true
    ),
    (
        #"{"name": "a", "deployment": {"instance": {"machine": "t3.mirco"}}}"#,
        "$.deployment.instance.machine", "t3.micro", true
    ),
    (
        #"""
        {"name": "a", "deployment": {"instance": {"machine": {"cores": 1,
        "egress": "1 Gbit/s"}}}}
        """#,
        "$.deployment.instance.machine.memory", nil, true
    ),
    (
        #"""
        {"name": "a", "deployment": {"instance": {"machine": {"cores": 1,
        "egress": "1 Gbit/s", "burst": "1 Mbit/s", "memory": "1 GiB"}}}}
        """#,
        "$.deployment.instance.machine.burst", nil, false
    ),
    (
        #"{"name": "a", "deployment": {"database": "contaner"}}"#, "$.deployment.database",
        "container", true
    ),
    (
        #"{"name": "a", "deployment": {"database": {"kind": "mangaed"}}}"#,
        "$.deployment.database.kind", "managed", true
    ),
    (
        #"{"name": "a", "deployment": {"database": {"kind": "container", "multiAZ": true}}}"#,
        "$.deployment.database.multiAZ", nil, true
    ),
    (
        #"{"name": "a", "deployment": {"database": {"storage": {"size": "400 GiB"}}}}"#,
        "$.deployment.database.storage.size", nil, false
    ),
    (
        #"{"name": "a", "deployment": {"cache": {"nodeType": "cache.t3a.micro"}}}"#,
        "$.deployment.cache.nodeType", "cache.t3.micro", true
    ),
    (
        #"{"name": "a", "deployment": {"cache": {"nodeTyp": "cache.t3.micro"}}}"#,
        "$.deployment.cache.nodeTyp", "nodeType", true
    ),
    (
        #"{"name": "a", "deployment": {"front": {"healthPath": "health"}}}"#,
        "$.deployment.front.healthPath", nil, true
    ),
    (
        #"{"name": "a", "deployment": {"alarms": "yes"}}"#, "$.deployment.alarms", nil, true
    ),
    (
        #"{"name": "a", "deployment": {"rules": [{"from": "internet", "to": "instance"}]}}"#,
        "$.deployment.rules[0].port", nil, true
    ),
    (
        #"""
        {"name": "a", "deployment": {"rules": [{"from": "internet", "to": "instnce",
        "port": 1}]}}
        """#,
        "$.deployment.rules[0].to", "instance", true
    ),
    (#"{"name": "a", "pricing": {"budget": "30 $"}}"#, "$.pricing.budget", nil, true),
    (
        #"{"name": "a", "pricing": {"regime": "on_demand"}}"#, "$.pricing.regime", "on-demand",
        true
    ),
    (#"{"name": "a", "homes": [{"name": "x", "loss": "60 %"}]}"#, "$.homes[0].loss", nil, false),
    (#"{"name": "a", "homes": [{"name": "x", "delay": "0 s"}]}"#, "$.homes[0].delay", nil, false),
    (
        #"{"name": "a", "homes": [{"name": "x", "uplink": "7 bit/s"}]}"#, "$.homes[0].uplink", nil,
        false
    ),
    (#"{"name": "a", "homes": [{"name": "x"}, {"name": "x"}]}"#, "$.homes[1].name", nil, false),
    (
        #"{"name": "a", "homes": [{"name": "x", "evening": {"from": "20:00", "until": "20:00"}}]}"#,
        "$.homes[0].evening.until", nil, false
    ),
    (#"{"name": "a", "streamers": {}}"#, "$.streamers", nil, true),
    (
        #"{"name": "a", "streamers": [{"name": "s", "home": "fiber"}]}"#, "$.streamers[0].home",
        "fibre", false
    ),
    (
        #"{"name": "a", "streamers": [{"name": "s", "timeZone": "Europe/Dubln"}]}"#,
        "$.streamers[0].timeZone", "Europe/Dublin", true
    ),
    (
        #"{"name": "a", "streamers": [{"name": "s", "media": {"video": "2.5 Mbits/s"}}]}"#,
        "$.streamers[0].media.video", "2.5 Mbit/s", true
    ),
    (
        #"{"name": "a", "streamers": [{"name": "s", "schedule": [{"from": "24:00"}]}]}"#,
        "$.streamers[0].schedule[0].from", nil, true
    ),
    (
        #"{"name": "a", "streamers": [{"name": "s", "schedule": [{"weekdays": ["tues"]}]}]}"#,
        "$.streamers[0].schedule[0].weekdays", "tue", true
    ),
    (
        #"{"name": "a", "streamers": [{"name": "s", "schedule": [{"weekdays": ["mon", "mon"]}]}]}"#,
        "$.streamers[0].schedule[0].weekdays", nil, true
    ),
    (
        #"""
        {"name": "a", "streamers": [{"name": "s", "schedule": [{"from": "20:00",
        "length": "20 h", "jitter": "5 h"}]}]}
        """#,
        "$.streamers[0].schedule", nil, false
    ),
    (
        #"""
        {"name": "a", "streamers": [{"name": "s", "count": 6000}, {"name": "t",
        "count": 6000}]}
        """#,
        "$.streamers", nil, false
    ),
    (#"{\#(one), "viewers": [{"name": "s"}]}"#, "$.viewers[0].name", nil, false),
    (
        #"{\#(one), "viewers": [{"name": "v", "streams": [0, 2]}]}"#, "$.viewers[0].streams", nil,
        false
    ),
    (#"{\#(one), "viewers": [{"name": "v", "streams": []}]}"#, "$.viewers[0].streams", nil, true),
    (#"{\#(one), "viewers": [{"name": "v", "count": 6000}]}"#, "$.viewers", nil, false),
    (
        #"{\#(one), "viewers": [{"name": "v", "window": {"from": "2 d", "until": "1 d"}}]}"#,
        "$.viewers[0].window.until", nil, false
    ),
    (
        #"{\#(one), "viewers": [{"name": "v", "window": {"from": "2 d", "until": "31 d"}}]}"#,
        "$.viewers[0].window.until", nil, false
    ),
    (
        #"{\#(one), "viewers": [{"name": "v", "returnsAfter": "nevr"}]}"#,
        "$.viewers[0].returnsAfter", nil, true
    ),
    (#"{"name": "a", "viewers": [{"name": "v"}]}"#, "$.viewers", nil, false),
    (#"{"name": "a", "nodes": [{"name": "v"}]}"#, "$.nodes", nil, false),
    (#"{"name": "a", "dashboard": {"home": "nowhere"}}"#, "$.dashboard.home", nil, false),
    (#"{"name": "a", "faults": [{"at": "1 d"}]}"#, "$.faults[0].kind", nil, true),
    (#"{"name": "a", "faults": [{"kind": "instance-reboot"}]}"#, "$.faults[0].at", nil, true),
    (
        #"{"name": "a", "faults": [{"kind": "instance-reboot", "at": "30 d"}]}"#,
        "$.faults[0].at", nil, false
    ),
    (
        #"""
        {"name": "a", "faults": [{"kind": "container-crash", "at": "1 d",
        "container": "cache"}]}
        """#,
        "$.faults[0].container", nil, false
    ),
    (
        #"{\#(one), "faults": [{"kind": "home-outage", "at": "1 d", "home": "s-3"}]}"#,
        "$.faults[0].home", "s-1", false
    ),
    (
        #"{"name": "a", "gates": [{"metric": "cpu load", "operator": "<", "value": 1}]}"#,
        "$.gates[0].metric", nil, true
    ),
    (
        #"{"name": "a", "gates": [{"metric": "cpu_usd", "operator": "<", "value": 1}]}"#,
        "$.gates[0].metric", "cpu_used", true
    ),
    (
        #"""
        {"name": "a", "gates": [{"metric": "stalls", "aggregate": "max", "operator": "<",
        "value": 1}]}
        """#,
        "$.gates[0].aggregate", nil, false
    ),
    (
        #"{"name": "a", "faults": [{"kind": "reboot", "at": "1 d"}]}"#,
        "$.faults[0].kind", "instance-reboot", true
    ),
    (#"{"name": "a", "duration": "30 days"}"#, "$.duration", "30 d", true),
    (#"{"name": "a", "duration": "90 minutes"}"#, "$.duration", "90 min", true),
    (#"{"name": "a", "pricing": {"budget": "30"}}"#, "$.pricing.budget", "$30", true),
    (#"{"name": "a", "pricing": {"budget": 30}}"#, "$.pricing.budget", "$30", true),
    (#"{"name": "a", "pricing": {"regime": "free"}}"#, "$.pricing.regime", "free-plan", true),
    (
        #"""
        {"name": "a", "streamers": [{"name": "s", "schedule": [{"weekdays": "dayly",
        "from": "19:00", "length": "1 h"}]}]}
        """#,
        "$.streamers[0].schedule[0].weekdays", "daily", true
    ),
    (
        #"{"name": "a", "gates": [{"metric": "cpu_used", "operator": "=<", "value": 1}]}"#,
        "$.gates[0].operator", "<", true
    ),
    (
        #"{"name": "a", "gates": [{"metric": "cpu_used", "operator": "<", "value": 0.0000001}]}"#,
        "$.gates[0].value", nil, false
    ),
    (
        #"{"name": "a", "gates": [{"metric": "cpu_used", "operator": "<", "value": "1"}]}"#,
        "$.gates[0].value", nil, true
    ),
]

@Suite("Wrong scenario files")
struct FaultTests {
    static func faults(_ text: String) -> [FileFault] {
        do throws(FileFaults) {
            _ = try ScenarioFile.read(path: "a.json") { _ in Array(text.utf8) }
            return []
        } catch {
            return error.faults
        }
    }

    @Test("each mistake is told once, at its path, with the nearest right word")
    func eachMistake() {
        for (text, path, hint, _) in wrongFiles {
            let faults = Self.faults(text)
            #expect(faults.map(\.path) == [path], "\(text)")
            #expect(faults.first?.hint == hint, "\(text)")
        }
    }

    @Test("all mistakes are told at once")
    func allAtOnce() {
        let text = """
            {"name": "A", "sed": 1, "duration": "1 day", "deployment": {"alarms": 1},
             "streamers": [{"name": "s", "home": "fiber", "media": {"video": "x"}}],
             "viewers": [{"name": "v", "streams": [1]}], "faults": [{"kind": "reboot", "at": 1}]}
            """
        #expect(
            Self.faults(text).map(\.path).sorted() == [
                "$.deployment.alarms", "$.duration", "$.faults[0].kind", "$.name", "$.sed",
                "$.streamers[0].home", "$.streamers[0].media.video", "$.viewers[0].streams",
            ])
    }

    @Test("text that is no JSON is told with file, line and column")
    func syntax() {
        let faults = Self.faults("{\n  \"name\": \"a\",\n  \"seed\": }\n")
        #expect(faults.map(\.found) == ["otherwise at a.json:3:11"])
        #expect(Self.faults("[1]").map(\.path) == ["$"])
        #expect(Self.faults("").count == 1)
    }

    @Test("too long, too deep and too many are refused")
    func bounds() {
        let long = "\"" + String(repeating: "a", count: JSONTree.bytesMax) + "\""
        #expect(Self.faults(long).count == 1)
        let deep = String(repeating: "[", count: 100_000)
        #expect(Self.faults(deep).count == 1)
        let many = Array(repeating: #"{"name": "h"}"#, count: Limits.groups + 1)
        let homes = #"{"name": "a", "homes": ["# + many.joined(separator: ",") + "]}"
        #expect(Self.faults(homes).map(\.path) == ["$.homes"])
    }

    @Test("never more faults are told than anyone reads")
    func faultsBounded() {
        let many = Array(repeating: #"{"x": 1}"#, count: 200).joined(separator: ",")
        #expect(Self.faults(#"{"homes": [\#(many)]}"#).count == FileFaults.faultsMax)
    }
}
