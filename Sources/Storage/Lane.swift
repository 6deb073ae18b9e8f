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

        /// The next one, if it is of such a kind.
        mutating func next(where fits: (Transaction.Manner) -> Bool) -> Work? {
            if leaving.isEmpty {
                leaving = arrived.reversed()
                arrived.removeAll(keepingCapacity: true)
            }
            guard let work = leaving.last, fits(work.transaction.manner) else { return nil }
            return leaving.popLast()
        }
    }

    private let state: Mutex<State>
    private let workers: [Worker]
    /// What may be committed together: a commit costs the same for one as for a hundred.
    private let grouped: [Transaction.Manner]
    private let settings: Store.Settings

    private static let groupMax = 128

    init(
        _ place: Store.Place, _ role: Worker.Role, workers count: Int,
        grouped: [Transaction.Manner], _ settings: Store.Settings
    ) {
        check(count > 0, "a lane without a worker")
        workers = (0..<count).map { _ in Worker(place, role, settings) }
        state = Mutex(State(idle: Array(0..<count)))
        self.grouped = grouped
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
            for (work, result) in done.answers { work.reply(result) }
        }
    }

    /// The worker is idle again where there is none.
    private func takeGroup(_ index: Int) -> [Work]? {
        state.withLock { state in
            guard let first = state.next(where: { _ in true }) else {
                state.idle.append(index)
                return nil
            }
            var group = [first]
            guard grouped.contains(first.transaction.manner) else { return group }
            while group.count < Self.groupMax, let work = state.next(where: grouped.contains) {
                group.append(work)
            }
            return group
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
