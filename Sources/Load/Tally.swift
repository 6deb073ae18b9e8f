import Base

/// What one event loop measured since it was last asked. Adds up.
struct Tally: Sendable {
    private(set) var distributions = LoadMetric.allCases.map { _ in Distribution() }
    private(set) var failures = LoadFailure.allCases.map { _ in Int64(0) }

    private(set) var callFailures = LoadFailure.allCases.map { _ in Int64(0) }

    var bytesSent: Int64 = 0
    var bytesReceived: Int64 = 0
    var messagesSent: Int64 = 0
    /// Left out because the target did not take what came before.
    var messagesHeldBack: Int64 = 0
    var pictures: Int64 = 0
    var picturesLost: Int64 = 0
    var picturesOutOfOrder: Int64 = 0
    var picturesWithoutStamp: Int64 = 0
    /// Clients that called for a connection.
    var attempts: Int64 = 0
    var publishersStarted: Int64 = 0
    var playersStarted: Int64 = 0
    /// HTTP calls that were due.
    var calls: Int64 = 0
    var callsAnswered: Int64 = 0
    /// Left out because too many waited already.
    var callsDropped: Int64 = 0
    /// Still waiting at the end.
    var callsUnanswered: Int64 = 0

    mutating func add(_ delay: Interval, to metric: LoadMetric) {
        distributions[metric.index].add(delay)
    }

    mutating func add(_ failure: LoadFailure) { failures[failure.index] += 1 }
    mutating func add(callFailure: LoadFailure) { callFailures[callFailure.index] += 1 }

    subscript(metric: LoadMetric) -> Distribution { distributions[metric.index] }
    subscript(failure: LoadFailure) -> Int64 { failures[failure.index] }

    var failuresSum: Int64 { failures.reduce(0, +) }
    var callFailuresSum: Int64 { callFailures.reduce(0, +) }

    mutating func add(_ other: Tally, delays: Bool) {
        if delays {
            for index in distributions.indices {
                distributions[index].add(other.distributions[index])
            }
        }
        for index in failures.indices { failures[index] += other.failures[index] }
        for index in callFailures.indices { callFailures[index] += other.callFailures[index] }
        bytesSent += other.bytesSent
        bytesReceived += other.bytesReceived
        messagesSent += other.messagesSent
        messagesHeldBack += other.messagesHeldBack
        pictures += other.pictures
        picturesLost += other.picturesLost
        picturesOutOfOrder += other.picturesOutOfOrder
        picturesWithoutStamp += other.picturesWithoutStamp
        attempts += other.attempts
        publishersStarted += other.publishersStarted
        playersStarted += other.playersStarted
        calls += other.calls
        callsAnswered += other.callsAnswered
        callsDropped += other.callsDropped
        callsUnanswered += other.callsUnanswered
    }
}
