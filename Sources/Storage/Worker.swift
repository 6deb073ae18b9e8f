import Base
import Dispatch
import Glibc
import Platform

/// A thread and its connection. Everything but `queue` is touched on that queue only, which is
/// what makes it safe to share.
final class Worker: @unchecked Sendable {
    enum Role { case reader, writer }

    /// What became of a group, and what it took.
    struct Done {
        var answers: [(work: Lane.Work, result: Result<StoreAnswer, StoreError>)] = []
        var statements = 0
        var retries = 0
        var connects = 0
    }

    /// A transaction that others are in the way of is tried so often, with a pause that is drawn
    /// anew and may double each time.
    private static let triesMax = 12
    private static let retryPauseMin = Duration.milliseconds(2)
    private static let retryPauseMax = Duration.milliseconds(200)
    /// After a connection failed, the next is not tried before such a pause; it doubles.
    private static let reconnectPauseMin = Duration.milliseconds(100)
    private static let reconnectPauseMax = Duration.seconds(2)

    let queue = DispatchQueue(label: "store")
    private let place: Store.Place
    private let role: Role
    private let settings: Store.Settings

    private var connection: Connection?
    private var failure: StoreError?
    private var reconnectAt = ContinuousClock.now
    private var reconnectPause = reconnectPauseMin
    private var done = Done()

    init(_ place: Store.Place, _ role: Role, _ settings: Store.Settings) {
        self.place = place
        self.role = role
        self.settings = settings
    }

    /// Answers all of them; more than one are committed together, if none of them fails.
    func perform(_ works: [Lane.Work]) -> Done {
        done = Done()
        guard !works.isEmpty else { return done }
        // Everybody locks nodes in the same order, so nobody waits in a circle.
        let group = works.sorted { $0.transaction.lockOrder < $1.transaction.lockOrder }
        if group.count == 1 || !performAsOne(group) {
            for work in group { done.answers.append((work, answer(work))) }
        }
        return done
    }

    private enum Phase { case beginning, working, committing }

    /// False where nothing was done, because one of them failed and must not take the others
    /// along. What cannot begin or be committed fails for all.
    private func performAsOne(_ group: [Lane.Work]) -> Bool {
        var phase = Phase.beginning
        do throws(StoreError) {
            let connection = try connect()
            let before = connection.statements
            defer { done.statements += connection.statements - before }
            connection.limit(to: settings.statementTimeout)
            let answers = try connection.transaction(.committed) { () throws(StoreError) in
                phase = .working
                var answers: [StoreAnswer] = []
                for work in group {
                    limit(connection, work.transaction)
                    answers.append(try session(connection, work.now).execute(work.transaction))
                }
                phase = .committing
                return answers
            }
            done.answers = zip(group, answers).map { ($0, .success($1)) }
            return true
        } catch {
            guard phase != .working else { return false }
            done.answers = group.map { ($0, .failure(error)) }
            return true
        }
    }

    private func answer(_ work: Lane.Work) -> Result<StoreAnswer, StoreError> {
        var pause = Self.retryPauseMin
        var tries = 1
        while true {
            do throws(StoreError) {
                return .success(try attempt(work))
            } catch {
                switch error {
                case .conflict where tries < Self.triesMax:
                    done.retries += 1
                    tries += 1
                    wait(pause)
                    pause = min(pause * 2, Self.retryPauseMax)
                case .conflict, .unavailable, .newerSchema, .refused: return .failure(error)
                }
            }
        }
    }

    private func attempt(_ work: Lane.Work) throws(StoreError) -> StoreAnswer {
        let connection = try connect()
        let before = connection.statements
        defer { done.statements += connection.statements - before }
        limit(connection, work.transaction)
        let session = session(connection, work.now)
        switch work.transaction.manner {
        case .read, .statement: return try session.execute(work.transaction)
        case .rows, .alone, .job:
            let isolation: Connection.Isolation =
                work.transaction.manner == .rows ? .committed : .serializable
            return try connection.transaction(isolation) { () throws(StoreError) in
                try session.execute(work.transaction)
            }
        }
    }

    private func session(_ connection: Connection, _ now: Instant) -> Session {
        Session(connection: connection, now: now, trustRule: settings.trustRule)
    }

    private func limit(_ connection: Connection, _ transaction: Transaction) {
        let isJob = transaction.manner == .job
        connection.limit(to: isJob ? settings.jobTimeout : settings.statementTimeout)
    }

    /// The connection, opened again if it died. Nothing has been sent on it yet.
    private func connect() throws(StoreError) -> Connection {
        if let connection, connection.isAlive { return connection }
        connection?.close()
        connection = nil
        if let failure, ContinuousClock.now < reconnectAt { throw failure }
        do throws(StoreError) {
            let opened = try Connection(place, isReader: role == .reader)
            done.connects += 1
            connection = opened
            failure = nil
            reconnectPause = Self.reconnectPauseMin
            return opened
        } catch {
            failure = error
            reconnectAt = ContinuousClock.now + jittered(reconnectPause)
            reconnectPause = min(reconnectPause * 2, Self.reconnectPauseMax)
            throw error
        }
    }

    func close() {
        connection?.close()
        connection = nil
    }

    private func wait(_ pause: Duration) {
        usleep(UInt32(jittered(pause).milliseconds * 1_000))
    }

    /// Between half of it and all of it.
    private func jittered(_ pause: Duration) -> Duration {
        pause / 2 + pause / 2 * Double.random(in: 0...1)
    }
}

extension Duration {
    /// Whole ones, rounded up, so that a little time is never none.
    var milliseconds: Int64 {
        components.seconds * 1_000 + (components.attoseconds + 999_999_999_999_999)
            / 1_000_000_000_000_000
    }
}
