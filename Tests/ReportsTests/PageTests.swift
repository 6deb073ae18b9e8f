import Base
import Cloud
import Foundation
import FoundationXML
import Results
import Scenarios
import Testing

@testable import Reports

@Suite("the report")
struct PageTests {
    /// The page as a tree: it is kept well-formed apart from `meta` and `input`.
    private func tree(_ record: RunRecord) throws -> XMLDocument {
        var page = Page.render(record)
        for tag in ["meta", "input"] {
            page = page.replacing(try Regex("<(\(tag)[^>]*)>")) { match in
                "<\(match.output[1].substring ?? "")/>"
            }
        }
        page = page.replacing("<!doctype html>", with: "")
            .replacing("autocomplete=\"off\"", with: "").replacing(" hidden role", with: " role")
            .replacing("<script>", with: "<script><![CDATA[")
            .replacing("</script>", with: "]]></script>")
        return try XMLDocument(xmlString: page)
    }

    private func texts(_ document: XMLDocument, _ path: String) throws -> [String] {
        try document.nodes(forXPath: path).map { ($0.stringValue ?? "").words }
    }

    @Test("answers in its first sentence")
    func headline() throws {
        let page = try tree(SampleRun.record(days: 2))
        #expect(
            try texts(page, "//h1") == [
                "The plan does not hold: 2 of 8 criteria fail and 1 is inconclusive; "
                    + "a month costs $262.15 against $30."
            ])
    }

    @Test(
        "says what holds, what is open and what was cut short",
        arguments: [
            (Status.pass, nil, Status.pass, "The plan holds: all 8 criteria pass; "),
            (
                .inconclusive, nil, .inconclusive,
                "Too little was seen to say whether the plan holds: 8 of 8 "
            ),
            (.fail, nil, .fail, "The plan does not hold: 8 of 8 criteria fail; "),
            (.pass, "why", .inconclusive, "Cut short after 2 d. So far, the plan holds: all 8 "),
            (.fail, "why", .fail, "Cut short after 2 d. So far, the plan does not hold: 8 of 8 "),
        ] as [(Status, String?, Status, String)])
    func headlines(all: Status, partial: String?, status: Status, beginning: String) {
        var result = SampleRun.result(days: 2)
        result.partial = partial
        result.scenario.duration = .days(3)
        for index in result.verdicts.indices { result.verdicts[index].status = all }
        let headline = Headline(RunRecord(result, reproduce: ""))
        #expect(headline.status == status)
        #expect(headline.text.hasPrefix(beginning))
        #expect(headline.text.hasSuffix("a month costs $262.15 against $30."))
    }

    @Test("has a row for every ruling, line of the bill, outage and intervention")
    func rows() throws {
        let record = SampleRun.record()
        let page = try tree(record)
        #expect(try page.nodes(forXPath: "//section[@id='verdicts']//tbody/tr").count == 8)
        #expect(try page.nodes(forXPath: "//section[@id='gates']//tbody/tr").count == 3)
        let bill = "//section[@id='bill']//table[contains(@class,'bill')]"
        #expect(try page.nodes(forXPath: "\(bill)/tbody/tr").count == record.bill.lines.count)
        #expect(try texts(page, "\(bill)/tfoot/tr/td[5]/preceding-sibling::td[1]")[0] == "262.15")
        #expect(try page.nodes(forXPath: "//section[@id='interventions']//tbody/tr").count == 5)
        #expect(
            try texts(page, "//section[@id='bill']/p[1]")[0].hasPrefix(
                "Prices: aws-eu-west-1-2026-11-22"))
    }

    @Test("draws every column of the series, and every outage in every chart")
    func charts() throws {
        let page = try tree(SampleRun.record())
        let charts = try page.nodes(forXPath: "//figure[@class='chart']").count
        #expect(charts == 7)
        #expect(try page.nodes(forXPath: "//path[starts-with(@class,'line')]").count == 9)
        #expect(try page.nodes(forXPath: "//rect[@class='away']").count == charts * 3)
        #expect(try page.nodes(forXPath: "//figure[@class='week']//rect").count == 168)
    }

    @Test("shows homes that were away apart from the platform's outages, each home once")
    func homes() throws {
        var result = SampleRun.result()
        for day in [1, 2, 3, 4, 20] {
            let from = result.scenario.start + .days(Int64(day))
            result.outages.append(
                Outage(
                    service: "node-1", isHome: true, from: from, until: from + .minutes(4),
                    cause: "router reboot", healedBy: "itself"))
        }
        let page = try tree(RunRecord(result, reproduce: ""))
        let tables = "//section[@id='interventions']//table"
        let rows = try texts(page, "\(tables)/tbody/tr[contains(., 'node-1')]/td")
        #expect(
            rows.dropFirst() == [
                "20 min", "the home of node-1", "router reboot, 5 times", "itself",
            ])
        let charts = try page.nodes(forXPath: "//figure[@class='chart']").count
        #expect(try page.nodes(forXPath: "//rect[@class='away']").count == charts * 3)
        #expect(try page.nodes(forXPath: "//rect[@class='home']").count == charts * 5)
        #expect(Page.render(RunRecord(result, reproduce: "")).contains("a friend’s home was away"))
    }

    @Test("colours an hour of the week like another that is nearly equal")
    func heat() throws {
        let hours: [Int64] = [1_000, 999, 930, 0]
        let column = Series.Column(
            name: "egress_rate", unit: "Mbit/s", values: hours.map { Fixed($0) })
        let series = Series(start: SampleRun.start, step: .hours(1), columns: [column])
        let markup = try #require(HeatMap(series)).markup.text
        #expect(markup.components(separatedBy: "class=\"h7\"").count == 4)
        #expect(markup.components(separatedBy: "class=\"h0\"").count == 2)
    }

    @Test("counts one of a thing in the singular")
    func singular() {
        #expect(Numbers.measured(Fixed(1), "interventions") == "1 intervention")
        #expect(Numbers.measured(Fixed(2), "interventions") == "2 interventions")
        #expect(Numbers.measured(Fixed(1), "%") == "1 %")
    }

    @Test("says of what was simulated whole that it was interrupted after that")
    func interruptedAfter() {
        var result = SampleRun.result(days: 2)
        result.scenario.duration = result.simulated
        result.partial = "interrupted while looking for remedies"
        let headline = Headline(RunRecord(result, reproduce: ""))
        #expect(headline.text.hasPrefix("Simulated whole, and interrupted after that. The plan "))
    }

    @Test("of a month of minutes stays under 2 MB")
    func size() {
        var result = SampleRun.result()
        result.series.step = .minutes(1)
        for index in result.series.columns.indices {
            result.series.columns[index].values =
                result.series.columns[index].values.flatMap { [Fixed](repeating: $0, count: 5) }
        }
        result.series.columns += result.series.columns
        result.events = (0..<40).flatMap { _ in SampleRun.events(days: 30) }
        let page = Page.render(RunRecord(result, reproduce: ""))
        #expect(page.utf8.count < 2_000_000)
    }

    @Test("lets no name from a scenario become a tag, an attribute or a script")
    func hostile() throws {
        let hostile = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u{0}"
        var result = SampleRun.result(days: 1)
        result.scenario.name = hostile
        result.scenario.summary = hostile
        result.partial = hostile
        for index in result.verdicts.indices {
            result.verdicts[index].criterion = hostile
            result.verdicts[index].unit = hostile
            result.verdicts[index].evidence = hostile
            result.verdicts[index].disagreement = hostile
            result.verdicts[index].remedy?.change = hostile
            result.verdicts[index].remedy?.fingerprint = hostile
        }
        result.gates[0].gate.metric = hostile
        result.interventions[0].cause = hostile
        result.outages[0].service = hostile
        result.figures.append(Figure(hostile, .zero))
        for index in result.series.columns.indices {
            result.series.columns[index].name = hostile
            result.series.columns[index].unit = hostile
        }
        result.events[0].kind = hostile
        result.events[0].detail = hostile
        result.drawn[0].value = hostile
        result.assumptions[0] = hostile
        result.fidelity?.rows[0].name = hostile
        result.bill.lines[0].service = hostile
        result.bill.lines[0].source = hostile
        let record = RunRecord(result, reproduce: hostile)
        let page = try tree(record)
        #expect(try page.nodes(forXPath: "//script").count == 1)
        #expect(try page.nodes(forXPath: "//img").count == 0)
        #expect(try page.nodes(forXPath: "//@onerror").count == 0)
        #expect(try page.nodes(forXPath: "//@href[not(starts-with(., '#'))]").count == 0)
        #expect(try texts(page, "//section[@id='reproduce']/pre").first?.contains("<img") == true)
        _ = try XMLDocument(xmlString: JUnit.render(record.summary))
    }

    @Test("fetches nothing")
    func offline() throws {
        let page = Page.render(SampleRun.record(days: 1))
        #expect(page.contains("default-src 'none'"))
        // Pictures are in the page itself.
        #expect(page.split(separator: "src=").dropFirst().allSatisfy { $0.hasPrefix("\"data:") })
        for request in ["@import", "url(", "<link", "fetch(", "XMLHttpRequest"] {
            #expect(!page.contains(request), "\(request)")
        }
    }

    @Test("holds no markup that was taken for text")
    func nothingEscapedTwice() {
        let page = Page.render(SampleRun.record(days: 3))
        for slip in ["&lt;t", "&lt;s", "&lt;p", "&lt;/", "&amp;lt;", "Markup(", "Optional("] {
            #expect(!page.contains(slip), "\(slip)")
        }
    }

    @Test("of an empty run still stands")
    func empty() throws {
        var result = SampleRun.result(days: 1)
        result.partial = "interrupted (SIGINT)"
        result.simulated = .zero
        result.verdicts = []
        result.gates = []
        result.interventions = []
        result.figures = []
        result.events = []
        result.drawn = []
        result.assumptions = []
        result.fidelity = nil
        result.outages = []
        result.hours = []
        for index in result.series.columns.indices {
            result.series.columns[index].values = []
        }
        let record = RunRecord(result, reproduce: "streamr-sim run x.json")
        let page = try tree(record)
        #expect(
            try texts(page, "//p[@class='partial']") == ["Partial results. interrupted (SIGINT)"])
        #expect(try page.nodes(forXPath: "//figure").count == 0)
        let text = TextSummary.render(record, color: false, reportPath: nil)
        #expect(text.contains("PARTIAL: interrupted (SIGINT)"))
        try withTemporaryFolder { folder in
            try ResultsFolder.write(record, host: host, to: folder.appending(path: "r").path)
            #expect(try ResultsFolder.read(folder.appending(path: "r").path) == record)
        }
    }

    @Test("keeps every event of a rare kind and says what it leaves out")
    func digest() {
        let digest = EventDigest(SampleRun.events(days: 30), shownMax: 100)
        #expect(digest.shown.count == 100)
        #expect(digest.shown.contains { $0.kind == "disk-full" })
        #expect(digest.sentence.hasPrefix("100 of 901 events"))
        #expect(zip(digest.shown, digest.shown.dropFirst()).allSatisfy { $0.at <= $1.at })
    }

    @Test("never loses a peak of a single row")
    func peak() throws {
        var values = [Fixed](repeating: Fixed(1), count: 43_200)
        values[31_415] = Fixed(99)
        let envelope = try #require(Envelope(values))
        #expect(envelope.buckets.count == 720)
        #expect(envelope.most == Fixed(99) && envelope.least == Fixed(1))
        #expect(envelope.buckets.map(\.most).max() == Fixed(99))
    }

    /// Of any size and either sign.
    private static func random(_ random: inout Random) -> Fixed {
        let bits = Int64(bitPattern: random.next()) >> Int64(8 + random.below(50))
        return Fixed(millionths: Int128(bits))
    }

    @Test("has round ticks around any data")
    func axes() {
        var random = Random(seed: 5)
        for _ in 0..<500 {
            let a = Self.random(&random)
            let b = Self.random(&random)
            let (least, most) = (min(a, b), max(a, b))
            let axis = ValueAxis(least: least, most: most)
            #expect(axis.lowest <= least && axis.highest >= most, "seed 5: \(a) \(b)")
            #expect((2...7).contains(axis.ticks.count), "seed 5: \(a) \(b)")
        }
    }
}

