import Cloud
import Foundation
import Testing

@testable import Plans

@Suite("Findings") struct FindingTests {
    private func identified(_ plan: Plan) -> [String] {
        Given.findings(plan).map { "\($0.rule.severity.rawValue) \($0.rule.rawValue)" }
    }

    @Test("the plan as written has exactly these findings")
    func seed() throws {
        #expect(
            identified(try Given.seed()) == [
                "error empty-subnet-group", "error https-name-without-certificate",
                "error database-unreachable", "error cache-unreachable", "error target-unreachable",
                "warning port-without-listener", "warning address-not-elastic",
                "warning containers-unseen", "warning no-status-alarm",
                "warning image-end-of-life", "warning secret-in-user-data",
                "warning unlimited-credits", "warning storage-default", "warning ssh-open",
                "warning unknown-port-open", "warning storage-unencrypted",
                "warning storage-unencrypted", "warning storage-unencrypted", "warning metadata-v1",
                "note single-point-of-failure", "note single-point-of-failure",
                "note single-point-of-failure", "note public-addresses", "note rtmp-in-clear",
                "note no-firewall",
            ])
    }

    @Test("each finding of the plan as written stands at its place")
    func places() throws {
        let findings = Given.findings(try Given.seed())
        func place(_ rule: Rule) -> String? {
            findings.first { $0.rule == rule }.map { "\($0.path):\($0.line)" }
        }
        #expect(
            place(.emptySubnetGroup) == "$.Resources.RedisSubnetGroup.Properties.SubnetIds:427")
        #expect(
            place(.storageDefault)
                == "$.Resources.StreamrDBF4822ED4.Properties.AllocatedStorage:369")
        #expect(
            place(.sshOpen)
                == "$.Resources.EC2SecurityGroup05DEE054.Properties.SecurityGroupIngress[2]:63")
        #expect(
            place(.portWithoutListener)
                == "$.Resources.ALBSecurityGroup29A3BDEF.Properties.SecurityGroupIngress[0]:17")
        #expect(
            findings.first { $0.rule == .publicAddresses }?.reason.contains(
                "3 public IPv4 addresses are billed") == true)
        #expect(findings.first { $0.rule == .storageDefault }?.reason.contains("$12.70") == true)
        #expect(findings.allSatisfy { !$0.reason.contains("streamr:x@") }, "a secret is printed")
    }

    @Test("a corrected plan of the same shape has no error, and none of the first six")
    func corrected() throws {
        let found = Given.findings(try Given.shape("corrected")).map(\.rule)
        for rule: Rule in [
            .emptySubnetGroup, .databaseUnreachable, .cacheUnreachable, .targetUnreachable,
            .portWithoutListener, .storageDefault,
        ] { #expect(!found.contains(rule), "\(rule)") }
        #expect(found.allSatisfy { $0.severity != .error }, "\(found)")
        #expect(
            found.map(\.rawValue) == [
                "storage-unencrypted", "single-point-of-failure", "single-point-of-failure",
                "single-point-of-failure", "public-addresses", "rtmp-in-clear", "no-firewall",
            ])
    }

    @Test("NAT gateways, Graviton and Fargate are seen, and what is not read of them is named")
    func shapes() throws {
        let nat = Given.findings(try Given.shape("nat-multi-az")).map(\.rule)
        #expect(nat.filter { $0 == .natGateway }.count == 2)
        #expect(nat.filter { $0 == .singlePointOfFailure }.count == 2, "the database has a standby")
        let graviton = try Given.shape("graviton", region: "us-east-1")
        #expect(graviton.instances.first?.type == "t4g.small")
        #expect(graviton.databases.first?.instanceClass == "db.t4g.micro")
        #expect(!Given.findings(graviton).contains { $0.rule.severity == .error })
        let fargate = Given.findings(try Given.shape("fargate"))
        let named = fargate.filter { $0.rule == .notUnderstood }
        #expect(named.count == 3 && named.allSatisfy { $0.reason.contains("cost unknown") })
    }

    @Test("an account on the Free plan is refused seven days of backups")
    func freePlan() throws {
        let question = Question(date: "2026-11-22", account: .freePlan)
        let found = Findings(try Given.seed(), question, suppressions: []).all.map(\.rule)
        #expect(found.contains(.freePlanRefuses))
    }

    @Test("ends of support are ruled on at the day that is asked about")
    func dates() throws {
        let plan = try Given.seed()
        func found(_ date: String) -> [Rule] {
            Findings(plan, Question(date: date, account: .paid), suppressions: []).all.map(\.rule)
        }
        #expect(!found("2026-06-30").contains(.imageEndOfLife))
        #expect(found("2026-07-01").contains(.imageEndOfLife))
        #expect(!found("2027-11-11").contains(.engineEndOfLife))
        #expect(found("2027-11-12").contains(.engineEndOfLife))
    }

    @Test("all fixes together leave what a person has to decide, and nothing new")
    func improved() throws {
        let plan = try Given.seed()
        let improvement = Improvement(
            Findings(plan, Given.question, suppressions: []), fixing: nil)
        let again = Given.findings(Plan(improvement.templates, plan.graph.settings)).map(\.rule)
        let left = improvement.left.map(\.rule)
        #expect(again == left)
        #expect(again.allSatisfy { $0.severity != .error })
        #expect(improvement.text.contains("+++ StreamrFoundationStack.template.json"))
    }

    @Test("one rule's fix takes away that finding and no other")
    func oneByOne() throws {
        let plan = try Given.seed()
        let before = Findings(plan, Given.question, suppressions: [])
        for rule in Rule.allCases {
            let fixable = before.all.filter { $0.rule == rule && !$0.edits.isEmpty }
            guard !fixable.isEmpty else { continue }
            let improvement = Improvement(before, fixing: [rule])
            let after = Given.findings(Plan(improvement.templates, plan.graph.settings))
            let gone = before.all.filter { old in
                !after.contains { $0.rule == old.rule && $0.resource == old.resource }
            }
            // The newer image also asks for metadata tokens by itself.
            let others = gone.map(\.rule).filter { $0 != rule }
            #expect(others == (rule == .imageEndOfLife ? [.metadataV1] : []), "\(rule)")
            #expect(gone.count - others.count == fixable.count, "\(rule)")
        }
    }

    @Test("suppressions count out what they name, and stale ones are told")
    func suppressions() throws {
        let text = """
            {"suppress": [
              {"rule": "ssh-open", "resource": "StreamrApplicationStack/EC2SecurityGroup05DEE054",
               "reason": "one of us is travelling"},
              {"rule": "nat-gateway", "reason": "there was one"}]}
            """
        let read = try Suppression.read(Array(text.utf8)).get()
        let findings = Findings(try Given.seed(), Given.question, suppressions: read)
        #expect(!findings.counted.contains { $0.rule == .sshOpen })
        #expect(findings.all.contains { $0.suppressed == "one of us is travelling" })
        #expect(findings.staleSuppressions.map(\.rule) == [.natGateway])
        let wrong = Suppression.read(Array(#"{"suppress": [{"rule": "ssh-opn"}]}"#.utf8))
        guard case .failure(let faults) = wrong else {
            Issue.record("a wrong rule was taken")
            return
        }
        #expect(faults.faults[0].hint == "ssh-open")
    }

    @Test("a compose file beside the templates says what comes back, logs and listens")
    func compose() throws {
        var plan = try Given.seed()
        let text = """
            services:
              srs:
                image: ossrs/srs:5
                ports: ["1935:1935", "8081:8080"]
              coordinator:
                build: .
                restart: always
                logging: {driver: json-file, options: {max-size: 10m}}
            """
        plan.use(try Compose.read(Array(text.utf8)))
        let found = Given.findings(plan)
        #expect(found.first { $0.rule == .containersStayDown }?.reason.contains("srs") == true)
        #expect(found.first { $0.rule == .logsUnbounded }?.reason.hasPrefix("srs log") == true)
        #expect(!found.contains { $0.rule == .unknownPortOpen || $0.rule == .containersUnseen })
    }

    @Test("SARIF and JUnit have every finding, and XML is escaped")
    func formats() throws {
        let findings = Findings(try Given.seed(), Given.question, suppressions: [])
        let sarif = try JSONSerialization.jsonObject(with: Data(findings.sarif.text.utf8))
        let runs = try #require((sarif as? [String: Any])?["runs"] as? [[String: Any]])
        #expect((runs[0]["results"] as? [Any])?.count == findings.all.count)
        #expect(XMLText(findings.junit).isWellFormed)
        #expect(findings.junit.contains("tests=\"\(Rule.allCases.count)\" failures=\"5\""))
    }
}

/// Whether a text is XML, as Python's parser rules.
private struct XMLText {
    let isWellFormed: Bool

    init(_ text: String) {
        let outcome = try? Tool.inFolder { folder in
            let file = folder.appending(path: "x.xml")
            try Data(text.utf8).write(to: file)
            return try Tool.run([
                "python3", "-c",
                "import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])", file.path,
            ])
        }
        isWellFormed = outcome?.status == 0
    }
}
