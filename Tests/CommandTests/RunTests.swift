import Foundation
import Testing

/// What `run` leaves in its folder, and what becomes of it where something cannot be written.
@Suite struct RunTests {
    private func summary(_ folder: URL) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appending(path: "summary.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("a remedy's file runs as it is, from anywhere, to the fingerprint that was told of it")
    func remedy() throws {
        try Command.inFolder { folder in
            let out = folder.appending(path: "out")
            _ = try Command.run(
                ["run", "scenarios/five-friends.json", "--days", "1", "--quiet"]
                    + ["--out", out.path])
            let verdicts = try #require(try summary(out)["verdicts"] as? [[String: Any]])
            let cost = try #require(verdicts.first { $0["id"] as? String == "cost-under-budget" })
            let remedy = try #require(cost["remedy"] as? [String: Any])
            let again = try Command.run(
                ["run", "out/remedy-cost-under-budget.json", "--no-remedies", "--quiet"]
                    + ["--out", "again"], directory: folder)
            #expect(again.status == 0, "\(again.errors)")
            let found = try summary(folder.appending(path: "again"))["fingerprint"] as? String
            #expect(found == remedy["fingerprint"] as? String)
        }
    }
}
