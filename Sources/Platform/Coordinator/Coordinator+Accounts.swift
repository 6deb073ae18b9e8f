import Base

/// Accounts, tokens and keys: signing up and in, sessions that are used once and replaced.
extension Coordinator {
    mutating func act(
        _ index: Int, _ id: CallID, _ call: AccountCall, into outbox: inout Outbox
    ) {
        switch call {
        case .registerStreamer(_, let password, _):
            advance(index, to: .hash)
            outbox.append(.work(id, .hash(password: password)))
        case .login(let name, _, _):
            advance(index, to: .findUser)
            outbox.append(.transact(id, .findUser(name: name)))
        case .registerNode(let stream, let key, let name, let address, _):
            advance(index, to: .addNode)
            outbox.append(.transact(id, .addNode(stream, key: key, name: name, address)))
        case .refresh(let credential, _, _): refresh(index, id, credential, into: &outbox)
        case .logout(let session):
            advance(index, to: .endSession)
            outbox.append(.cache(id, .takeSession(session)))
        case .createKey(let label, let scopes, let digest):
            actSignedIn(index, id, into: &outbox) {
                .addKey($0, label: label, scopes, digest)
            }
        case .keys: actAsUser(index, id, .read, into: &outbox) { .keys($0) }
        case .revokeKey(let key):
            actSignedIn(index, id, into: &outbox) { .revokeKey(key, by: $0) }
        case .feedback(let text):
            advance(index, to: .act)
            outbox.append(.transact(id, .addFeedback(requests[index]?.user, text)))
        }
    }

    /// Keys are made and revoked by whoever signed in, never by a key.
    private mutating func actSignedIn(
        _ index: Int, _ id: CallID, into outbox: inout Outbox,
        _ transaction: (UserID) -> Transaction
    ) {
        switch requests[index]?.caller.credential {
        case .streamer?: actAsUser(index, id, .all, into: &outbox, transaction)
        case .key?, .node?: finish(index, .refused(.notYours), into: &outbox)
        case Credential.none?, nil: finish(index, .refused(.notSignedIn), into: &outbox)
        }
    }

    // MARK: Signing up

    mutating func hashed(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .worked(.hashed(let hash)) = answer,
            case .account(.registerStreamer(let name, _, _))? = requests[index]?.call
        else { return finish(index, .unavailable, into: &outbox) }
        advance(index, to: .addUser)
        outbox.append(.transact(id, .addUser(name: name, hash)))
    }

    mutating func addedUser(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .account(.registerStreamer(_, _, let session))? = requests[index]?.call
        else { return }
        switch answer {
        case .stored(.user(let user)):
            let holder = Grant.Holder.streamer(user.user, name: user.name)
            grant(index, id, Grant(holder, session: session, isNew: true), into: &outbox)
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    mutating func addedNode(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .account(.registerNode(_, _, _, _, let session))? = requests[index]?.call
        else { return }
        switch answer {
        case .stored(.nodes(let rows)):
            guard let row = rows.first else { return finish(index, .unavailable, into: &outbox) }
            let isNew = row.heartbeatAt == Tables.never
            grant(
                index, id,
                Grant(.node(row.node, row.stream), session: session, isNew: isNew),
                into: &outbox)
        case .stored(.refused(let why)): finish(index, .refused(why), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    // MARK: Signing in

    /// Who does not exist is verified all the same, so that it takes as long.
    mutating func foundUser(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .account(.login(_, let password, let session))? = requests[index]?.call
        else { return }
        advance(index, to: .verify)
        switch answer {
        case .stored(.user(let user)):
            let holder = Grant.Holder.streamer(user.user, name: user.name)
            requests[index]?.grant = Grant(holder, session: session, isNew: false)
            outbox.append(.work(id, .verify(password: password, user.password)))
        case .stored(.refused): outbox.append(.work(id, .verify(password: password, .nobody)))
        case .stored, .reply, .cached, .worked, .failed:
            finish(index, .unavailable, into: &outbox)
        }
    }

    mutating func verified(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .worked(.verified(let isRight)) = answer else {
            return finish(index, .unavailable, into: &outbox)
        }
        guard isRight, let grant = requests[index]?.grant else {
            return finish(index, .refused(.notSignedIn), into: &outbox)
        }
        self.grant(index, id, grant, into: &outbox)
    }

    // MARK: Sessions

    private mutating func refresh(
        _ index: Int, _ id: CallID, _ credential: Credential, into outbox: inout Outbox
    ) {
        switch credential {
        case .streamer(let user):
            advance(index, to: .findHolder)
            outbox.append(.transact(id, .streamerFigures(user)))
        case .node(let node):
            advance(index, to: .findHolder)
            outbox.append(.transact(id, .nodeFigures(node)))
        case .none, .key: finish(index, .refused(.notSignedIn), into: &outbox)
        }
    }

    /// The session is taken only now: a store that is away costs nobody a session.
    mutating func foundHolder(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        guard case .account(.refresh(_, let session, let fresh))? = requests[index]?.call
        else { return }
        let holder: Grant.Holder
        switch answer {
        case .stored(.streamer(let figures)):
            holder = .streamer(figures.user, name: figures.name)
        case .stored(.node(let figures)): holder = .node(figures.row.node, figures.row.stream)
        case .stored(.refused): return finish(index, .refused(.notSignedIn), into: &outbox)
        case .stored, .reply, .cached, .worked, .failed:
            return finish(index, .unavailable, into: &outbox)
        }
        requests[index]?.grant = Grant(holder, session: fresh, isNew: false)
        advance(index, to: .takeSession)
        outbox.append(.cache(id, .takeSession(session)))
    }

    /// Without the cache the signed token alone counts, and is not used up.
    mutating func tookSession(
        _ index: Int, _ id: CallID, _ answer: Answer, into outbox: inout Outbox
    ) {
        noteCache(answer, into: &outbox)
        guard case .account(.refresh(let credential, _, _))? = requests[index]?.call,
            let grant = requests[index]?.grant
        else { return }
        if case .cached(let cached) = answer, cached != .session(credential) {
            return finish(index, .refused(.notSignedIn), into: &outbox)
        }
        self.grant(index, id, grant, into: &outbox)
    }

    private mutating func grant(
        _ index: Int, _ id: CallID, _ grant: Grant, into outbox: inout Outbox
    ) {
        requests[index]?.grant = grant
        advance(index, to: .putSession)
        outbox.append(
            .cache(
                id,
                .putSession(
                    grant.session, grant.holder.credential, lifetime: Grant.sessionLifetime)))
    }

    mutating func keptSession(_ index: Int, _ answer: Answer, into outbox: inout Outbox) {
        noteCache(answer, into: &outbox)
        guard let grant = requests[index]?.grant else { return }
        finish(index, .granted(grant), into: &outbox)
    }

    /// A session that could not be ended is not said to be.
    mutating func endedSession(_ index: Int, _ answer: Answer, into outbox: inout Outbox) {
        noteCache(answer, into: &outbox)
        finish(index, answer.isCached ? .ok : .unavailable, into: &outbox)
    }
}

extension Grant.Holder {
    fileprivate var credential: Credential {
        switch self {
        case .streamer(let user, _): .streamer(user)
        case .node(let node, _): .node(node)
        }
    }
}
