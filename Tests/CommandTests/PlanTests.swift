import Foundation
import Testing

/// `streamr-sim plan …` as a user and a pipeline meet it.
@Suite struct PlanTests {
    static let seed = ["Foundation", "Application"].map {
        "scenarios/plan/as-written/Streamr\($0)Stack.template.json"
    }
    static let meant = ["Foundation", "Application"].map {
        "scenarios/plan/five-friends/Streamr\($0)Stack.template.json"
    }

    @Test("check: 10 for errors with the exact set as JSON, 0 without, 2 for what is no template")
    func check() throws {
        let outcome = try Command.run(["plan", "check", "--json"] + Self.seed)
        #expect(outcome.status == 10, "\(outcome.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let findings = try #require((json as? [String: Any])?["findings"] as? [[String: Any]])
        let rules = findings.filter { $0["severity"] as? String == "error" }
            .compactMap { $0["rule"] as? String }
        #expect(
            rules == [
                "empty-subnet-group", "https-name-without-certificate", "database-unreachable",
                "cache-unreachable", "target-unreachable",
            ])
        #expect(findings.count == 25)
        #expect(try Command.run(["plan", "check"] + Self.meant).status == 0)
        #expect(try Command.run(["plan", "check", "README.md"]).status == 2)
        #expect(try Command.run(["plan", "check", "no-such.json"]).status == 2)
        #expect(try Command.run(["plan", "check", "--fail-on", "note"] + Self.meant).status == 10)
        let text = try Command.run(["plan", "check"] + Self.seed).output
        #expect(text.contains("Will it deploy?") && text.contains("template.json:427"))
    }

    @Test("reach: one question ends with 0 for yes and 10 for no, and says what decides")
    func reach() throws {
        func ask(_ from: String, _ to: String, _ port: String) throws -> Command.Outcome {
            try Command.run(
                ["plan", "reach", "--from", from, "--to", to, "--port", port] + Self.seed)
        }
        #expect(try ask("internet", "StreamrInstance55971174", "1935").status == 0)
        let closed = try ask("StreamrInstance55971174", "StreamrDBF4822ED4", "5432")
        #expect(closed.status == 10 && closed.output.contains("no ingress rule"))
        #expect(try ask("internet", "Nobody", "1").status == 2)
    }

    @Test("cost: to the cent, and the difference between two plans")
    func cost() throws {
        let outcome = try Command.run(["plan", "cost"] + Self.seed)
        #expect(outcome.status == 0 && outcome.output.contains("78.66"), "\(outcome.output)")
        let than = try Command.run(
            ["plan", "cost"] + Self.meant + ["--than"] + Self.seed)
        #expect(than.output.contains("total"), "\(than.output) \(than.errors)")
        let folder = "scenarios/plan/"
        let compared = try Command.run(["compare", folder + "as-written", folder + "five-friends"])
        #expect(compared.status == 20 && compared.output.contains("+0.50"), "\(compared.errors)")
        let same = try Command.run(["compare", Self.seed[1], Self.seed[1]])
        #expect(same.status == 0, "\(same.errors)")
        #expect(try Command.run(["compare", folder + "as-written", "results"]).status == 2)
    }

    @Test("synth writes the templates that five-friends is kept as; improve leaves no error")
    func synthAndImprove() throws {
        try Command.inFolder { folder in
            let out = folder.path + "/synth"
            let synth = try Command.run(
                ["plan", "synth", "scenarios/five-friends.json", "--out", out])
            #expect(synth.status == 0, "\(synth.errors)")
            for path in Self.meant {
                let name = path.split(separator: "/").last.map(String.init) ?? ""
                let kept = try String(
                    contentsOf: Command.root.appending(path: path), encoding: .utf8)
                #expect(try String(contentsOfFile: out + "/" + name, encoding: .utf8) == kept)
            }
            let improved = folder.path + "/improved"
            let improve = try Command.run(["plan", "improve", "--out", improved] + Self.seed)
            #expect(improve.status == 0 && improve.output.contains("@@"), "\(improve.errors)")
            let names = try FileManager.default.contentsOfDirectory(atPath: improved).sorted()
            let again = try Command.run(["plan", "check"] + names.map { improved + "/" + $0 })
            #expect(again.status == 0, "\(again.output)")
        }
    }

    @Test("the plan as written: 10, with a row for each blocker that is fixed in turn; twice")
    func asWritten() throws {
        try Command.inFolder { folder in
            let words = [
                "run", "scenarios/plan-as-written.json", "--days", "1", "--no-remedies", "--out",
                folder.path + "/out",
            ]
            let outcome = try Command.run(words)
            #expect(outcome.status == 10, "\(outcome.errors)")
            for words in [
                "As written the plan cannot be deployed: 5 errors. Corrected, the plan",
                "as written → rolls back, fails: everything", "empty-subnet-group fixed → deploys",
                "target-unreachable fixed → deploys", "every other finding with a fix as well →",
            ] { #expect(outcome.output.contains(words), "\(outcome.output)") }
            let report = try String(
                contentsOfFile: folder.path + "/out/report.html", encoding: .utf8)
            #expect(report.contains("The plan as written") && report.contains("image/svg+xml"))
            // The folder is a run's and is taken again; the summary has the stages as data.
            let again = try Command.run(words + ["--json"])
            #expect(again.status == 10, "\(again.errors)")
            let json = try JSONSerialization.jsonObject(with: Data(again.output.utf8))
            let plan = try #require((json as? [String: Any])?["plan"] as? [String: Any])
            let stages = try #require(plan["stages"] as? [[String: Any]])
            #expect(stages.count == 7)
            #expect(
                stages.map { $0["isDeployed"] as? Bool } == [false]
                    + Array(repeating: true, count: 6))
            #expect((stages[1]["failed"] as? [String])?.contains("dashboard-https") == true)
            #expect((stages[6]["failed"] as? [String])?.contains("dashboard-https") == false)
        }
    }

    private static let sweep = [
        "plan", "frontier", "scenarios/five-friends.json", "--days", "1", "--hours", "1,4",
        "--rate", "2500", "--relay", "0", "--deployment", "containers",
    ]

    @Test("frontier: with more points, the same ones; each point's command gives its fingerprint")
    func frontier() throws {
        try Command.inFolder { folder in
            func sweep(_ out: String, _ friends: String) throws -> String {
                let outcome = try Command.run(
                    Self.sweep + [
                        "--cache", "valkey,redis", "--friends", friends, "--out",
                        folder.path + "/" + out,
                    ])
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(outcome.output.contains("For $30 a month you get"))
                return try String(
                    contentsOfFile: "\(folder.path)/\(out)/frontier.csv", encoding: .utf8)
            }
            let whole = try sweep("whole", "1,2")
            _ = try sweep("parts", "1")
            #expect(try sweep("parts", "1,2") == whole)
            // Which cache runs in a container makes no other point.
            #expect(whole.split(separator: "\n").count == 5)
            let cells = try #require(whole.split(separator: "\n").last).split(separator: ",")
            let fingerprint = try #require(cells.first { $0.count == 32 })
            let command = try #require(
                whole.split(separator: "\n").last?.split(separator: "\"").last)
            let alone = try Command.run(
                command.split(separator: " ").dropFirst().map(String.init))
            #expect(alone.output.contains(fingerprint), "\(command): \(alone.output)")
            #expect(alone.output.contains(cells[8]), "the bill")
        }
    }

    @Test("frontier: a machine whose memory does not do is no place, however cheap")
    func frontierMemory() throws {
        let outcome = try Command.run(
            Self.sweep + [
                "--point",
                "friends=1,hours=1,rate=1500,relay=0,deployment=containers,machine=t3.nano,"
                    + "cache=container,region=us-east-1",
            ])
        // A day is too little to rule on everything, but enough to see it fail.
        #expect(outcome.status == 3, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.contains("The plan does not hold: 3 of 8 criteria fail"))
    }

    @Test("frontier: interrupted it ends with 130, and goes on where it was")
    func frontierInterrupted() throws {
        try Command.inFolder { folder in
            let words = Self.sweep + ["--friends", "1,2,3", "--out", folder.path + "/out"]
            #expect(try Command.run(words, interrupts: true).status == 130)
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/out/frontier.csv"))
            #expect(try Command.run(words).status == 0)
            let again = try Command.run(words)
            #expect(
                again.errors.contains("6 of 6 points, 6 of them from before"), "\(again.errors)")
            #expect(!again.errors.contains("simulated"), "nothing is simulated twice")
        }
    }

    @Test(
        "frontier refuses what it cannot price or read, and names what there is",
        arguments: [
            (["--machine", "t4g.small"], "with a price in eu-west-1 there are t3.nano, t3.micro"),
            (["--region", "mars-1"], "there are price books for eu-west-1, us-east-1"),
            (["--hours", "24"], "hours=24: 1 to 23"), (["--friends", ""], "one of each list"),
            (["--point", "friends=1"], "no hours="), (["--budget", "0"], "--budget 0"),
        ])
    func frontierRefuses(words: [String], reason: String) throws {
        let outcome = try Command.run(
            Self.sweep + ["--out", "/nonexistent/never"] + words)
        #expect(outcome.status == 2 && outcome.errors.contains(reason), "\(outcome.errors)")
    }

    @Test("prices import puts an offer file's prices over the shipped book's")
    func prices() throws {
        let offer = """
            {"offerCode": "AmazonEC2", "version": "1", "publicationDate": "2026-12-01T00:00:00Z",
             "products": {
              "A": {"sku": "A", "productFamily": "Compute Instance", "attributes": {
                "operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA",
                "capacitystatus": "Used", "instanceType": "t4g.small", "regionCode": "eu-west-1"}},
              "B": {"sku": "B", "productFamily": "Compute Instance", "attributes": {
                "operatingSystem": "Windows", "tenancy": "Shared", "preInstalledSw": "NA",
                "capacitystatus": "Used", "instanceType": "t3.micro", "regionCode": "eu-west-1"}}},
             "terms": {"OnDemand": {"A": {"A.1": {"effectiveDate": "2026-12-01T00:00:00Z",
              "priceDimensions": {"A.1.1": {"beginRange": "0", "endRange": "Inf", "unit": "Hrs",
               "pricePerUnit": {"USD": "0.0184000000"}}}}}}}}
            """
        try Command.inFolder { folder in
            let file = folder.appending(path: "index.json")
            try Data(offer.utf8).write(to: file)
            let book = folder.path + "/book.json"
            let imported = try Command.run(["prices", "import", file.path, "--out", book])
            #expect(imported.status == 0, "\(imported.errors)")
            let shape = ["Foundation", "Application"].map {
                "Tests/PlansTests/Shapes/graviton/\($0).template.json"
            }
            let cost = try Command.run(["plan", "cost", "--prices", book] + shape)
            // 12.41 + 2.54 + 9.928 + 0.40 + 1.76 + 3.65 + 18.396 + 7.30 + 0.50 and, for the
            // instance, 730 h at 0.0184: 70.316.
            #expect(cost.output.contains("70.32"), "\(cost.output)\(cost.errors)")
        }
    }
}
