import Base
import Cloud
import Results
import Scenarios

/// The search for the cheapest change that turns a failed verdict round.
///
/// Candidates are ordered by what they ask of the friends. Those for the bill are first weighed
/// against the bill that is there, so that only promising ones are run; whatever is quoted was run.
struct Remedies {
    /// Runs for one verdict; each takes as long as the run itself.
    private static let triesMax = 6

    /// With the longest id of a verdict, a scenario's name of at most 40 characters.
    private static let nameMax = 17

    private let scenario: Scenario
    private let book: PriceBook
    private let result: RunResult

    init(_ scenario: Scenario, _ book: PriceBook, _ result: RunResult) {
        self.scenario = scenario
        self.book = book
        self.result = result
    }

    /// Fills in `remedy` of every failed verdict for which a change was found.
    func find(into result: inout RunResult, _ report: (Runner.Progress) -> Bool) {
        for index in result.verdicts.indices where result.verdicts[index].status == .fail {
            let id = result.verdicts[index].id
            for changes in candidates(id).prefix(Self.triesMax) {
                guard let remedy = attempt(changes, id, report) else {
                    result.partial = "interrupted while looking for remedies"
                    return
                }
                if remedy.status == .pass {
                    result.verdicts[index].remedy = remedy
                    break
                }
            }
        }
    }

    /// Runs with only these changes; nil when interrupted.
    private func attempt(
        _ changes: [Change], _ id: String, _ report: (Runner.Progress) -> Bool
    ) -> Remedy? {
        var changed = changes.reduce(scenario) { $1.applied(to: $0) }
        changed.name = "\(scenario.name.prefix(Self.nameMax))-\(id)"
        changed.summary = "\(scenario.name) with one change: \(sentence(changes))"
        var world = World(changed, costEnd: .high, traceHour: nil, book: book)
        guard Runner.drive(&world, changed, .fluid, "remedy for \(id)", report) else { return nil }
        let outcome = world.result(isWhole: true, .fluid)
        guard let verdict = outcome.verdicts.first(where: { $0.id == id }) else { return nil }
        return Remedy(
            change: sentence(changes), status: verdict.status, value: verdict.value,
            fingerprint: outcome.fingerprint, total730h: outcome.bill.total730h.cents,
            scenario: changed)
    }

