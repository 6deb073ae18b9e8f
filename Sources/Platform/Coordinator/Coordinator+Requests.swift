import Base

/// A counted call while it is under way.
struct Request: Sendable {
    var call: Call
    var caller: Caller
    /// Who calls and what for, where a token or a key says so.
    var user: UserID?
    var scopes: Scopes = []
    /// What is granted if all goes well; nil for an account that does not exist.
    var grant: Grant?
    /// The stream that a watch page is about.
    var stream: StreamRow?
    var place = WatchPlace.server

    init(_ call: Call, _ caller: Caller) {
        self.call = call
        self.caller = caller
    }
}

/// Counting, knowing who calls, and the calls that are one transaction each.
extension Coordinator {
    static let countEvery = Interval.minutes(1)
    /// As far as the ledger goes back.
    static let hoursBackMax: Int64 = 90 * 24

    /// What this machine asks of itself is not counted.
    mutating func admit(
        _ index: Int, _ id: CallID, _ call: Call, _ caller: Caller, _ now: Instant,
        into outbox: inout Outbox
    ) {
        guard caller.address != .local, let limit = limit(on: call) else {
            return identify(index, id, call, caller, now, into: &outbox)
        }
        outbox.append(
            .cache(id, .count(limit, caller.address.limited, every: Self.countEvery)))
    }

    private func limit(on call: Call) -> CacheCommand.Limit? {
        switch call {
        case .watch: .watch
        case .account(.registerStreamer), .account(.login), .account(.registerNode): .signIn
        case .account(.keys), .stream(.list), .stream(.peers), .overview, .figures: .page
        case .account, .stream: .change
        case .health, .heartbeat, .bandwidthReport, .onPublish, .onUnpublish, .onPlay, .onStop,
            .stats:
            nil
        }
    }

    private func most(_ limit: CacheCommand.Limit) -> Int64 {
        switch limit {
        case .signIn: configuration.signInsMax
        case .change: configuration.changesMax
        case .watch: configuration.watchesMax
        case .page: configuration.pagesMax
        }
    }

    /// Without the cache nobody is counted, and nobody refused.
    mutating func counted(
        _ index: Int, _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        noteCache(answer, into: &outbox)
        guard let request = requests[index] else { return }
        if case .cached(.count(let count)) = answer, let limit = limit(on: request.call),
            count > most(limit)
        {
            return finish(index, .refused(.tooOften), into: &outbox)
        }
        identify(index, id, request.call, request.caller, now, into: &outbox)
    }

    private mutating func identify(
        _ index: Int, _ id: CallID, _ call: Call, _ caller: Caller, _ now: Instant,
        into outbox: inout Outbox
    ) {
        switch caller.credential {
        case .none, .node: break
        case .streamer(let user):
            requests[index]?.user = user
            requests[index]?.scopes = .all
        case .key(let digest):
            advance(index, to: .identify)
            outbox.append(.transact(id, .findKey(digest)))
            return
        }
        act(index, id, call, now, into: &outbox)
    }

