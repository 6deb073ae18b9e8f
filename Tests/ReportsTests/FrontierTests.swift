import Base
import Foundation
import FoundationXML
import Testing

@testable import Reports

@Suite("What a sweep found") struct FrontierTests {
    private static let small = FrontierPlace(
        deployment: "containers", machine: "t3.micro", cache: nil, region: "eu-west-1")
    private static let managed = FrontierPlace(
        deployment: "managed", machine: "t3.micro", cache: "valkey", region: "eu-west-1")

    private static func entry(
        _ friends: Int, _ hours: Int, _ relay: Int, _ place: FrontierPlace, cents: Int64,
        failed: [String] = [], open: [String] = []
    ) -> FrontierEntry {
        FrontierEntry(
            habit: FrontierHabit(friends: friends, hours: hours, rate: 2_500, relay: relay),
            place: place, total: .ratio(Int128(cents), 100), failed: failed, open: open,
            fingerprint: "f", point: "\(place.deployment)-\(friends)-\(hours)-\(relay)")
    }

    /// By hand: with nobody relayed 1 friend × 2 h fits and nothing else; with all relayed also
    /// 2 friends × 2 h, and 1 friend × 4 h on the managed deployment only, where all holds.
    private static let record = FrontierRecord(
        scenario: "five-friends", budget: Fixed(30), days: 30,
        wanted: FrontierHabit(friends: 2, hours: 4, rate: 2_500, relay: 0),
        entries: [
            entry(1, 2, 0, small, cents: 3_000), entry(1, 2, 0, managed, cents: 3_000),
            entry(1, 4, 0, small, cents: 3_001), entry(1, 4, 0, managed, cents: 5_000),
            entry(2, 2, 0, small, cents: 4_000), entry(2, 2, 0, managed, cents: 6_000),
            entry(2, 4, 0, small, cents: 9_000), entry(2, 4, 0, managed, cents: 8_000),
            entry(1, 2, 100, small, cents: 1_500), entry(1, 2, 100, managed, cents: 2_000),
            entry(1, 4, 100, small, cents: 1_600, failed: ["rtmp-reliable"]),
            entry(1, 4, 100, managed, cents: 2_900),
            entry(2, 2, 100, small, cents: 1_700), entry(2, 2, 100, managed, cents: 2_800),
            entry(2, 4, 100, small, cents: 1_800, open: ["unattended"]),
            entry(2, 4, 100, managed, cents: 4_100, failed: ["unattended"]),
        ], command: "sweep", pointCommand: "sweep --point ")

    @Test("the cheapest is the cheapest at which everything holds, the first of equals")
    func cheapest() {
        func best(_ friends: Int, _ hours: Int, _ relay: Int) -> String? {
            Self.record.best(
                FrontierHabit(friends: friends, hours: hours, rate: 2_500, relay: relay))?.point
        }
        #expect(best(1, 2, 0) == "containers-1-2-0")
        #expect(best(2, 4, 0) == "managed-2-4-0")
        #expect(best(1, 4, 100) == "managed-1-4-100")
        #expect(best(2, 4, 100) == nil)
        #expect(Self.record.best(friends: 2, hours: 4, rate: 2_500)?.point == "managed-2-4-0")
        #expect(Self.record.chosen == [Self.small, Self.managed])
    }

    @Test("the border: the budget itself fits, a cent more does not")
    func border() {
        func hours(_ friends: Int, _ relay: Int) -> Int? {
            Self.record.longest(friends: friends, rate: 2_500, relay: relay)?.habit.hours
        }
        #expect(hours(1, 0) == 2 && hours(2, 0) == nil)
        #expect(hours(1, 100) == 4 && hours(2, 100) == 2)
    }

    @Test("says what the budget buys, by relay share, and what the scenario itself would cost")
    func words() {
        // Two friends for 2 h and one for 4 h are as much; the first is cheaper.
        #expect(
            Self.record.headline
                == "For $30 a month you get 2 friends at once for 2 h every evening at 2,500 "
                + "kbit/s, up around the clock, with every viewer on the friends’ own nodes.")
        #expect(Self.record.answers[0].hasPrefix("with every viewer on the server: 1 friend for 2"))
        #expect(
            Self.record.answers[2]
                == "what the scenario asks for, 2 friends × 4 h at 2,500 kbit/s: $80.00 with "
                + "every viewer on the server")
        let text = Self.record.text
        #expect(text.contains("2,500      0 %  2 h $30.00           –"), "\(text)")
        #expect(text.contains("none holds") && text.contains("$80.00 B"), "\(text)")
        var poor = Self.record
        poor.budget = Fixed(10)
        #expect(poor.headline == "For $10 a month you get none of what was asked about.")
    }

    @Test("the page says of a deployment that never holds what fails there")
    func nowhere() {
        let nano = FrontierPlace(
            deployment: "containers", machine: "t3.nano", cache: nil, region: "eu-west-1")
        var record = Self.record
        record.entries += [
            Self.entry(1, 2, 0, nano, cents: 900, failed: ["dashboard-https", "unattended"]),
            Self.entry(1, 4, 0, nano, cents: 950, failed: ["unattended"]),
        ]
        let page = record.files[0].text
        #expect(page.contains("fails: dashboard-https, unattended</td>"), "\(page)")
    }

    @Test("CSV has each point with the command that makes it again")
    func csv() {
        let rows = Self.record.csv.split(separator: "\n")
        #expect(rows.count == 17)
        #expect(
            rows[1] == "1,2,2500,0,containers,t3.micro,container,eu-west-1,30.00,true,,,f,"
                + "\"sweep --point containers-1-2-0\"")
        #expect(rows[3].contains(",30.01,false,"))
        #expect(rows[11].contains(",16.00,false,rtmp-reliable,,f,"))
    }

    /// Method: each panel is 2 × 2. With nobody relayed one cell fits, which has two inner edges;
    /// with all relayed all but one do, which again has two.
    @Test("the picture: a cell for each habit, a border where what fits ends")
    func picture() throws {
        let svg = FrontierDrawing(record: Self.record).svg.text
        let document = try XMLDocument(xmlString: svg)
        func count(_ path: String) throws -> Int { try document.nodes(forXPath: path).count }
        #expect(try count("//*[local-name()='rect'][@class='fits']") == 1 + 4)
        #expect(try count("//*[local-name()='rect'][@class='dear']") == 1 + 3)
        #expect(try count("//*[local-name()='rect'][@class='none']") == 1 + 1)
        let borders = try document.nodes(forXPath: "//*[local-name()='path']/@d")
            .compactMap(\.stringValue).filter { $0.hasPrefix("M0 0") }
        #expect(borders.map { $0.split(separator: "M").count - 1 } == [2, 2])
        let files = Self.record.files
        #expect(files.map(\.name) == ["frontier.html", "frontier.svg", "frontier.csv"])
        #expect(files[0].text.contains("class=\"frontier\""))
        #expect(!files[0].text.contains("src=") && !files[0].text.contains("Optional("))
    }
}
