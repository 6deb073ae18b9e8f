import Foundation
import Results
import Testing

@testable import Reports

@Suite("The report of a plan that is wrong as written") struct PlanPageTests {
    private func record() -> RunRecord {
        var record = SampleRun.record(days: 2)
        record.summary.plan = SampleRun.plan
        return record
    }

    @Test("begins with that it cannot be deployed, then rules on the corrected plan")
    func headline() {
        let headline = Headline(record())
        #expect(headline.status == .fail)
        #expect(
            headline.text.hasPrefix(
                "As written the plan cannot be deployed: 1 error. Corrected, the plan does not "
                    + "hold: 2 of 8 criteria fail"))
        var works = record()
        works.summary.plan?.stages[0].isDeployed = true
        #expect(Headline(works).text.hasPrefix("As written the plan does not work: 1 error."))
    }

    @Test("has each error with its place and fix, and each stage with what fails at it")
    func stages() {
        let page = Page.render(record())
        for words in [
            "Foundation.json:427", "list subnets", "roll back", "everything, as nothing runs",
            "$262.15", "cost-under-budget, (not ruled on: unattended)",
            "Rulings on the corrected plan", "no restart policy is known",
        ] { #expect(page.contains(words), "\(words)") }
        #expect(!Page.render(SampleRun.record(days: 2)).contains("as written"))
        let text = TextSummary.render(record(), color: false, reportPath: nil)
        #expect(text.contains("  empty-subnet-group: the stack rolls back\n    fix: list subnets"))
        #expect(text.contains("\n  as written → rolls back, fails: everything, as nothing runs\n"))
        #expect(JUnit.render(record().summary).contains("name=\"empty-subnet-group\""))
    }

    @Test("comes back from its folder, with the drawing as a picture that cannot act")
    func folder() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "r").path
            try ResultsFolder.write(record(), host: host, to: path)
            #expect(try ResultsFolder.read(path) == record())
            // A second run takes the first one's place.
            try ResultsFolder.write(record(), host: host, to: path)
            let page = try String(contentsOfFile: "\(path)/report.html", encoding: .utf8)
            #expect(page.contains("src=\"data:image/svg+xml;base64,PHN2Zy"))
            #expect(page.contains("StreamrRedis is in no subnet"))
        }
    }
}
