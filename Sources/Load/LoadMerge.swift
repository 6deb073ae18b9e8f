import Base
import Results

/// The shards of one load, of several machines, as one: counts and histograms add up exactly.
///
/// What cannot be added is the worst of all: percentiles of one second, and the generators' health.
/// What the target counted itself each shard saw alike, so it is the most of all; parts in per cent
/// are left out.
public struct LoadMerge {
    public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    private let results: [LoadResult]
    private let distributions: [(name: String, distribution: Distribution)]

    /// Machines that share a load begin it together, but for their clocks.
    private static let startsApartMax = Interval.seconds(10)

    /// The results must be all the shards of one load.
    public init(_ results: [LoadResult]) throws(Refusal) {
        guard let first = results.first, results.count > 1 else {
            throw Refusal(description: "two results at least")
        }
        for other in results.dropFirst() {
            if let difference = Self.difference(first, other) {
                throw Refusal(description: "not of one load: \(difference)")
            }
        }
        try Self.requireAll(results.map(\.heading.shard))
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

    /// In what two are not of one load, in words.
    private static func difference(_ one: LoadResult, _ other: LoadResult) -> String? {
        let (left, right) = (one.heading, other.heading)
        if left.target != right.target {
            return "different targets: \(left.target) and \(right.target)"
        }
        if !isSamePart(one.scenario, other.scenario) { return "different parts of scenarios" }
        for (name, mine, its) in [
            ("durations", left.duration, right.duration), ("ramps", left.ramp, right.ramp),
            ("warm-ups", left.warmUp, right.warmUp),
        ] where mine != its {
            return "different \(name): \(mine.wholeSeconds) s and \(its.wholeSeconds) s"
        }
        if thresholds(one) != thresholds(other) { return "different thresholds" }
        let apart = Interval(nanoseconds: abs((one.start - other.start).nanoseconds))
        return apart > startsApartMax ? "they began \(apart.wholeSeconds) s apart" : nil
    }

    private static func thresholds(_ result: LoadResult) -> Set<String> {
        Set(result.rulings.map(\.id).filter { threshold($0) != nil })
    }

    private static func threshold(_ id: String) -> Threshold? {
        (try? Threshold.all(in: id))?.first
    }

    /// Each shard once, and none missing.
    private static func requireAll(_ names: [String]) throws(Refusal) {
        let shards = names.compactMap { LoadPlan.Shard($0) }
        guard let count = shards.first?.count, shards.count == names.count, count > 1,
            shards.allSatisfy({ $0.count == count })
        else {
            throw Refusal(
                description: "not the shards of one load: \(names.joined(separator: ", "))")
        }
        for place in 0..<count {
            let shard = LoadPlan.Shard(place: place, count: count)
            let times = shards.count { $0 == shard }
            guard times == 1 else {
                throw Refusal(
                    description: "shard \(shard.text) is \(times == 0 ? "missing" : "there twice")")
            }
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
            rulings: ids.map { ruling($0, isDoubtful: !doubts.isEmpty) },
            doubts: doubts, spreads: distributions.map { LoadSpread($0.name, $0.distribution) },
            counts: counts, checks: checks, sums: sums(of: \.sums), failures: sums(of: \.failures),
            generator: generator, series: series, events: events,
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
        heading.shard = LoadPlan.Shard(place: 0, count: 1).text
        for other in results.dropFirst().map(\.heading) {
            heading.publishers += other.publishers
            heading.players += other.players
            if !heading.address.contains(other.address) {
                heading.address += " and \(other.address)"
            }
        }
        return heading
    }

    // MARK: Rulings

    /// Of all rulings, in the order in which they first come.
    private var ids: [String] {
        var ids: [String] = []
        for ruling in results.flatMap(\.rulings) where !ids.contains(ruling.id) {
            ids.append(ruling.id)
        }
        return ids
    }

    private func ruling(_ id: String, isDoubtful: Bool) -> LoadRuling {
        if let threshold = Self.threshold(id), threshold.window == nil {
            return ruledAgain(threshold, isDoubtful: isDoubtful)
        }
        let statuses = results.flatMap(\.rulings).filter { $0.id == id }.map(\.status)
        let worst: Status =
            statuses.contains(.fail)
            ? .fail : statuses.contains(.inconclusive) ? .inconclusive : .pass
        let evidence = named { $0.rulings.filter { $0.id == id }.map(\.evidence) }
        return LoadRuling(id: id, status: worst, evidence: evidence.joined(separator: "; "))
    }

    /// A threshold over the whole load is ruled on the sum; one with a window cannot be.
    private func ruledAgain(_ threshold: Threshold, isDoubtful: Bool) -> LoadRuling {
        let length = results.map(\.length).max() ?? .zero
        let value =
            if case .delay(let metric) = threshold.subject {
                distributions.first { $0.name == metric.rawValue }
                    .flatMap { threshold.measured($0.distribution) }
            } else {
                threshold.measured(
                    LoadSums(of: results), over: length - results[0].heading.warmUp)
            }
        guard let value else {
            return LoadRuling(
                id: threshold.id, status: .inconclusive, evidence: "nothing was measured")
        }
        let holds = threshold.comparison.holds(value, threshold.value)
        return LoadRuling(
            id: threshold.id, status: isDoubtful ? .inconclusive : holds ? .pass : .fail,
            evidence: "measured \(value.text(decimalsMax: 3)) over all")
    }

    // MARK: Figures

    private func sums(of list: KeyPath<LoadResult, [LoadCount]>) -> [LoadCount] {
        combined(list) { Self.sum($1, $2) }
    }

    private var counts: [LoadCount] {
        combined(\.counts) { name, left, right in
            name.hasPrefix(LoadLedger.targetPrefix) ? max(left, right) : Self.sum(left, right)
        }.filter { $0.unit != "%" }
    }

    /// By name, in the order in which they first come.
    private var checks: [LoadCheckCount] {
        var all: [LoadCheckCount] = []
        for check in results.flatMap(\.checks) {
            if let index = all.firstIndex(where: { $0.name == check.name }) {
                all[index].passed += check.passed
                all[index].failed += check.failed
            } else {
                all.append(check)
            }
        }
        return all
    }

    private var generator: [LoadCount] { combined(\.generator) { max($1, $2) } }

    private static func sum(_ left: Fixed, _ right: Fixed) -> Fixed {
        Fixed(millionths: left.millionths + right.millionths)
    }

    /// By name and unit, in the order in which they first come.
    private func combined(
        _ list: KeyPath<LoadResult, [LoadCount]>,
        _ join: (_ name: String, Fixed, Fixed) -> Fixed
    ) -> [LoadCount] {
        var all: [LoadCount] = []
        for count in results.flatMap({ $0[keyPath: list] }) {
            if let index = all.firstIndex(where: { $0.name == count.name }) {
                all[index].value = join(count.name, all[index].value, count.value)
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
