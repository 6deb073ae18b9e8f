import Base
import NIOCore
import RTMP
import Sockets

/// The clients of one event loop, and what they measure; touched on that loop only.
final class LoadLoop {
    let eventLoop: any EventLoop
    let plan: LoadPlan
    /// One for each of the plan's shapes.
    let tapes: [ClipTape]
    let addresses: LoadAddresses
    /// Of the loop's publishers.
    let sendClock: SendClock
    /// What one publisher is about to send; empty in between.
    var outbox: [UInt8] = []
    /// Of all loops together.
    private let allowance: Allowance?
    /// Of all loops together; nil where nothing bounds who comes again.
    let turnstile: Turnstile?
    private var pool: WebPool?
    var tally = Tally()
    private(set) var publishersNow: Int64 = 0
    private(set) var playersNow: Int64 = 0
    private var clients: [ObjectIdentifier: any LoadClient] = [:]
    private var lagDue = NIODeadline.now()
    private(set) var isOver = false
    /// Who failed and is to come again, by numbers of its own.
    var away: [Int: AwayClient] = [:]
    var awayNumber = 0
    private(set) var began = RTMPClient.now
    /// The same by the time of day.
    private var beganDay = Instant(nanoseconds: 0)
    private var failedChecks: Set<Int> = []
    /// What went wrong with whom, for the log of events.
    private var incidents: [Incident] = []

    struct Incident: Sendable {
        var at: Instant
        /// Such as `client-failed`.
        var kind: String
        var entity: String
        var detail: String
    }

    private static let lagEvery = TimeAmount.milliseconds(20)
    private static let incidentsMax = 100
    /// Waiting shorter than this at the end of the load is nobody's failure.
    static let patience = Interval.seconds(2)

    init(
        _ plan: LoadPlan, _ tapes: [ClipTape], at addresses: LoadAddresses,
        within allowance: Allowance?, _ turnstile: Turnstile?, on loop: any EventLoop
    ) {
        self.plan = plan
        self.tapes = tapes
        self.addresses = addresses
        self.allowance = allowance
        self.turnstile = turnstile
        eventLoop = loop
        sendClock = SendClock(on: loop)
    }

    // MARK: Clients

