import Base
import Dispatch
import Platform
import Synchronization

/// A bounded queue of transactions and the threads that work it off, each with a connection.
final class Lane: Sendable {
    struct Work: Sendable {
        var transaction: Transaction
        var now: Instant
        var reply: Store.Reply
        var submitted = ContinuousClock.now

        init(transaction: Transaction, now: Instant, reply: @escaping Store.Reply) {
            self.transaction = transaction
            self.now = now
            self.reply = reply
        }
    }

    private struct State {
        /// First in, first out: taken from the end of `leaving`, which is `arrived` turned round.
        var arrived: [Work] = []
        var leaving: [Work] = []
        var idle: [Int]
        var isClosed = false
        var figures = Store.Figures()

        var waiting: Int { arrived.count + leaving.count }

        mutating func next() -> Work? {
            if leaving.isEmpty {
                leaving = arrived.reversed()
                arrived.removeAll(keepingCapacity: true)
            }
            return leaving.popLast()
        }
    }

    private let state: Mutex<State>
    private let workers: [Worker]
    private let groupMax: Int
    private let settings: Store.Settings

    init(
        _ place: Store.Place, _ role: Worker.Role, workers count: Int, groupMax: Int,
        _ settings: Store.Settings
    ) {
        check(count > 0, "a lane without a worker")
        workers = (0..<count).map { _ in Worker(place, role, settings) }
        state = Mutex(State(idle: Array(0..<count)))
        self.groupMax = groupMax
        self.settings = settings
    }

    func submit(_ work: Work) {
        enum Outcome { case refused(String), queued, wake(Int) }
        let outcome: Outcome = state.withLock { state in
            if state.isClosed { return .refused("the store is closed") }
            if state.waiting >= settings.waitingMax { return .refused("too much waits for it") }
            state.arrived.append(work)
            return state.idle.popLast().map { .wake($0) } ?? .queued
        }
        switch outcome {
        case .refused(let why): work.reply(.failure(.unavailable(why)))
        case .queued: break
        case .wake(let index): workers[index].queue.async { self.drain(index) }
        }
    }

    /// Works until nothing waits.
    private func drain(_ index: Int) {
        while let group = takeGroup(index) {
            let cut = ContinuousClock.now - settings.waitMax
            for work in group where work.submitted < cut {
                work.reply(.failure(.unavailable("no connection became free in time")))
            }
            let done = workers[index].perform(group.filter { $0.submitted >= cut })
            state.withLock { state in
                state.figures.transactions += group.count
                state.figures.statements += done.statements
                state.figures.retries += done.retries
                state.figures.connects += done.connects
            }
        }
    }

    /// The worker is idle again where there is none.
    private func takeGroup(_ index: Int) -> [Work]? {
        state.withLock { state in
            var group: [Work] = []
            while group.count < groupMax, let work = state.next() { group.append(work) }
            guard group.isEmpty else { return group }
            state.idle.append(index)
            return nil
        }
    }

    var figures: Store.Figures {
        state.withLock { state in
            var figures = state.figures
            figures.waiting = state.waiting
            return figures
        }
    }

    func close() async {
        state.withLock { $0.isClosed = true }
        for worker in workers {
            await withCheckedContinuation { continuation in
                worker.queue.async {
                    worker.close()
                    continuation.resume()
                }
            }
        }
    }
}
