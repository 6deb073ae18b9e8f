import Base
import Cloud
import Results
import Scenarios

/// The search for the cheapest change that turns a failed verdict round.
///
/// Candidates are ordered by the bill that they lead to, and among equals by what they ask of the
/// friends; those for the bill itself by what they ask, as what fits the budget is all that is
/// wanted there. They are weighed against the run that is there, so that only promising ones are
/// run; whatever is quoted was run, and so was whatever is said not to help.
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
            guard let search = search(result.verdicts[index], report) else {
                result.partial = "interrupted while looking for remedies"
                return
            }
            result.verdicts[index].remedy = search.best?.remedy
            if search.best == nil { result.verdicts[index].tried = search.tried.map(\.remedy) }
        }
    }

    /// What the runs for one verdict came to.
    private struct Search {
        var runs = 0
        var best: (remedy: Remedy, bill: Ratio)?
        /// In vain.
        var tried: [(changes: [Change], remedy: Remedy)] = []
        /// With these changes a larger instance measured the very same as without.
        var sizeless: [[Change]] = []

        func isWorthARun(_ changes: [Change]) -> Bool {
            !tried.contains { Remedies.isWeaker(changes, than: $0.changes) }
                && !(changes.contains(where: \.isSize)
                    && sizeless.contains(changes.filter { !$0.isSize }))
        }

        /// - Parameter unchanged: what the scenario measures as it is.
        mutating func addFailure(_ changes: [Change], _ remedy: Remedy, unchanged: Fixed) {
            let rest = changes.filter { !$0.isSize }
            if rest.count < changes.count {
                let without =
                    rest.isEmpty
                    ? unchanged : tried.first { $0.changes == rest }?.remedy.value
                if without == remedy.value { sizeless.append(rest) }
            }
            tried.append((changes, remedy))
        }
    }

    /// Nil when interrupted. Estimates order the candidates and bills decide: what may still come
    /// to less than the best that was run is run too.
    private func search(_ verdict: Verdict, _ report: (Runner.Progress) -> Bool) -> Search? {
        var search = Search()
        for changes in candidates(verdict.id) where search.runs < Self.triesMax {
            if let best = search.best {
                guard verdict.id != "cost-under-budget", month(changes) < best.bill else { break }
            }
            guard search.isWorthARun(changes), changed(by: changes) != scenario else { continue }
            search.runs += 1
            guard let (remedy, bill) = attempt(changes, verdict.id, report) else { return nil }
            if remedy.status != .pass {
                search.addFailure(changes, remedy, unchanged: verdict.value)
            } else if search.best.map({ bill < $0.bill }) ?? true {
                search.best = (remedy, bill)
            }
        }
        return search
    }

    private func changed(by changes: [Change]) -> Scenario {
        changes.reduce(scenario) { $1.applied(to: $0) }
    }

    /// Whether the other changes are these and more of their kind. Another way for the viewers is
    /// neither more nor less.
    fileprivate static func isWeaker(_ changes: [Change], than other: [Change]) -> Bool {
        guard changes.contains(.watchThroughNodes) == other.contains(.watchThroughNodes) else {
            return false
        }
        return changes.allSatisfy { change in
            other.contains { $0 == change || $0.isLarger(than: change) }
        }
    }

    /// Runs with only these changes; nil when interrupted.
    private func attempt(
        _ changes: [Change], _ id: String, _ report: (Runner.Progress) -> Bool
    ) -> (Remedy, bill: Ratio)? {
        var changed = changed(by: changes)
        changed.name = "\(scenario.name.prefix(Self.nameMax))-\(id)"
        changed.summary = "\(scenario.name) with one change: \(sentence(changes))"
        var world = World(changed, costEnd: .high, traceHour: nil, book: book)
        guard Runner.drive(&world, changed, .fluid, "remedy for \(id)", report) else { return nil }
        let outcome = world.result(isWhole: true, .fluid)
        guard let verdict = outcome.verdicts.first(where: { $0.id == id }) else { return nil }
        let remedy = Remedy(
            change: sentence(changes), status: verdict.status, value: verdict.value,
            fingerprint: outcome.fingerprint, total730h: outcome.bill.total730h.cents,
            scenario: changed)
        return (remedy, outcome.bill.total730h)
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
            byBill([
                [.elasticAddress], [.restartAlways], [.localLogs],
                [.elasticAddress, .restartAlways, .localLogs],
            ])
        case "rtmp-reliable": byBill(forMedia())
        case "reachable-from-outside":
            byBill([[.rulesAsNeeded], [.elasticAddress], [.elasticAddress, .rulesAsNeeded]])
        case "dashboard-https":
            byBill(
                [[.rulesAsNeeded], [.restartAlways], [.unlimitedCredits]]
                    + largerInstances().map { [$0] })
        case "hardening-defined": openPorts.isEmpty ? [] : [[.closePorts(openPorts)]]
        case "concurrent-friends", "metrics-collected": []
        case _: []
        }
    }

    /// What may bring media through: other ways, lower rates, larger instances and an address that
    /// stays, in all combinations that could carry what is wanted then.
    private func forMedia() -> [[Change]] {
        let address: [[Change]] =
            scenario.deployment.instance.elasticAddress ? [[]] : [[], [.elasticAddress]]
        let route: [[Change]] = scenario.nodes.isEmpty ? [[]] : [[], [.watchThroughNodes]]
        let rate: [[Change]] = [[], [.bitRate(perMille: 600)]]
        let size: [[Change]] = [[]] + largerInstances().map { [$0] }
        var list: [[Change]] = []
        for first in address {
            for second in route {
                for third in rate {
                    for fourth in size {
                        let changes = first + second + third + fourth
                        if !changes.isEmpty && carries(changes) { list.append(changes) }
                    }
                }
            }
        }
        return list
    }

    /// The larger sizes of the instance's family that have a price.
    private func largerInstances() -> [Change] {
        guard case .type(let name) = scenario.deployment.instance.machine else { return [] }
        return MachineType.sizes(above: name).enumerated()
            .filter { hourly($0.element) != nil }
            .map { Change.largerInstance($0.element, steps: Int64($0.offset) + 1) }
    }

    /// Whether the network of the instance carries what the largest crowd wants of it: all day, or
    /// from its burst bucket through the longest session. Where it does not, a run of days would
    /// only say so again.
    private func carries(_ changes: [Change]) -> Bool {
        let changed = changed(by: changes)
        guard case .type(let name) = changed.deployment.instance.machine,
            let machine = MachineType.named(name)
        else { return true }
        let wanted = self.wanted(changed)
        guard wanted <= machine.networkBurst else { return false }
        let longest = changed.streamers.flatMap(\.schedule).map(\.length).max() ?? .zero
        let over = max(0, wanted - machine.networkBaseline)
        let above = Int128(over) * Int128(longest.wholeSeconds)
        return above <= Int128(changed.deployment.instance.networkBurst.bytes)
    }

    /// Bytes a second that viewers and nodes want of the server when most are there.
    private func wanted(_ scenario: Scenario) -> Int64 {
        let rates = scenario.streamers.flatMap { group in
            Array(
                repeating: MediaShape(group.media, video: group.media.video).content,
                count: group.count)
        }
        let most = result.figures.first { $0.name == "streams_at_once_max" }?.value ?? .zero
        let atOnce = Int(most.millionths / 1_000_000)
        let moments = [Interval.zero] + scenario.viewers.compactMap { $0.window?.from }
        return moments.map { moment in
            rates.indices.map { clients(of: $0, at: moment, scenario) * rates[$0] }
                .sorted(by: >).prefix(atOnce).reduce(0, +)
        }.max() ?? 0
    }

    /// Who plays a stream from the server: viewers, but for those that its nodes have room for, and
    /// the nodes.
    private func clients(of stream: Int, at moment: Interval, _ scenario: Scenario) -> Int64 {
        let streams = scenario.streamers.reduce(0) { $0 + $1.count }
        let owners = scenario.nodes.flatMap { Array(repeating: $0, count: $0.count) }
        let nodes = zip(scenario.nodeStreams(of: streams), owners).filter { $0.0 == stream }
        let room = nodes.reduce(0) { $0 + ($1.1.portForwarding ? Int64($1.1.viewersMax) : 0) }
        var direct = Int64(nodes.count)
        var routed: Int64 = 0
        for group in scenario.viewers {
            guard group.streams?.contains(stream) ?? true,
                group.window.map({ $0.from <= moment && moment < $0.until }) ?? true
            else { continue }
            switch group.source {
            case .server: direct += Int64(group.count)
            case .coordinator: routed += Int64(group.count)
            }
        }
        return direct + max(0, routed - room)
    }

    private var openPorts: [Int] {
        scenario.deployment.rules.filter { $0.from == .internet && $0.to != .loadBalancer }
            .map(\.port).filter { $0 != 1_935 && $0 != 443 }
    }

    private func byEffort(_ list: [[Change]]) -> [[Change]] {
        list.enumerated().sorted { a, b in
            (effort(a.element), a.offset) < (effort(b.element), b.offset)
        }.map(\.element)
    }

    private func byBill(_ list: [[Change]]) -> [[Change]] {
        let weighed = byEffort(list).enumerated().map {
            (bill: month($0.element), place: $0.offset, changes: $0.element)
        }
        return weighed.sorted { ($0.bill, $0.place) < ($1.bill, $1.place) }.map(\.changes)
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
        return byEffort(promising)
    }

    /// Whether that bill fits with a twentieth to spare, for what changes besides.
    private func isPromising(_ changes: [Change]) -> Bool {
        month(changes) * Ratio(20) <= Ratio(Int128(scenario.pricing.budgetCents) * 19, over: 100)
    }

    /// The month's bill that is there, with what the changes take off it and put on it.
    private func month(_ changes: [Change]) -> Ratio {
        var fixed = result.bill.lines.filter { $0.id != "egress" }
        var egress = result.bill.lines.filter { $0.id == "egress" }.map(\.quantity)
            .reduce(Ratio.zero) { $0 + $1 }
        var more = Ratio.zero
        for change in changes {
            switch change {
            case .containers:
                fixed.removeAll { Self.managedLines.contains($0.id) }
            case .watchThroughNodes:
                egress = egress * leftWithNodes
            case .bitRate(let perMille), .hours(let perMille):
                egress = egress * Ratio(Int128(perMille), over: 1_000)
            case .largerInstance(let type, _):
                fixed.removeAll { $0.id == "instance" || $0.id == "cpu-surplus" }
                more = (hourly(type) ?? .zero) * Ratio(book.monthHours)
            case .elasticAddress, .restartAlways, .localLogs, .unlimitedCredits, .rulesAsNeeded,
                .closePorts:
                break
            }
        }
        let sent = egress * Ratio(730 * 3_600) / Ratio(max(1, result.simulated.wholeSeconds))
        let paid = max(.zero, sent - Ratio(Self.egressFree)) * Self.egressPrice
        return fixed.reduce(paid + more) { $0 + $1.amount730h }
    }

    /// Dollars; nil for a type without a price.
    private func hourly(_ type: String) -> Ratio? {
        book.index(ofPrice: "ec2:\(type)").flatMap { book.prices[$0].tiers.first?.price }
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
        "database-storage", "database-surplus", "database-backup", "database-extended-support",
        "cache", "certificate", "secret",
    ]
    /// For weighing only: what is quoted comes from a run and the price book.
    private static let egressFree: Int64 = 100
    private static let egressPrice = Ratio(9, over: 100)
}
