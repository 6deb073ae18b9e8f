import Base
import Results

/// Several machines' loads of one target as one: counts and histograms add up exactly.
///
/// What cannot be added is the worst of all: percentiles of one second, and the generators' health.
public struct LoadMerge {
    public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    private let results: [LoadResult]
    private let distributions: [(name: String, distribution: Distribution)]

    /// The loads must be of one target, two at least.
    public init(_ results: [LoadResult]) throws(Refusal) {
        guard let first = results.first, results.count > 1 else {
            throw Refusal(description: "two results at least")
        }
        if let other = results.first(where: { $0.heading.target != first.heading.target }) {
            throw Refusal(
                description: "different targets: \(first.heading.target) and "
                    + other.heading.target)
        }
        if results.contains(where: { !Self.isSamePart($0.scenario, first.scenario) }) {
            throw Refusal(description: "different parts of scenarios")
        }
        self.results = results
        distributions = LoadMetric.allCases.map { metric in
            var distribution = Distribution()
            for result in results {
                let buckets = result.histograms.first { $0.name == metric.rawValue }?.buckets ?? []
                for bucket in buckets {
                    distribution.add(microseconds: bucket.microseconds, count: bucket.count)
                }
            }
            return (metric.rawValue, distribution)
        }
    }

    private static func isSamePart(_ one: LoadScenario?, _ other: LoadScenario?) -> Bool {
        one?.name == other?.name && one?.seed == other?.seed && one?.from == other?.from
            && one?.length == other?.length && one?.speed == other?.speed
    }

    public var result: LoadResult {
        let first = results[0]
        let doubts = named { $0.doubts }
        return LoadResult(
            heading: heading, partial: named { $0.partial.map { [$0] } ?? [] }.joinedOrNil,
            start: results.map(\.start).min() ?? first.start,
            length: results.map(\.length).max() ?? first.length,
            rulings: first.rulings.map { ruling($0, isDoubtful: !doubts.isEmpty) },
            doubts: doubts, spreads: distributions.map { LoadSpread($0.name, $0.distribution) },
            counts: sums(of: \.counts), failures: sums(of: \.failures), generator: generator,
            series: series, events: events,
            histograms: distributions.map { LoadHistogram($0.name, $0.distribution) },
            scenario: scenario)
    }

    /// Shards share the streams, so all that is measured adds up.
    private var scenario: LoadScenario? {
        guard var scenario = results[0].scenario else { return nil }
        for other in results.dropFirst().compactMap(\.scenario) {
            for index in scenario.measured.indices {
                let name = scenario.measured[index].name
                guard let more = other.measured.first(where: { $0.name == name }) else { continue }
                let sum = scenario.measured[index].value.millionths + more.value.millionths
                scenario.measured[index].value = Fixed(millionths: sum)
            }
        }
        return scenario
    }

    /// What each says, with its number where there is anything to say.
    private func named(_ words: (LoadResult) -> [String]) -> [String] {
        results.enumerated().flatMap { number, result in
            words(result).map { "shard \(number + 1): \($0)" }
        }
    }

    private var heading: LoadHeading {
        var heading = results[0].heading
        for other in results.dropFirst().map(\.heading) {
            heading.publishers += other.publishers
            heading.players += other.players
            heading.duration = max(heading.duration, other.duration)
            heading.ramp = max(heading.ramp, other.ramp)
            heading.warmUp = max(heading.warmUp, other.warmUp)
            if !heading.address.contains(other.address) {
                heading.address += " and \(other.address)"
            }
        }
        return heading
    }

    // MARK: Rulings

    private func ruling(_ ruling: LoadRuling, isDoubtful: Bool) -> LoadRuling {
        let all = results.compactMap { result in result.rulings.first { $0.id == ruling.id } }
        if let again = ruledAgain(ruling.id, isDoubtful: isDoubtful) { return again }
        let statuses = all.map(\.status)
        let worst: Status =
            statuses.contains(.fail)
            ? .fail
            : statuses.contains(.inconclusive) || all.count < results.count
                ? .inconclusive : .pass
        let evidence = named { $0.rulings.filter { $0.id == ruling.id }.map(\.evidence) }
        return LoadRuling(
            id: ruling.id, status: worst, evidence: evidence.joined(separator: "; "))
    }

    /// A threshold over all of a delay is ruled on the sum; one with a window cannot be.
    private func ruledAgain(_ id: String, isDoubtful: Bool) -> LoadRuling? {
        guard let threshold = try? Threshold.all(in: id).first, threshold.window == nil,
            case .delay(let metric) = threshold.subject,
            let found = distributions.first(where: { $0.name == metric.rawValue })
        else { return nil }
        guard let value = threshold.measured(found.distribution) else {
            return LoadRuling(id: id, status: .inconclusive, evidence: "nothing was measured")
        }
        let holds = threshold.comparison.holds(value, threshold.value)
        return LoadRuling(
            id: id, status: isDoubtful ? .inconclusive : holds ? .pass : .fail,
            evidence: "measured \(value.text(decimalsMax: 3)) over all")
    }

    // MARK: Figures

    private func sums(of list: KeyPath<LoadResult, [LoadCount]>) -> [LoadCount] {
        combined(list) { Fixed(millionths: $0.millionths + $1.millionths) }
    }

    private var generator: [LoadCount] { combined(\.generator, max) }

    /// By name and unit, in the order in which they first come.
    private func combined(
        _ list: KeyPath<LoadResult, [LoadCount]>, _ join: (Fixed, Fixed) -> Fixed
    ) -> [LoadCount] {
        var all: [LoadCount] = []
        for count in results.flatMap({ $0[keyPath: list] }) {
            if let index = all.firstIndex(where: { $0.name == count.name }) {
                all[index].value = join(all[index].value, count.value)
            } else {
                all.append(count)
            }
        }
        return all
    }

    /// Row by row from the start, which the machines share.
    private var series: Series {
        var series = results[0].series
        for other in results.dropFirst().map(\.series) {
            for index in series.columns.indices {
                let (name, unit) = (series.columns[index].name, series.columns[index].unit)
                guard let column = other.columns.first(where: { $0.name == name }) else { continue }
                let isWorst = unit == "ms" || unit == "%"
                let count = max(series.columns[index].values.count, column.values.count)
                series.columns[index].values = (0..<count).map { row in
                    let mine = series.columns[index].values
                    let left = row < mine.count ? mine[row] : .zero
                    let right = row < column.values.count ? column.values[row] : .zero
                    return isWorst
                        ? max(left, right) : Fixed(millionths: left.millionths + right.millionths)
                }
            }
        }
        return series
    }

    private var events: [LogEntry] {
        let all = results.enumerated().flatMap { number, result in
            result.events.map { event in
                var event = event
                event.entity = "shard-\(number + 1) \(event.entity)"
                return event
            }
        }
        return all.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }
}

extension [String] {
    fileprivate var joinedOrNil: String? { isEmpty ? nil : joined(separator: "; ") }
}