extension String {
    /// Runs of white space as one space.
    fileprivate var words: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

@Suite("the text summary")
struct TextSummaryTests {
    @Test("has the headline, every ruling, the bill, what needed a person, and how to repeat it")
    func contents() {
        let text = TextSummary.render(
            SampleRun.record(), color: false, reportPath: "results/five-friends-7/report.html")
        for part in [
            "The plan does not hold: 2 of 8 criteria fail", "FAIL          Cost under $30 a month",
            "in doubt: at the dear end", "remedy: Set the log driver to `local`",
            "total in USD", "262.15  258.56", "2 moments needed a person:",
            "results/five-friends-7/report.html",
            "streamr-sim run scenarios/five-friends.json --seed 7",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(!text.contains("\u{1B}"))
    }

    @Test("a search that found no remedy says so, everywhere, and comes back from summary.json")
    func searched() throws {
        var result = SampleRun.result(days: 1)
        let remedy = try #require(result.verdicts[3].remedy)
        result.verdicts[3].remedy = nil
        result.verdicts[3].tried = [remedy]
        result.verdicts[4].remedy = nil
        result.verdicts[4].tried = []
        let record = RunRecord(result, reproduce: "x")
        let text = TextSummary.render(record, color: false, reportPath: nil)
        #expect(text.contains("no remedy: of 1 tried, none turns it"))
        #expect(text.contains("- Set the log driver to `local`"))
        #expect(text.contains("no remedy: no change is known that was worth a run"))
        let page = Page.render(record)
        #expect(page.words.contains("No remedy found.</b> Of 1 tried, none turns it:"))
        #expect(page.words.contains("No change is known that was worth a run."))
        let data = try ResultsFolder.json(record.summary)
        let back = try JSONDecoder().decode(Summary.self, from: data)
        #expect(back.verdicts[3].remediesTried?.map(\.change) == [remedy.change])
        #expect(back.verdicts[4].remediesTried == [] && back.verdicts[0].remediesTried == nil)
    }

    @Test("lets no name steer the terminal, in colour or not")
    func controls() {
        var result = SampleRun.result(days: 1)
        result.scenario.name = "a\u{1B}[2Jb\u{9B}31mc\rd\ne"
        result.verdicts[0].criterion = "\u{1B}]0;title\u{7}"
        result.interventions[0].action = "\u{1B}[1A"
        let record = RunRecord(result, reproduce: "x\u{1B}[31m")
        let plain = TextSummary.render(record, color: false, reportPath: nil)
        #expect(
            !plain.unicodeScalars.contains {
                $0 != "\n" && $0.properties.generalCategory == .control
            })
        let painted = TextSummary.render(record, color: true, reportPath: nil)
        #expect(painted.contains("\u{1B}[31mFAIL"))
        #expect(!painted.contains("\u{1B}[2J") && !painted.contains("\u{1B}]"))
    }
}
