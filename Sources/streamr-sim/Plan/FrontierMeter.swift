import Foundation

/// How far a sweep is, on standard error: one line that rewrites itself on a terminal, else a line
/// now and then.
struct FrontierMeter {
    private let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = HostClock()
    private var shownAt = -Double.infinity

    init(total: Int) { self.total = total }

    /// Seconds between two lines, where lines cannot be rewritten.
    private var step: Double { isTerminal ? 0.2 : 30 }

    mutating func show(before: Int, found: Int) {
        let isLast = before + found == total
        guard isLast || clock.wall - shownAt >= step else { return }
        shownAt = clock.wall
        var line = "\(before + found) of \(total) points"
        if before > 0 { line += ", \(before) of them from before" }
        if found > 0 {
            let seconds = clock.wall / Double(found) * Double(total - before - found)
            line += ", \(rate(found)), \(Int((seconds / 60).rounded(.up))) min left"
        }
        Terminal.tell(isTerminal ? "\r\u{1B}[2K" + line + (isLast ? "\n" : "") : line + "\n")
    }

    /// Says what the whole took.
    func finish(found: Int) {
        guard found > 0 else { return }
        let busy = Int(clock.wall.rounded())
        Terminal.tell(
            "simulated \(found) points in \(busy) s on \(Frontier.cores) cores: "
                + "\(rate(found))\n")
    }

    private func rate(_ found: Int) -> String {
        "\(Int(Double(found) * 3_600 / max(clock.wall, 0.001))) an hour"
    }
}
