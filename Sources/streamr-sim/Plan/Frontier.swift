import Base
import Cloud
import Foundation
import Reports
import Results
import Scenarios
import Simulation
import Synchronization

/// The simulated points of a sweep, kept in a file as they are found so that a sweep that was
/// interrupted goes on where it was.
struct Frontier {
    /// What a point turned out to cost, and whether it holds.
    struct Outcome: Codable, Sendable {
        var point: String
        /// Dollars for 730 hours.
        var total: ExactNumber
        /// Criteria that failed, the budget's apart.
        var failed: [String]
        /// Criteria that were not ruled on, the budget's apart.
        var open: [String]
        var fingerprint: String
    }

    let base: Scenario
    let points: [FrontierPoint]
    /// Where outcomes are kept, one JSON object a line.
    let file: String

    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// In the order of the points; nil when interrupted (what was found is kept).
    ///
    /// `report` is told how many points there were before and how many were simulated since, and
    /// says whether to go on; `goesOn` is asked in the middle of a point as well.
    func outcomes(
        _ report: @escaping @Sendable (_ before: Int, _ found: Int) -> Void,
        goesOn: @escaping @Sendable () -> Bool
    ) throws -> [Outcome]? {
        let wanted = Set(points.map(\.text))
        var known: [String: Outcome] = [:]
        for outcome in kept() where wanted.contains(outcome.point) {
            known[outcome.point] = outcome
        }
        let open = points.filter { known[$0.text] == nil }
        let before = known.count
        let log = try appending()
        let state = Mutex((next: 0, found: [Outcome]()))
        let base = self.base
        report(before, 0)
        // Threads of its own: concurrentPerform leaves all to one while others keep the cores busy.
        let crew = DispatchGroup()
        for _ in 0..<min(Self.cores, open.count) {
            crew.enter()
            Thread.detachNewThread {
                defer { crew.leave() }
                while goesOn() {
                    let index = state.withLock { state in
                        state.next += 1
                        return state.next - 1
                    }
                    guard index < open.count else { return }
                    guard let outcome = Self.simulate(open[index], base, goesOn) else { return }
                    state.withLock { state in
                        state.found.append(outcome)
                        if let line = try? Self.line(outcome) { log.write(line) }
                        report(before, state.found.count)
                    }
                }
            }
        }
        crew.wait()
        for outcome in state.withLock({ $0.found }) { known[outcome.point] = outcome }
        return known.count < points.count ? nil : points.compactMap { known[$0.text] }
    }

    /// At the high end of the cost profiles; nil when interrupted.
    private static func simulate(
        _ point: FrontierPoint, _ base: Scenario, _ goesOn: () -> Bool
    ) -> Outcome? {
        var options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        options.comparesLowEnd = false
        // A point's region has a price book: it was looked at when the point was made.
        guard let result = Runner(point.applied(to: base), options)?.run({ _ in goesOn() }).result,
            result.partial == nil
        else { return nil }
        let total = result.bill.total730h
        let service = result.verdicts.filter { $0.id != CommandExit.budgetVerdict }
        return Outcome(
            point: point.text, total: ExactNumber(.ratio(total.numerator, total.denominator)),
            failed: service.filter { $0.status == .fail }.map(\.id),
            open: service.filter { $0.status == .inconclusive }.map(\.id),
            fingerprint: result.fingerprint)
    }

    // MARK: The file

    /// Outcomes of an earlier sweep; a line that was cut off counts as not found.
    private func kept() -> [Outcome] {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
        let decoder = JSONDecoder()
        return text.split(separator: "\n").compactMap {
            try? decoder.decode(Outcome.self, from: Data($0.utf8))
        }
    }

    private func appending() throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: file) {
            _ = FileManager.default.createFile(atPath: file, contents: nil)
        }
        guard let handle = FileHandle(forUpdatingAtPath: file) else {
            throw Failure.usage("\(file): cannot be written")
        }
        // A line that was cut off is ended, so that the next one is whole.
        let end = try handle.seekToEnd()
        if end > 0 {
            try handle.seek(toOffset: end - 1)
            if try handle.readToEnd() != Data("\n".utf8) { handle.write(Data("\n".utf8)) }
        }
        return handle
    }

    private static func line(_ outcome: Outcome) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(outcome) + Data("\n".utf8)
    }
}

extension FrontierEntry {
    init(_ point: FrontierPoint, _ outcome: Frontier.Outcome) {
        self.init(
            habit: point.habit, place: point.place, total: outcome.total.value,
            failed: outcome.failed, open: outcome.open, fingerprint: outcome.fingerprint,
            point: point.text)
    }
}