    private func sentence(_ changes: [Change]) -> String {
        let text = changes.map(\.text).joined(separator: "; ")
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    // MARK: Candidates

    private func candidates(_ id: String) -> [[Change]] {
        switch id {
        case "cost-under-budget": cheaper()
        case "unattended":
            sorted([
                [.elasticAddress], [.restartAlways], [.localLogs],
                [.elasticAddress, .restartAlways, .localLogs],
            ])
        case "rtmp-reliable":
            sorted(
                [
                    [.elasticAddress], [.watchThroughNodes], [.bitRate(perMille: 600)],
                    [.watchThroughNodes, .bitRate(perMille: 600), .elasticAddress],
                ] + largerInstances())
        case "reachable-from-outside":
            sorted([[.rulesAsNeeded], [.elasticAddress], [.elasticAddress, .rulesAsNeeded]])
        case "dashboard-https":
            sorted([[.rulesAsNeeded], [.restartAlways], [.unlimitedCredits]] + largerInstances())
        case "hardening-defined": [[.closePorts(openPorts)]]
        case "concurrent-friends", "metrics-collected": []
        case _: []
        }
    }

    /// The larger sizes of the instance's family that have a price and carry the traffic.
    private func largerInstances() -> [[Change]] {
        guard case .type(let name) = scenario.deployment.instance.machine else { return [] }
        return MachineType.sizes(above: name).enumerated()
            .filter { book.index(ofPrice: "ec2:\($0.element)") != nil && carries($0.element) }
            .map { [Change.largerInstance($0.element, steps: Int64($0.offset) + 1)] }
    }

    /// Whether the size's network carries all day what the run sent at its busiest, which may have
    /// been a burst: a smaller size would fail as this one did.
    private func carries(_ size: String) -> Bool {
        let sent = result.series.columns.first { $0.name == "egress_rate" }?.values.max() ?? .zero
        guard let machine = MachineType.named(size) else { return false }
        return Fixed.ratio(Int128(machine.networkBaseline) * 8, 1_000_000) >= sent
    }

    private var openPorts: [Int] {
        scenario.deployment.rules.filter { $0.from == .internet && $0.to == .instance }
            .map(\.port).filter { $0 != 1_935 && $0 != 443 }
    }

    private func sorted(_ list: [[Change]]) -> [[Change]] {
        list.enumerated().sorted { a, b in
            (effort(a.element), a.offset) < (effort(b.element), b.offset)
        }.map(\.element)
    }

    private func effort(_ changes: [Change]) -> Int64 { changes.reduce(0) { $0 + $1.effort } }

    // MARK: The bill

    private func cheaper() -> [[Change]] {
        let places: [[Change]] = [[], [.containers]]
        let routes: [[Change]] = [[], [.watchThroughNodes]]
        let rates: [[Change]] = [[], [.bitRate(perMille: 600)], [.bitRate(perMille: 400)]]
        let hours: [[Change]] = [[]] + [750, 500, 375, 250, 125].map { [.hours(perMille: $0)] }
        var promising: [[Change]] = []
        for place in places {
            for route in routes {
                for rate in rates {
                    for hour in hours {
                        let changes = place + route + rate + hour
                        if !changes.isEmpty && isPromising(changes) { promising.append(changes) }
                    }
                }
            }
        }
        return sorted(promising)
    }

    /// Whether the bill that is there, with what the changes take off it, fits with room to spare.
    private func isPromising(_ changes: [Change]) -> Bool {
        var fixed = result.bill.lines.filter { $0.id != "egress" }
        var egress = result.bill.lines.filter { $0.id == "egress" }.map(\.quantity)
            .reduce(Ratio.zero) { $0 + $1 }
        for change in changes {
            switch change {
            case .containers:
                fixed.removeAll { Self.managedLines.contains($0.id) }
            case .watchThroughNodes:
                egress = egress * leftWithNodes
            case .bitRate(let perMille), .hours(let perMille):
                egress = egress * Ratio(Int128(perMille), over: 1_000)
            case .elasticAddress, .restartAlways, .localLogs, .largerInstance, .unlimitedCredits,
                .rulesAsNeeded, .closePorts:
                break
            }
        }
        let month = egress * Ratio(730 * 3_600) / Ratio(max(1, result.simulated.wholeSeconds))
        let paid = max(.zero, month - Ratio(Self.egressFree)) * Self.egressPrice
        let total = fixed.reduce(paid) { $0 + $1.amount730h }
        // A twentieth to spare, for what changes besides.
        return total * Ratio(20) <= Ratio(Int128(scenario.pricing.budgetCents) * 19, over: 100)
    }

    /// What is left of the egress where nodes take the viewers that they have room for.
    private var leftWithNodes: Ratio {
        let streams = scenario.streamers.reduce(0) { $0 + $1.count }
        let nodes = scenario.nodes.reduce(0) { $0 + $1.count }
        let room = scenario.nodes.reduce(0) { $0 + $1.count * Int($1.viewersMax) }
        // In seconds of one viewer's.
        var watched: Int128 = 0
        var served = Int128(nodes) * Int128(scenario.duration.wholeSeconds)
        for group in scenario.viewers {
            let viewers = group.count * (group.streams?.count ?? streams)
            let length = group.window.map { $0.until - $0.from } ?? scenario.duration
            watched += Int128(viewers) * Int128(length.wholeSeconds)
            served += Int128(max(0, viewers - room)) * Int128(length.wholeSeconds)
        }
        guard nodes > 0, watched > 0 else { return Ratio(1) }
        return min(Ratio(1), Ratio(served, over: watched))
    }

    private static let managedLines = [
        "ipv4-load-balancer", "load-balancer", "load-balancer-capacity", "database",
        "database-storage", "database-surplus", "database-backup", "cache", "certificate", "secret",
    ]
    /// For weighing only: what is quoted comes from a run and the price book.
    private static let egressFree: Int64 = 100
    private static let egressPrice = Ratio(9, over: 100)
}