    mutating func identified(
        _ index: Int, _ id: CallID, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        guard let call = requests[index]?.call else { return }
        switch answer {
        case .stored(.key(let key)):
            requests[index]?.user = key.user
            requests[index]?.scopes = key.scopes
            act(index, id, call, now, into: &outbox)
        case .stored(.refused): finish(index, .refused(.notSignedIn), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    // MARK: Acting

    private mutating func act(
        _ index: Int, _ id: CallID, _ call: Call, _ now: Instant, into outbox: inout Outbox
    ) {
        switch call {
        case .watch(let stream, _):
            advance(index, to: .watchCache)
            outbox.append(.cache(id, .nodes(stream)))
        case .overview: transact(index, id, .overview, into: &outbox)
        case .account(let call): act(index, id, call, into: &outbox)
        case .stream(let call): act(index, id, call, into: &outbox)
        case .figures(let call): act(index, id, call, now, into: &outbox)
        case .health, .heartbeat, .bandwidthReport, .onPublish, .onUnpublish, .onPlay, .onStop,
            .stats:
            check(false, "a call that is not counted")
        }
    }

    private mutating func transact(
        _ index: Int, _ id: CallID, _ transaction: Transaction, into outbox: inout Outbox
    ) {
        advance(index, to: .act)
        outbox.append(.transact(id, transaction))
    }

    private mutating func act(
        _ index: Int, _ id: CallID, _ call: StreamCall, into outbox: inout Outbox
    ) {
        switch call {
        case .list(let status): transact(index, id, .streams(status), into: &outbox)
        case .peers(let stream): transact(index, id, .peers(stream), into: &outbox)
        case .create(let title, let key):
            actAsUser(index, id, .streams, into: &outbox) {
                .addStream(owner: $0, title: title, key: key)
            }
        case .move(let stream, let status):
            actAsUser(index, id, .streams, into: &outbox) {
                .moveStream(stream, to: status, by: $0)
            }
        case .remove(let stream):
            actAsUser(index, id, .streams, into: &outbox) { .removeStream(stream, by: $0) }
        case .replaceKey(let stream, let key):
            actAsUser(index, id, .streams, into: &outbox) {
                .replaceKey(stream, by: $0, key: key)
            }
        case .authorize(let stream, let node, let allowed):
            actAsUser(index, id, .nodes, into: &outbox) {
                .authorizeNode(stream, node, allowed: allowed, by: $0)
            }
        }
    }

    private mutating func act(
        _ index: Int, _ id: CallID, _ call: FiguresCall, _ now: Instant,
        into outbox: inout Outbox
    ) {
        switch call {
        case .leaderboard: transact(index, id, .leaderboard, into: &outbox)
        case .payouts(let hoursBack):
            let back = min(max(hoursBack, 1), Self.hoursBackMax)
            transact(index, id, .payouts(since: now.hoursSinceEpoch - back), into: &outbox)
        case .node(let node): transact(index, id, .nodeFigures(node), into: &outbox)
        case .economics: transact(index, id, .economics, into: &outbox)
        case .streamer(let user): transact(index, id, .streamerFigures(user), into: &outbox)
        case .watchPage(let stream):
            advance(index, to: .pageStream)
            outbox.append(.transact(id, .findStream(stream)))
        }
    }

    /// Runs what only a signed-in user with this right may do.
    mutating func actAsUser(
        _ index: Int, _ id: CallID, _ scope: Scopes, into outbox: inout Outbox,
        _ transaction: (UserID) -> Transaction
    ) {
        guard let request = requests[index] else { return }
        guard let user = request.user else {
            return finish(
                index, .refused(request.caller.credential == .none ? .notSignedIn : .notYours),
                into: &outbox)
        }
        guard request.scopes.isSuperset(of: scope) else {
            return finish(index, .refused(.notYours), into: &outbox)
        }
        transact(index, id, transaction(user), into: &outbox)
    }

    // MARK: Answers of one transaction

    mutating func finishStored(
        _ index: Int, _ answer: Answer, _ now: Instant, into outbox: inout Outbox
    ) {
        guard case .stored(let stored) = answer else {
            return finish(index, .unavailable, into: &outbox)
        }
        if case .moved = stored, case .stream(let call)? = requests[index]?.call {
            return finishMoved(index, call.subject, answer, into: &outbox)
        }
        finish(index, reply(to: requests[index]?.user, stored), into: &outbox)
    }

    /// A stored answer as this user may see it.
    private func reply(to user: UserID?, _ answer: StoreAnswer) -> Reply {
        switch answer {
        case .done: return .ok
        case .refused(let why): return .refused(why)
        case .key(let row): return .key(row)
        case .keys(let rows): return .keys(rows)
        case .stream(let row): return .stream(row)
        case .streams(let rows): return .streams(rows.map { $0.shown(to: user) })
        case .nodes(let rows): return .nodes(rows)
        case .overview(let overview): return .overview(overview)
        case .leaderboard(let rows): return .leaderboard(rows)
        case .payouts(let rows):
            let total = rows.reduce(into: Int64(0)) { $0 = $0.addingHeld($1.nanodollars) }
            return .payouts(rows, totalNanodollars: total)
        case .node(let figures): return .node(figures)
        case .economics(let figures): return .economics(figures)
        case .streamer(var figures):
            figures.streams = figures.streams.map { $0.shown(to: user) }
            return .streamer(figures)
        case .user, .moved, .changed, .paid, .claimed: return .unavailable
        }
    }
}

extension StreamRow {
    fileprivate func shown(to user: UserID?) -> StreamRow { owner == user ? self : withoutKey }
}

extension StreamCall {
    /// The stream that it is about; none for a list or a new one.
    fileprivate var subject: StreamID {
        switch self {
        case .move(let stream, _), .remove(let stream), .replaceKey(let stream, _),
            .authorize(let stream, _, _), .peers(let stream):
            stream
        case .create, .list: StreamID(-1)
        }
    }
}