    /// Calls for the client's connection when its time has come, and lets it go when it is over.
    func start(_ client: LoadPlan.Client, from times: (clock: Instant, day: Instant)) {
        (began, beganDay) = times
        let backOff = plan.reconnecting?.backOff(of: client, seed: plan.seed)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: (began + client.start).deadline) {
            var client = client
            client.backOff = backOff
            bound.value.connect(client)
        }
    }

    func timeOfDay(_ time: Instant) -> Instant { beganDay + (time - began) }

    func clock(ofDay time: Instant) -> Instant { began + (time - beganDay) }

    func connect(_ client: LoadPlan.Client) {
        guard !isOver else { return }
        switch client.kind {
        case .publisher, .player:
            let name =
                client.kind == .publisher
                ? plan.streams.published(client.stream) : plan.streams.played(client.stream)
            guard let url = plan.target?.stream(name), let address = addresses.media else { return }
            open(ClientHandler(client, url, self), url, at: address)
        case .flvPlayer:
            guard let web = plan.web, let address = addresses.web, let app = plan.target?.app else {
                return
            }
            let path = "/\(app)/\(plan.streams.played(client.stream)).flv"
            open(FLVPlayer(client, web, path, self), web.connectionURL, at: address)
        case .hlsPlayer:
            guard let web = plan.web, let address = addresses.web, let app = plan.target?.app else {
                return
            }
            let path = "/\(app)/\(plan.streams.played(client.stream)).m3u8"
            open(HLSPlayer(client, web, path, self), web.connectionURL, at: address)
        }
    }

    private func open(_ handler: any LoadClient, _ url: StreamURL, at address: SocketAddress) {
        if handler.client.hasFailed { tally.attemptsAgain += 1 } else { tally.attempts += 1 }
        clients[ObjectIdentifier(handler)] = handler
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        OutgoingConnection.open(url, at: address, trust: addresses.trust, on: eventLoop) {
            bound.value
        }
        .whenFailure { bound.value.connectionFailed($0) }
        guard let until = handler.client.until else { return }
        eventLoop.scheduleTask(deadline: (began + until).deadline) { _ = bound.value.leave() }
    }

    /// Another connection for a player by HTTP whose last one the server closed.
    func reopen(_ handler: any LoadClient, _ url: StreamURL) {
        guard let address = addresses.web else { return }
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        OutgoingConnection.open(url, at: address, trust: addresses.trust, on: eventLoop) {
            bound.value
        }
        .whenFailure { bound.value.connectionFailed($0) }
    }

    func reception(
        of client: LoadPlan.Client, called: Instant, started: Instant
    ) -> Reception {
        Reception(
            called: called, started: started,
            framesPerSecond: Int64(tapes[client.shape].framesPerSecond), reserve: client.reserve,
            checks: pictureChecks, isReturn: client.hasFailed)
    }

    /// Which of the plan's checks look at a player's first picture.
    var pictureChecks: [Int] { plan.checks.indices.filter { plan.checks[$0].isOfPlayers } }

    /// Keeps the first failure of each in the log.
    func note(check: Int, passed: Bool, of entity: String, _ detail: @autoclosure () -> String) {
        tally.note(check: check, passed: passed)
        guard !passed, !failedChecks.contains(check) else { return }
        failedChecks.insert(check)
        log("check-failed", of: entity, "\(plan.checks[check].name): \(detail())")
    }

    func remove(_ handler: any LoadClient) { clients[ObjectIdentifier(handler)] = nil }

    func startCalls(_ share: LoadPlan.CallShare, began: (clock: Instant, day: Instant)) {
        guard let web = plan.web, let address = addresses.web else { return }
        let pool = WebPool(web, at: address, share, began: began, self)
        self.pool = pool
        pool.start()
    }

    func noteStart(_ client: LoadPlan.Client) {
        switch client.purpose {
        case .publish:
            publishersNow += 1
            if client.hasBegun { tally.publishersAgain += 1 } else { tally.publishersStarted += 1 }
        case .play:
            playersNow += 1
            if client.hasBegun { tally.playersAgain += 1 } else { tally.playersStarted += 1 }
        }
    }

    func noteEnd(_ purpose: ClientSession.Purpose) {
        switch purpose {
        case .publish: publishersNow -= 1
        case .play: playersNow -= 1
        }
    }

    /// `hasPlayed`: it was a player and had a picture.
    func note(
        _ failure: LoadFailure, of client: LoadPlan.Client, wasStarted: Bool, hasPlayed: Bool,
        _ detail: String
    ) {
        var client = client
        if failure == .lostPatience { tally.viewersLost += 1 }
        // Behind a narrow line it is nobody else's doing.
        if failure != .lostPatience || client.line == nil {
            tally.add(failure)
            if !client.isCountedFailed { tally.clientsFailed += 1 }
            client.isCountedFailed = true
        }
        if failure == .noPicture {
            for check in pictureChecks {
                note(check: check, passed: false, of: client.name, failure.rawValue)
            }
        }
        let isPublisher = client.purpose == .publish
        if isPublisher, wasStarted { tally.publishersCut += 1 }
        part(
            with: client, after: failure, wasStarted: wasStarted,
            isFresh: isPublisher ? wasStarted : hasPlayed)
        log(failure, of: client.name, detail)
    }

    func note(callFailure failure: LoadFailure, of call: String, _ detail: String) {
        tally.add(callFailure: failure)
        log(failure, of: call, detail)
    }

    /// Bytes of a client, counted where they pass: beyond a ceiling all clients leave at once.
    func count(sent: Int = 0, received: Int = 0) {
        tally.bytesSent += Int64(sent)
        tally.bytesReceived += Int64(received)
        guard let allowance, !isOver,
            !allowance.spend(sent: sent, received: received, at: RTMPClient.now)
        else { return }
        isOver = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        // Whoever counts is in the middle of something.
        eventLoop.execute {
            bound.value.close()
            for purpose in [ClientSession.Purpose.play, .publish] { _ = bound.value.leave(purpose) }
        }
    }

    private func log(_ failure: LoadFailure, of client: String, _ detail: String) {
        let words = [failure.rawValue, detail].filter { !$0.isEmpty }
        log("client-failed", of: client, words.joined(separator: ": "))
    }

    private func log(_ kind: String, of entity: String, _ detail: String) {
        guard incidents.count < Self.incidentsMax else { return }
        incidents.append(
            Incident(at: RTMPClient.now, kind: kind, entity: entity, detail: detail))
    }

    // MARK: Looks from outside

    struct Look: Sendable {
        var tally: Tally
        var publishersNow: Int64
        var playersNow: Int64
        var clients: Int64
        /// How long each player has stood still that does so now.
        var standing: Distribution
        /// Players of these that have done so beyond all patience, and not for their own lines.
        var playersStuck: Int64
        var incidents: [Incident]
    }

    /// What was measured since the last look.
    func look() -> Look {
        defer {
            tally = Tally()
            incidents.removeAll()
        }
        let now = RTMPClient.now
        for case let player as ClientHandler in clients.values { player.loseHeart(at: now) }
        let standing = clients.values.compactMap { $0.standing(at: now) }
        var lengths = Distribution()
        for length in standing { lengths.add(length) }
        // Behind a narrow line it is nobody else's doing.
        let stuck = clients.values.count {
            $0.client.line == nil && ($0.standing(at: now) ?? .zero) > Self.patience
        }
        return Look(
            tally: tally, publishersNow: publishersNow, playersNow: playersNow,
            clients: Int64(clients.count), standing: lengths,
            playersStuck: Int64(stuck), incidents: incidents)
    }

    /// Timers say how late the loop is: each was to come `lagEvery` after the one before.
    func watchLag() {
        lagDue = NIODeadline.now() + Self.lagEvery
        waitForLag()
    }

    private func waitForLag() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: lagDue) { bound.value.noteLag() }
    }

    private func noteLag() {
        guard !isOver else { return }
        let now = NIODeadline.now()
        // A loop that stood still missed every timer of that time, not only the first.
        while lagDue <= now {
            tally.add(Interval(nanoseconds: (now - lagDue).nanoseconds), to: .loopLag)
            lagDue = lagDue + Self.lagEvery
        }
        waitForLag()
    }

    /// From now on nobody comes.
    func close() {
        isOver = true
        forgetAway()
        pool?.finish()
    }

    /// Says goodbye for all of one kind; they are gone when this is done.
    func leave(_ purpose: ClientSession.Purpose) -> EventLoopFuture<Void> {
        let ends = clients.values.filter { $0.client.purpose == purpose }.compactMap { $0.leave() }
        return EventLoopFuture.andAllComplete(ends, on: eventLoop)
    }
}

/// One connection that is measured as a client of the load.
protocol LoadClient: ChannelHandler {
    var client: LoadPlan.Client { get }
    func connectionFailed(_ error: any Error)
    /// How long the show of a player has stood still; nil while it goes on.
    func standing(at now: Instant) -> Interval?
    /// Ends the client at the end of the load; nil if there is no connection to close.
    func leave() -> EventLoopFuture<Void>?
}

extension Instant {
    /// On NIO's clock, which is the one that `RTMPClient.now` reads.
    var deadline: NIODeadline { .uptimeNanoseconds(UInt64(max(nanoseconds, 0))) }
}
