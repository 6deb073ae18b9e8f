import Base
import Foundation
import Simulation

/// Progress on standard error: one line that rewrites itself on a terminal, else a line now and
/// then, at growing distances.
struct ProgressMeter {
    private let isQuiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shownAt = -1.0
    private var step = 0.2
    private var isOpen = false
    /// What is run now, and when it began: speed and time left are its own.
    private var stage = ""
    private var stageAt = 0.0

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    mutating func show(_ progress: Runner.Progress, elapsed: Double) {
        guard !isQuiet else { return }
        if progress.stage != stage {
            stage = progress.stage
            stageAt = elapsed
        }
        let isLast = progress.done == progress.duration
        guard isLast || elapsed - shownAt >= step else { return }
        shownAt = elapsed
        if !isTerminal { step = min(step * 1.5, 30) }
        let text = line(progress, elapsed - stageAt)
        if isTerminal {
            Terminal.tell("\r\u{1B}[2K" + text)
            isOpen = true
        } else {
            Terminal.tell(text + "\n")
        }
    }

    mutating func finish() {
        if isOpen { Terminal.tell("\n") }
        isOpen = false
    }

    private func line(_ progress: Runner.Progress, _ elapsed: Double) -> String {
        let date = CivilTime(progress.now)
        let percent = progress.done.nanoseconds / max(1, progress.duration.nanoseconds / 100)
        let simulated = Double(progress.done.nanoseconds) / 1e9
        let speed = Int64(simulated / max(elapsed, 0.001))
        let left =
            simulated > 0
            ? Double(progress.duration.nanoseconds) / 1e9 / simulated * elapsed - elapsed : 0
        return "\(progress.stage): \(date.dateText) \(date.timeText.prefix(5))  \(percent) %  "
            + "\(grouped(speed)) x real time  \(grouped(progress.events)) events  "
            + "$\(progress.costSoFar.text(decimals: 2)) so far  \(Int(left.rounded(.up))) s left"
    }

    private func grouped(_ value: Int64) -> String {
        var digits = String(value)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }
}
