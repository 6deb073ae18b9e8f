import Base
import Foundation
import Packets
import Reports

/// What is shown while an interface is watched: a table that renews itself on a terminal, a line
/// for each stream now and then elsewhere. A terminal that stands still holds up nothing else.
struct WatchDisplay {
    private let name: String
    private let isShown: Bool
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let writer = StandingWriter(.standardOutput, waitingMax: Self.waitingMax)
    private var dueAt = 1.0

    private static let secondsBetweenTables = 1.0
    private static let secondsBetweenLines = 5.0
    /// An old table is no use once there are newer ones.
    private static let waitingMax = 2

    init(name: String, isShown: Bool) {
        self.name = name
        self.isShown = isShown
    }

    mutating func isDue(_ seconds: Double) -> Bool {
        guard isShown, seconds >= dueAt else { return false }
        dueAt = seconds + (isTerminal ? Self.secondsBetweenTables : Self.secondsBetweenLines)
        return true
    }

    func show(_ report: WatchReport) {
        let record = CaptureRecord(report, source: name, filter: nil, partial: nil)
        let state = CaptureText.state(record.summary)
        let window = Self.window
        let table = CaptureText.live(report, record.summary, width: isTerminal ? window.width : nil)
        if isTerminal {
            let lines = [String(state.prefix(window.width)), ""] + table
            let shown = lines.prefix(max(1, window.height - 1)).joined(separator: "\u{1B}[K\n")
            writer.write("\u{1B}[H\(shown)\u{1B}[J\n")
        } else {
            writer.write(([state] + table).joined(separator: "\n") + "\n")
        }
    }

    /// Leaves an empty screen for what comes last.
    func finish() {
        if isShown, isTerminal { writer.write("\u{1B}[H\u{1B}[J") }
        writer.finish()
    }

    private static var window: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
