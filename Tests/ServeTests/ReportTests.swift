import Foundation
import Testing

@testable import Sockets

/// A run's report in a real browser.
@Suite struct ReportTests {
    @Test("loads without a complaint, is as wide as the window, and is dark where that is asked")
    func report() async throws {
        let scenario = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "scenarios/five-friends.json")
        let out = Scratch.folder.appending(path: "report")
        let run = try Tool(
            Serve.program, "run", scenario.path, "--days", "1", "--quiet", "--out", out.path)
        #expect(try await run.finish(within: 120) == 11, "\(run.text)")
        var papers: Set<String> = []
        for (width, dark) in [(390, false), (1280, true)] {
            let browser = try await Browser.open(width: width, dark: dark)
            try await browser.open(out.appending(path: "report.html").absoluteString)
            let wide = try await browser.value("document.documentElement.scrollWidth")
            #expect(wide == .integer(Int64(width)), "\(width): \(wide)")
            // The drawing is read without scrolling, and hardly shrunk.
            let drawn = "document.querySelector('.drawing')"
            #expect(try await browser.value("\(drawn).naturalWidth === 400") == true)
            #expect(try await browser.value("\(drawn).clientWidth > 340") == true)
            let right = "\(drawn).getBoundingClientRect().right"
            #expect(try await browser.value("\(right) <= \(width)") == true)
            papers.insert(
                try await browser.text("getComputedStyle(document.body).backgroundColor"))
            #expect(try await browser.complaints() == [])
            try await browser.picture("report-\(width)")
            await browser.close()
        }
        #expect(papers.count == 2, "\(papers)")
    }
}
