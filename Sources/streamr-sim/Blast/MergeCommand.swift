import ArgumentParser
import Foundation
import Load
import Reports
import Results

/// `streamr-sim merge DIR...`: the loads of several machines as one.
struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Adds up the results of blast's shards.",
        discussion: """
            The folders are all the shards of one load, each once. Counts and histograms add \
            exactly, and thresholds without a window are ruled on the sum; other rulings, and what \
            was measured in one second, are the worst of all. What the target counted itself is \
            the most that any shard saw of it; differences in per cent are left out.

            Exit codes as blast's.
            """)

    @Argument(help: ArgumentHelp("Results folders of all shards of one load.", valueName: "dir"))
    var folders: [String]

    @Option(help: ArgumentHelp("Where the sum goes, exactly.", valueName: "dir"))
    var out: String

    @Flag(help: "Print summary.json instead of the text.")
    var json = false

    @Flag(help: "Print nothing.")
    var quiet = false

    func run() throws {
        let clock = HostClock()
        let places = folders.map { URL(filePath: $0).standardizedFileURL.resolvingSymlinksInPath() }
        guard Set(places).count == places.count else {
            throw Failure.usage("the same folder twice: \(folders.joined(separator: ", "))")
        }
        let result: LoadResult
        do throws(ResultsFolder.Failure) {
            var results: [LoadResult] = []
            for folder in folders { results.append(try LoadRecord.read(folder)) }
            result = try merged(results)
            try LoadRecord.write(result, host: clock.facts, to: out)
        } catch {
            throw Failure.usage(error.description)
        }
        if json {
            print(try ResultsFolder.text(LoadSummary(result)), terminator: "")
        } else if !quiet {
            print(LoadText.render(result), terminator: "")
            print("\nReport: \(out)/\(ResultsFolder.reportName)")
        }
        var outcome = Outcome()
        outcome.inconclusive = result.status == .inconclusive
        outcome.serviceFailed = result.status == .fail
        try Failure.exit(outcome)
    }

    private func merged(
        _ results: [LoadResult]
    ) throws(ResultsFolder.Failure) -> LoadResult {
        do throws(LoadMerge.Refusal) {
            return try LoadMerge(results).result
        } catch {
            throw .cannotRead(path: folders.joined(separator: ", "), reason: error.description)
        }
    }
}
