import Base
import Foundation
import Results

extension LoadRecord {
    /// The summary of a load's folder; nil where the folder is a run's.
    public static func summary(_ path: String) throws(ResultsFolder.Failure) -> LoadSummary? {
        struct Schema: Decodable { var schema: String }
        let kind: Schema = try ResultsFolder.decode(path, ResultsFolder.summaryName)
        guard kind.schema == LoadSummary.schema else { return nil }
        return try ResultsFolder.decode(path, ResultsFolder.summaryName)
    }

    /// A load's results folder, but for `run-info.json` and the rendered files.
    public static func read(_ path: String) throws(ResultsFolder.Failure) -> LoadResult {
        let summary: LoadSummary = try ResultsFolder.decode(path, ResultsFolder.summaryName)
        guard summary.schema == LoadSummary.schema else {
            throw .cannotRead(
                path: "\(path)/\(ResultsFolder.summaryName)",
                reason: "its schema is \(summary.schema), this version reads \(LoadSummary.schema)")
        }
        let histograms: Histograms = try ResultsFolder.decode(path, ResultsFolder.histogramsName)
        let start = summary.start.instant
        let rows = [UInt8](try ResultsFolder.contents(path, ResultsFolder.seriesName))
        guard let series = SeriesFile.read(rows, heading: summary.series, start: start) else {
            throw .cannotRead(
                path: "\(path)/\(ResultsFolder.seriesName)", reason: "not the summary's series")
        }
        let lines = [UInt8](try ResultsFolder.contents(path, ResultsFolder.eventsName))
        let events: [LogEntry]
        do {
            events = try EventsFile.read(lines)
        } catch {
            throw .cannotRead(path: "\(path)/\(ResultsFolder.eventsName)", reason: "\(error)")
        }
        return LoadResult(
            heading: summary.heading, partial: summary.partial, start: start,
            length: summary.lengthSeconds.seconds, rulings: summary.rulings.map(\.ruling),
            doubts: summary.doubts, spreads: summary.spreads.map(\.spread),
            counts: summary.counts.map(\.count),
            checks: (summary.checks ?? []).map {
                LoadCheckCount(name: $0.name, passed: $0.passed, failed: $0.failed)
            }, sums: summary.sums.map(\.count),
            failures: summary.failures.map(\.count), generator: summary.generator.map(\.count),
            series: series, events: events,
            histograms: histograms.histograms.map(\.histogram),
            scenario: summary.scenario?.scenario)
    }
}

extension LoadSummary {
    fileprivate var heading: LoadHeading {
        LoadHeading(
            target: target, address: address, publishers: publishers, players: players,
            duration: durationSeconds.seconds, ramp: rampSeconds.seconds,
            warmUp: warmUpSeconds.seconds, streamRate: Rate(bitsPerSecond: streamBitsPerSecond),
            framesPerSecond: framesPerSecond, groupFrames: groupFrames, shard: shard)
    }
}

extension LoadSummary.Ruling {
    /// A word that no version writes counts as nothing known.
    fileprivate var ruling: LoadRuling {
        LoadRuling(id: id, status: Status(rawValue: status) ?? .inconclusive, evidence: evidence)
    }
}

extension LoadSummary.Spread {
    fileprivate var spread: LoadSpread {
        LoadSpread(
            name: name, meaning: meaning, count: count, least: leastMs.value, mean: meanMs.value,
            p50: p50Ms.value, p90: p90Ms.value, p95: p95Ms.value, p99: p99Ms.value,
            most: mostMs.value)
    }
}

extension LoadSummary.Count {
    fileprivate var count: LoadCount { LoadCount(name: name, unit: unit, value: value.value) }
}

extension LoadRecord.Histograms.Histogram {
    fileprivate var histogram: LoadHistogram {
        LoadHistogram(
            name: name,
            buckets: buckets.filter { $0.count == 2 }.map {
                LoadHistogram.Bucket(microseconds: $0[0], count: $0[1])
            })
    }
}
