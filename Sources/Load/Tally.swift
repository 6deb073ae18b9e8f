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
    /// Of these, those of publishers whose own line is narrow.
    var messagesHeldAtHome: Int64 = 0
    var pictures: Int64 = 0
    var picturesLost: Int64 = 0
    var picturesOutOfOrder: Int64 = 0
    var picturesWithoutStamp: Int64 = 0
    /// Of HLS, that came whole.
    var segments: Int64 = 0
    /// Of the encoder's own, that reached players.
    var videoBytes: Int64 = 0
    var audioBytes: Int64 = 0
    /// Pictures that were due to be sent, and those of them that were held back.
    var picturesDue: Int64 = 0
    var picturesHeldBack: Int64 = 0
    /// Publishers that had begun, and failed.
    var publishersCut: Int64 = 0
    /// Players that left because they stood still for too long.
    var viewersLost: Int64 = 0
    /// From players' calls to the first picture shown, together.
    private(set) var startups = Interval.zero
    /// What players that failed did not see of the time for which they came, until they had a
    /// picture again.
    var missed = Interval.zero
    /// Clients that called for a connection, each once.
    var attempts: Int64 = 0
    /// Calls of those that had failed.
    var attemptsAgain: Int64 = 0
    /// Clients that failed, each once.
    var clientsFailed: Int64 = 0
    /// Clients that had called before this began, and were still there.
    var present: Int64 = 0
    /// Clients that began, each once.
    var publishersStarted: Int64 = 0
    var playersStarted: Int64 = 0
    /// Times that one that had begun, and failed, began again.
    var publishersAgain: Int64 = 0
    var playersAgain: Int64 = 0
    /// HTTP calls that were due.
    var calls: Int64 = 0
    var callsAnswered: Int64 = 0
    /// Left out because too many waited already.
    var callsDropped: Int64 = 0
    /// Still waiting at the end, for longer than is nobody's failure.
    var callsUnanswered: Int64 = 0
    /// Still waiting at the end, for less.
    var callsUnderWay: Int64 = 0
    /// That waited for a connection while all were busy with answers that came soon.
    var callsHeldUp: Int64 = 0

    /// Of each of the plan's checks, as far as any was made.
    private(set) var checks: [Check] = []

    struct Check: Sendable, Hashable {
        var passed: Int64 = 0
        var failed: Int64 = 0
    }

    mutating func note(check: Int, passed: Bool) {
        add(Check(passed: passed ? 1 : 0, failed: passed ? 0 : 1), to: check)
    }

    private mutating func add(_ count: Check, to check: Int) {
        while checks.count <= check { checks.append(Check()) }
        checks[check].passed += count.passed
        checks[check].failed += count.failed
    }

    /// At the target from outside, and those that were not answered.
    var looks: Int64 = 0
    var looksMissed: Int64 = 0
    /// At its health, and those that it did not answer, or not with a good status.
    var healthLooks: Int64 = 0
    var healthBad: Int64 = 0

    /// How far a server's clock is ahead of ours, as the player knows it best who knows best.
    private(set) var clockOffset: (estimate: Interval, error: Interval)?

    mutating func note(offset estimate: Interval, error: Interval) {
        if clockOffset.map({ error < $0.error }) ?? true { clockOffset = (estimate, error) }
    }

    var cameAgain: Int64 { publishersAgain + playersAgain }

    /// From a player's call to its first picture; what one that comes again waits is missed.
    mutating func add(startup: Interval, isReturn: Bool) {
        if isReturn { missed += startup } else { startups += startup }
    }

    mutating func add(_ delay: Interval, to metric: LoadMetric) {
        distributions[metric.index].add(delay)
    }

    /// Calls made, and answered with 200 soon enough.
    private(set) var callsMade = LoadCall.Kind.allCases.map { _ in Int64(0) }
    private(set) var callsGood = LoadCall.Kind.allCases.map { _ in Int64(0) }

    mutating func add(_ delays: Distribution, to metric: LoadMetric) {
        distributions[metric.index].add(delays)
    }

    mutating func noteMade(_ kind: LoadCall.Kind) { callsMade[kind.rawValue] += 1 }
    mutating func noteGood(_ kind: LoadCall.Kind) { callsGood[kind.rawValue] += 1 }

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
        messagesHeldAtHome += other.messagesHeldAtHome
        pictures += other.pictures
        picturesLost += other.picturesLost
        picturesOutOfOrder += other.picturesOutOfOrder
        picturesWithoutStamp += other.picturesWithoutStamp
        segments += other.segments
        videoBytes += other.videoBytes
        audioBytes += other.audioBytes
        picturesDue += other.picturesDue
        picturesHeldBack += other.picturesHeldBack
        publishersCut += other.publishersCut
        viewersLost += other.viewersLost
        startups += other.startups
        missed += other.missed
        for index in callsMade.indices { callsMade[index] += other.callsMade[index] }
        for index in callsGood.indices { callsGood[index] += other.callsGood[index] }
        attempts += other.attempts
        attemptsAgain += other.attemptsAgain
        clientsFailed += other.clientsFailed
        present += other.present
        publishersStarted += other.publishersStarted
        playersStarted += other.playersStarted
        publishersAgain += other.publishersAgain
        playersAgain += other.playersAgain
        calls += other.calls
        callsAnswered += other.callsAnswered
        callsDropped += other.callsDropped
        callsUnanswered += other.callsUnanswered
        callsUnderWay += other.callsUnderWay
        callsHeldUp += other.callsHeldUp
        if let offset = other.clockOffset { note(offset: offset.estimate, error: offset.error) }
        for (index, check) in other.checks.enumerated() { add(check, to: index) }
        looks += other.looks
        looksMissed += other.looksMissed
        healthLooks += other.healthLooks
        healthBad += other.healthBad
    }
}
