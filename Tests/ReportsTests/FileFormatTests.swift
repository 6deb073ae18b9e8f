import Base
import Cloud
import Foundation
import FoundationXML
import Results
import Testing

@testable import Reports

@Suite("a file of results")
struct FileFormatTests {
    @Test("has the numbers of the run, digit for digit")
    func exactNumbers() throws {
        var random = Random(seed: 3)
        var figures = [
            Figure("largest", .max), Figure("least", .min),
            Figure("tenth", Fixed(millionths: 100_000)), Figure("tiny", Fixed(millionths: -1)),
        ]
        for index in 0..<500 {
            let millionths = Int64(bitPattern: random.next()) >> Int64(random.below(64))
            figures.append(Figure("random_\(index)", Fixed(millionths: Int128(millionths))))
        }
        let data = try ResultsFolder.json(Figures(figures))
        let text = String(decoding: data, as: UTF8.self)
        for figure in figures {
            #expect(text.contains("\"\(figure.name)\" : \(figure.value)"), "seed 3")
        }
        let back = try JSONDecoder().decode(Figures.self, from: data)
        #expect(back == Figures(figures), "seed 3")
    }

    @Test("says null where there is nothing, and has every field of the contract")
    func contract() throws {
        let data = try ResultsFolder.json(SampleRun.record().summary)
        let summary = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let fields = [
            "schema", "scenario", "seed", "fingerprint", "simulated", "verdicts", "gates",
            "interventions", "figures", "mode", "partial", "assumptions", "drawn", "fidelity",
            "outages", "reproduce",
        ]
        for field in fields { #expect(summary[field] != nil, "\(field)") }
        #expect(summary["schema"] as? String == "streamr-sim/summary/1")
        #expect(summary["simulated"] as? Int == 2_592_000)
        #expect(summary["partial"] is NSNull)
        let verdicts = try #require(summary["verdicts"] as? [[String: Any]])
        let names = [
            "criterion", "disagreement", "evidence", "firstBroken", "id", "remedy", "samples",
            "samplesMin", "status", "threshold", "unit", "value",
        ]
        #expect(verdicts.count == 8)
        for verdict in verdicts { #expect(verdict.keys.sorted() == names) }
        #expect(verdicts[0]["firstBroken"] is NSNull)
        #expect(verdicts[3]["firstBroken"] as? String == "2026-12-19T03:00:00Z")
        let figures = try #require(summary["figures"] as? [String: Any])
        #expect(figures["egress_bytes"] as? Int == 2_103_787_455_112)
    }

    @Test("keeps money as decimal strings")
    func money() throws {
        let data = Data(SampleRun.record(days: 1).billFile.utf8)
        let bill = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(bill["total730h"] as? String == "262.15")
        let lines = try #require(bill["lines"] as? [[String: Any]])
        #expect(lines[0]["unitPrice"] as? String == "0.0114")
        #expect(lines[0]["amountPeriod"] as? String == "8.21")
        #expect(lines[0]["quantity"] as? Int == 720)
        for name in ["id", "service", "unit", "amount730h", "source"] {
            #expect(lines[0][name] is String, "\(name)")
        }
        for name in ["currency", "region", "regime", "priceBook", "totalPeriod"] {
            #expect(bill[name] is String, "\(name)")
        }
    }

    @Test("of events is one JSON object a line, whatever the names hold")
    func hostileEvents() throws {
        let hostile = "a\"b\\c\n\u{1}\u{1F}\u{7F}\u{2028}é🎥</script>"
        let entry = LogEntry(
            at: SampleRun.start + Interval(nanoseconds: 1_500_000_001), kind: hostile,
            entity: hostile, detail: hostile)
        let bytes = EventsFile.write([entry, entry], start: SampleRun.start)
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 2)
        #expect(String(decoding: bytes, as: UTF8.self).contains("T00:00:01.500000001Z"))
        #expect(try EventsFile.read(bytes) == [entry, entry])
    }

    @Test("of a series has a row for every step with the time of its end")
    func csv() {
        let text = String(decoding: SeriesFile.write(SampleRun.series(days: 1)), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 289)
        #expect(lines[0].hasPrefix("time,elapsed_s,egress_rate,ingress_rate,cpu,"))
        #expect(lines[1].hasPrefix("2026-12-01T00:05:00Z,300,0,0,"))
        #expect(lines[288].hasPrefix("2026-12-02T00:00:00Z,86400,"))
    }

    @Test("of tests is well-formed XML with a case for every verdict and gate")
    func junit() throws {
        var result = SampleRun.result(days: 1)
        result.verdicts[4].evidence = "<&\"'>]]>\u{0}\u{8}"
        let summary = Summary(result, reproduce: "streamr-sim run 'a&b.json'")
        let xml = JUnit.render(summary)
        let document = try XMLDocument(xmlString: xml)
        let cases = try document.nodes(forXPath: "/testsuites/testsuite/testcase")
        #expect(cases.count == summary.verdicts.count + summary.gates.count)
        #expect(try document.nodes(forXPath: "//failure").count == 2)
        // One verdict, one gate without a metric, one whose window is after the end.
        #expect(try document.nodes(forXPath: "//error").count == 3)
        let cost = try document.nodes(
            forXPath: "//testcase[@name='cost-under-budget']/failure")
        let text = try #require(cost.first?.stringValue)
        #expect(text.contains("<&\"'>]]>\u{FFFD}\u{FFFD}"))
        #expect(text.contains("reproduce: streamr-sim run 'a&b.json'"))
    }

    @Test("JUnit's text counts one of a thing, and says what was tried in vain")
    func words() throws {
        var result = SampleRun.result(days: 1)
        result.verdicts[3].value = Fixed(1)
        result.verdicts[3].samples = 1
        result.verdicts[3].tried = [try #require(result.verdicts[3].remedy)]
        result.verdicts[3].remedy = nil
        let xml = JUnit.render(Summary(result, reproduce: "x"))
        #expect(xml.contains("measured 1 moment, threshold 0 moments, 1 sample (at least 24"))
        #expect(xml.contains("no remedy: of 1 tried, none turns it\nSet the log driver"))
    }

    @Test("reads decimal numbers as strictly as it writes them")
    func decimals() {
        #expect(Fixed(decimal: "-0.25") == Fixed(millionths: -250_000))
        #expect(Fixed(decimal: "0.0000005") == .zero)  // half to even
        #expect(Fixed(decimal: "0.0000015") == Fixed(millionths: 2))
        #expect(Fixed(decimal: "9223372036854775807") == .max)
        for text in ["", "-", ".5", "1.", "1e3", "+1", "1 ", "0x1", "--1", "1.2.3", "٣", "nan"] {
            #expect(Fixed(decimal: text) == nil, "\(text)")
        }
        #expect(Fixed(decimal: "9223372036854775807.000001") == nil)
    }

    @Test("reads times as strictly as it writes them")
    func times() {
        for nanoseconds in [0, 1, 1_500_000_000, 1_764_547_200_000_000_000, 999_999_999] as [Int64]
        {
            let moment = Moment(Instant(nanoseconds: nanoseconds))
            #expect(Moment(text: moment.text) == moment)
        }
        for text in [
            "2026-02-30T00:00:00Z", "2026-12-01T00:00:00", "2026-12-01 00:00:00Z",
            "2026-12-01T24:00:00Z", "2026-12-01T00:00:00.500Z", "2026-12-01T00:00:00.Z", "",
        ] {
            #expect(Moment(text: text) == nil, "\(text)")
        }
        #expect((Interval.days(14) + .minutes(200)).simulatedText == "14d03:20:00")
    }
}
