import Base
import Foundation
import Load
import Results

/// What is shown while a load goes on: a page that renews itself on a terminal, a line now and then
/// elsewhere. Both go to standard error's side of things: results alone go to standard output.
struct BlastDisplay {
    private let plan: LoadPlan
    private let isShown: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let writer = StandingWriter(.standardError, waitingMax: Self.waitingMax)
    private var linesShown = 0
    private var dueAt = Interval.zero

    private static let betweenLines = Interval.seconds(5)
    /// An old page is no use once there are newer ones.
    private static let waitingMax = 3

    init(_ plan: LoadPlan, isShown: Bool) {
        self.plan = plan
        self.isShown = isShown
    }

    mutating func show(_ view: LoadRun.View) {
        guard isShown else { return }
        if isTerminal {
            let lines = page(view)
            let back = linesShown > 0 ? "\u{1B}[\(linesShown)A" : ""
            writer.write(back + lines.map { "\u{1B}[2K\($0)\n" }.joined())
            linesShown = lines.count
        } else if view.elapsed >= dueAt {
            dueAt = view.elapsed + Self.betweenLines
            writer.write(line(view) + "\n")
        }
    }

    /// The page is wiped: what comes last stands in its place.
    mutating func finish() {
        if linesShown > 0 { writer.write("\u{1B}[\(linesShown)A\u{1B}[J") }
        linesShown = 0
        writer.finish()
    }

    private func page(_ view: LoadRun.View) -> [String] {
        let row = view.row
        let failures = view.failures.prefix(3).map { "\($0.value) \($0.name)" }
        var lines = [
            "blast \(plan.title)  \(clock(view.elapsed)) of \(clock(plan.duration))  "
                + bar(view.elapsed),
            "",
            "clients     \(row.publishers) of \(plan.publishers) publishers, "
                + "\(row.players) of \(plan.playersOfAll) players",
            "media       sent \(row.sentMbit.text(decimals: 1)) Mbit/s, "
                + "received \(row.receivedMbit.text(decimals: 1)) Mbit/s",
            "delay       now p50 \(ms(row.percentile(50, .deliveryDelay)))  "
                + "p95 \(ms(row.percentile(95, .deliveryDelay)))  "
                + "p99 \(ms(row.percentile(99, .deliveryDelay)))",
            "            all p50 \(ms(view.delay.p50))  p95 \(ms(view.delay.p95))  "
                + "p99 \(ms(view.delay.p99))",
            "pictures    \(view.pictures), \(view.picturesLost) lost, \(view.stalls) stalls",
            "calls       \(row.callsAnswered) a second, p50 \(ms(row.percentile(50, .httpCall)))  "
                + "p99 \(ms(row.percentile(99, .httpCall)))",
            "checks      \(view.checks.reduce(0) { $0 + $1.passed }) passed, "
                + "\(view.checks.reduce(0) { $0 + $1.failed }) failed",
            "errors      \(failures.isEmpty ? "none" : failures.joined(separator: ", "))"
                + (view.cameAgain > 0 ? "; \(view.cameAgain) came again" : ""),
            "target      first word to a look from outside after \(ms(row.targetAnswer))",
            "health      \(view.healthLooks.bad) of \(view.healthLooks.all) looks: not well",
            "generator   CPU \(row.cpuPercent.text(decimals: 0)) %, "
                + "sends late p99 \(ms(row.percentile(99, .sendLateness))), "
                + "timers late p99 \(ms(row.percentile(99, .loopLag)))",
            "            buffers of a connection: \(kilobytes(row.unread)) unread, "
                + "\(kilobytes(row.unsent)) unsent",
        ]
        if plan.target == nil { lines.removeAll { $0.hasPrefix("target ") } }
        if plan.health == nil { lines.removeAll { $0.hasPrefix("health ") } }
        if plan.checks.isEmpty { lines.removeAll { $0.hasPrefix("checks ") } }
        if plan.calls.isEmpty { lines.removeAll { $0.hasPrefix("calls ") } }
        lines += view.health.doubts.map { "            \($0)" }
        let width = Self.width
        return lines.map { String($0.prefix(width - 1)) }
    }

    private func line(_ view: LoadRun.View) -> String {
        let row = view.row
        let failed = view.failures.reduce(into: Int128(0)) { $0 += $1.value.millionths }
        return "\(clock(view.elapsed))  \(row.publishers) publishers  \(row.players) players  "
            + "sent \(row.sentMbit.text(decimals: 1))  "
            + "received \(row.receivedMbit.text(decimals: 1)) Mbit/s  "
            + "delay p95 \(ms(row.percentile(95, .deliveryDelay)))  "
            + "\(failed / 1_000_000) failed  "
            + (view.healthLooks.bad > 0 ? "not well \(view.healthLooks.bad)  " : "")
            + "generator \(row.cpuPercent.text(decimals: 0)) %"
    }

    private func bar(_ elapsed: Interval) -> String {
        let width: Int64 = 20
        let done = min(
            width,
            multiplyDivide(elapsed.nanoseconds, width, max(1, plan.duration.nanoseconds)))
        return String(repeating: "█", count: Int(done))
            + String(repeating: "░", count: Int(width - done))
    }

    private func clock(_ interval: Interval) -> String {
        let seconds = interval.wholeSeconds
        let rest = seconds % 60
        return "\(seconds / 60):\(rest < 10 ? "0" : "")\(rest)"
    }

    private func kilobytes(_ bytes: Fixed) -> String {
        "\(Fixed.ratio(bytes.millionths, 1_000_000_000).text(decimals: 1)) KB"
    }

    private func ms(_ value: Fixed) -> String { "\(value.text(decimals: 1)) ms" }

    private static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }
}
