import Base
import Cloud
import Dispatch
import Foundation
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
        /// Dollars for 730 hours, as the bill shows them.
        var total730h: String
        /// Failed criteria but the budget.
        var failed: [String]
        var isInconclusive: Bool
        var fingerprint: String

        var cents: Int { Int((Double(total730h) ?? 0) * 100 + 0.5) }
        func fits(_ budgetCents: Int64) -> Bool {
            failed.isEmpty && !isInconclusive && Int64(cents) <= budgetCents
        }
    }

    let base: Scenario
    let points: [FrontierPoint]
    /// Where outcomes are kept, one JSON object a line; nil keeps none.
    let file: String?

    /// In the order of the points; nil when interrupted (what was found is kept).
    func outcomes(_ report: @Sendable (Int) -> Bool) -> [Outcome]? {
        var known: [String: Outcome] = [:]
        for outcome in kept() { known[outcome.point] = outcome }
        let open = points.filter { known[$0.text] == nil }
        let before = known.count
        let log = file.flatMap { Self.appending(to: $0) }
        let state = Mutex((next: 0, found: [Outcome](), isStopped: false))
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) {
            _ in
            while true {
                let index = state.withLock { state in
                    guard !state.isStopped, state.next < open.count else { return open.count }
                    state.next += 1
                    return state.next - 1
                }
                guard index < open.count else { return }
                let outcome = Self.simulate(open[index], base)
                state.withLock { state in
                    state.found.append(outcome)
                    if let log, let line = try? Self.line(outcome) { log.write(line) }
                    if !report(before + state.found.count) { state.isStopped = true }
                }
            }
        }
        let (found, isStopped) = state.withLock { ($0.found, $0.isStopped) }
        for outcome in found { known[outcome.point] = outcome }
        return isStopped && known.count < points.count
            ? nil : points.compactMap { known[$0.text] }
    }

    static func simulate(_ point: FrontierPoint, _ base: Scenario) -> Outcome {
        let options = Runner.Options(fidelity: .fluid, findsRemedies: false, traceHour: nil)
        guard let runner = Runner(point.applied(to: base), options) else {
            return Outcome(
                point: point.text, total730h: "0", failed: ["no price book"],
                isInconclusive: true, fingerprint: "")
        }
        let result = runner.run { _ in true }.result
        let service = result.verdicts.filter { $0.id != CommandExit.budgetVerdict }
        return Outcome(
            point: point.text, total730h: result.bill.total730h.cents,
            failed: service.filter { $0.status == .fail }.map(\.id),
            isInconclusive: service.contains { $0.status == .inconclusive },
            fingerprint: result.fingerprint)
    }

    // MARK: The file

    /// Outcomes of an earlier sweep; a line that was cut off counts as not found.
    private func kept() -> [Outcome] {
        guard let file, let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            return []
        }
        let decoder = JSONDecoder()
        return text.split(separator: "\n").compactMap {
            try? decoder.decode(Outcome.self, from: Data($0.utf8))
        }
    }

    private static func appending(to file: String) -> FileHandle? {
        if !FileManager.default.fileExists(atPath: file) {
            FileManager.default.createFile(atPath: file, contents: nil)
        }
        let handle = FileHandle(forWritingAtPath: file)
        _ = try? handle?.seekToEnd()
        return handle
    }

    private static func line(_ outcome: Outcome) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(outcome) + Data("\n".utf8)
    }
}
