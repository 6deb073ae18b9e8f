import Base
import Foundation
import Results

/// What a load's results folder holds, and how it is written.
public enum LoadRecord {
    /// The buckets of every spread, which add up exactly with those of other runs.
    struct Histograms: Codable {
        struct Histogram: Codable {
            var name: String
            /// Of each bucket that holds anything: its greatest value in microseconds, its count.
            var buckets: [[UInt64]]
        }

        var schema = "streamr-sim/histograms/1"
        var histograms: [Histogram]
    }

    /// Writes every file, or throws and leaves what was at `path` as it was.
    public static func write(
        _ result: LoadResult, host: HostFacts, to path: String
    ) throws(ResultsFolder.Failure) {
        do {
            try ResultsFolder.write(files(result, host: host), to: path)
        } catch let failure as ResultsFolder.Failure {
            throw failure
        } catch {
            throw .cannotWrite(path: path, reason: "\(error)")
        }
    }

    /// Renders the report of a load's folder again from its other files; nil where it is a run's.
    public static func renderReport(
        in path: String
    ) throws(ResultsFolder.Failure) -> LoadResult? {
        guard try summary(path) != nil else { return nil }
        let result = try read(path)
        let report = URL(filePath: path).appending(path: ResultsFolder.reportName)
        do {
            try Data(LoadPage.render(result).utf8).write(to: report, options: .atomic)
        } catch {
            throw .cannotWrite(path: report.path, reason: "\(error.localizedDescription)")
        }
        return result
    }

    /// All that a load's folder holds.
    public static let names = [
        ResultsFolder.summaryName, ResultsFolder.seriesName, ResultsFolder.eventsName,
        ResultsFolder.histogramsName, ResultsFolder.junitName, ResultsFolder.reportName,
        ResultsFolder.runInfoName,
    ]

    /// What stands in each of them.
    public static func files(
        _ result: LoadResult, host: HostFacts
    ) throws -> [(name: String, data: Data)] {
        let histograms = Histograms(
            histograms: result.histograms.map { each in
                Histograms.Histogram(
                    name: each.name, buckets: each.buckets.map { [$0.microseconds, $0.count] })
            })
        return [
            (ResultsFolder.summaryName, try ResultsFolder.json(LoadSummary(result))),
            (ResultsFolder.seriesName, Data(SeriesFile.write(result.series))),
            (ResultsFolder.eventsName, Data(EventsFile.write(result.events, start: result.start))),
            (ResultsFolder.histogramsName, try JSONEncoder.sorted.encode(histograms)),
            (ResultsFolder.junitName, Data(LoadJUnit.render(result).utf8)),
            (ResultsFolder.reportName, Data(LoadPage.render(result).utf8)),
            (ResultsFolder.runInfoName, try ResultsFolder.json(host)),
        ]
    }
}

extension JSONEncoder {
    /// On one line: the buckets are many.
    fileprivate static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
