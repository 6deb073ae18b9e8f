import Foundation

/// Writes text from a thread of its own: a terminal that stands still, or a pipe that nobody reads,
/// holds up nothing but what is to be shown there.
final class StandingWriter: @unchecked Sendable {
    private let file: FileHandle
    private let waitingMax: Int
    /// Guards what follows, and says that it changed.
    private let condition = NSCondition()
    private var waiting: [String] = []
    private var isBusy = false
    private var isOver = false

    /// How long the last may take.
    private static let patience = 1.0

    /// What comes while `waitingMax` wait is left out.
    init(_ file: FileHandle, waitingMax: Int) {
        self.file = file
        self.waitingMax = waitingMax
        Thread.detachNewThread { self.work() }
    }

    func write(_ text: String) {
        condition.lock()
        defer { condition.unlock() }
        guard waiting.count < waitingMax else { return }
        waiting.append(text)
        condition.broadcast()
    }

    /// Waits until all is written, though not for long; false if it is not.
    @discardableResult
    func finish() -> Bool {
        let end = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        defer { condition.unlock() }
        isOver = true
        condition.broadcast()
        while isBusy || !waiting.isEmpty {
            guard condition.wait(until: end) else { return false }
        }
        return true
    }

    private func work() {
        while let text = next() { try? file.write(contentsOf: Data(text.utf8)) }
    }

    /// Nil at the end.
    private func next() -> String? {
        condition.lock()
        defer { condition.unlock() }
        isBusy = false
        condition.broadcast()
        while waiting.isEmpty {
            if isOver { return nil }
            condition.wait()
        }
        isBusy = true
        return waiting.removeFirst()
    }
}
