import Base
import Testing

@testable import Platform

/// Who may do what, how often, and how one signs in.
@Suite struct AccessTests {
    let ann = UserID(0)
    let bob = UserID(1)

    /// Ann has a stream (0, key 7) with a node (0); Bob has an account.
    func platform(_ configuration: Coordinator.Configuration = .init()) -> PlatformHarness {
        var platform = PlatformHarness(configuration)
        _ = platform.signUp("ann")
        _ = platform.signUp("bob")
        _ = platform.addStream()
        _ = platform.addNode("attic", stream: StreamID(0))
        return platform
    }

    var changes: [Call] {
        [
            .stream(.move(StreamID(0), to: .testing)),
            .stream(.replaceKey(StreamID(0), freshKey: 9)),
            .stream(.authorize(StreamID(0), NodeID(0), allowed: true)),
            .stream(.move(StreamID(0), to: .offline)), .stream(.remove(StreamID(0))),
        ]
    }

    @Test("only the owner changes a stream")
    func owner() {
        var platform = platform()
        for call in changes {
            #expect(platform.call(call) == .refused(.notSignedIn))
            #expect(platform.transactions.isEmpty)
            #expect(platform.call(call, as: .streamer(bob)) == .refused(.notYours))
            #expect(platform.call(call, as: .node(NodeID(0))) == .refused(.notYours))
        }
        for call in changes {
            switch platform.call(call, as: .streamer(ann)) {
            case .ok?, .stream?: break
            case let reply: Issue.record("\(call): \(String(describing: reply))")
            }
        }
        #expect(
            platform.observations == [
                .streamChanged(StreamID(0), from: .offline, to: .archived)
            ])
    }

    @Test("a key opens what its scopes say, until it is revoked, and makes no keys")
    func keys() {
        var platform = platform()
        let digest = SecretDigest(words: [1, 2, 3, 4])
        let key = Credential.key(digest)
        let create = Call.account(.createKey(label: "bot", .streams, digest))
        #expect(platform.call(create) == .refused(.notSignedIn))
        guard case .key(let row)? = platform.call(create, as: .streamer(ann)) else {
            Issue.record("no key")
            return
        }
        #expect(row.user == ann && row.scopes == .streams)
        let move = Call.stream(.move(StreamID(0), to: .testing))
        #expect(platform.call(move, as: key) == .ok)
        let others: [Call] = [
            .stream(.authorize(StreamID(0), NodeID(0), allowed: false)), .account(.keys),
            .account(.createKey(label: "more", .all, SecretDigest(words: [9, 9, 9, 9]))),
            .account(.revokeKey(row.key)),
        ]
        for call in others { #expect(platform.call(call, as: key) == .refused(.notYours)) }
        let revoke = Call.account(.revokeKey(row.key))
        #expect(platform.call(revoke, as: .streamer(bob)) == .refused(.notYours))
        #expect(platform.call(revoke, as: .streamer(ann)) == .ok)
        #expect(platform.call(move, as: key) == .refused(.notSignedIn))
    }

    @Test("a stream's key is shown to its owner only")
    func streamKeys() {
        var platform = platform()
        func shown(_ call: Call, _ credential: Credential) -> [UInt64]? {
            switch platform.call(call, as: credential) {
            case .streams(let rows)?: rows.map(\.key)
            case .streamer(let figures)?: figures.streams.map(\.key)
            case .overview(let overview)?: overview.streams.map(\.key)
            case _: nil
            }
        }
        for call: Call in [.stream(.list(nil)), .figures(.streamer(ann))] {
            #expect(shown(call, .none) == [0])
            #expect(shown(call, .streamer(bob)) == [0])
            #expect(shown(call, .streamer(ann)) == [7])
        }
        #expect(shown(.overview, .streamer(ann)) == [0], "the overview is for everybody")
    }

    // MARK: Signing in

    @Test("a name is taken once; a wrong password and a wrong name look the same")
    func signIn() {
        var platform = platform()
        #expect(platform.signUp("ann") == nil)
        func login(_ name: String, _ password: String) -> Reply? {
            platform.call(
                .account(.login(name: name, password: password, fresh: SessionID(77))),
                from: .local)
        }
        #expect(
            login("ann", "correct horse")
                == .granted(
                    Grant(.streamer(ann, name: "ann"), session: SessionID(77), isNew: false)))
        #expect(login("ann", "wrong horse") == .refused(.notSignedIn))
        #expect(login("eve", "correct horse") == .refused(.notSignedIn))
        #expect(
            platform.work == [.verify(password: "correct horse", .nobody)],
            "who does not exist is told sooner")
    }

    @Test("a node registers by the stream's key, and is new until it beats")
    func node() {
        var platform = platform()
        #expect(platform.addNode("cellar", stream: StreamID(0), key: 8) == nil)
        let first = platform.addNode("cellar", stream: StreamID(0))
        #expect(first?.holder == .node(NodeID(1), StreamID(0)) && first?.isNew == true)
        let beat = Heartbeat(
            node: NodeID(1), stream: StreamID(0), capacity: nil, viewers: nil, statsURL: "")
        _ = platform.call(.heartbeat(beat), as: .node(NodeID(1)))
        let again = platform.addNode("cellar", stream: StreamID(0))
        #expect(again?.holder == first?.holder && again?.isNew == false)
    }

    @Test("a session is used once, then replaced; another's is worth nothing")
    func sessions() throws {
        var platform = platform()
        let signedUp = platform.signUp("cat")
        let grant = try #require(signedUp)
        let cat = Credential.streamer(UserID(2))
        func refresh(_ credential: Credential, _ session: SessionID, _ fresh: UInt64) -> Reply? {
            platform.call(
                .account(.refresh(credential, session: session, fresh: SessionID(fresh))))
        }
        func granted(_ session: UInt64) -> Reply {
            .granted(
                Grant(
                    .streamer(UserID(2), name: "cat"), session: SessionID(session), isNew: false))
        }
        #expect(refresh(cat, grant.session, 1_001) == granted(1_001))
        #expect(refresh(cat, grant.session, 1_002) == .refused(.notSignedIn), "used twice")
        #expect(refresh(.streamer(ann), SessionID(1_001), 1_003) == .refused(.notSignedIn))
        #expect(refresh(.none, SessionID(1_001), 1_003) == .refused(.notSignedIn))
        #expect(refresh(.streamer(UserID(9)), SessionID(1_001), 1_003) == .refused(.notSignedIn))
    }

    @Test("sessions end: by signing out, after thirty days, with the cache")
    func sessionsEnd() throws {
        var platform = platform()
        func refresh(_ session: SessionID, _ fresh: UInt64) -> Bool {
            let reply = platform.call(
                .account(
                    .refresh(
                        .streamer(UserID(2)), session: session, fresh: SessionID(fresh))))
            if case .granted? = reply { return true }
            return false
        }
        let signedUp = platform.signUp("cat")
        var session = try #require(signedUp).session
        #expect(platform.call(.account(.logout(session: session))) == .ok)
        #expect(!refresh(session, 1))
        session = SessionID(2)
        _ = platform.call(
            .account(.login(name: "cat", password: "correct horse", fresh: session)))
        platform.now += .days(30)
        #expect(!refresh(session, 3))
        _ = platform.call(
            .account(.login(name: "cat", password: "correct horse", fresh: session)))
        platform.cacheIsUp = false
        #expect(refresh(session, 4), "without the cache the signed token counts")
        #expect(platform.call(.account(.logout(session: session))) == .unavailable)
        platform.cacheIsUp = true
        #expect(refresh(session, 5), "the cache still knows the old one")
        platform.cache.flush()
        #expect(!refresh(SessionID(5), 6))
    }

    @Test("a store that is away costs nobody a session")
    func storeAway() throws {
        var platform = platform()
        let signedUp = platform.signUp("cat")
        let session = try #require(signedUp).session
        let refresh = Call.account(
            .refresh(.streamer(UserID(2)), session: session, fresh: SessionID(1)))
        platform.storeIsUp = false
        #expect(platform.call(refresh) == .unavailable)
        platform.storeIsUp = true
        #expect(platform.call(refresh) != .refused(.notSignedIn))
    }

    // MARK: Limits

    @Test(
        "calls of one address are counted by the minute",
        arguments: [
            (Call.account(.login(name: "x", password: "y", fresh: SessionID(1))), 10),
            (.account(.feedback("nice")), 60), (.watch(StreamID(0), viewer: 1), 120),
            (.overview, 120),
        ])
    func limits(_ call: Call, _ most: Int) {
        var platform = platform()
        let here = ClientAddress(high: 0x2001_0DB8_0000_0000, low: 1)
        let beside = ClientAddress(high: 0x2001_0DB8_0000_0000, low: 0xFFFF)
        let elsewhere = ClientAddress(high: 0x2001_0DB8_0000_0001, low: 1)
        for _ in 0..<most { #expect(platform.call(call, from: here) != .refused(.tooOften)) }
        #expect(platform.call(call, from: here) == .refused(.tooOften))
        #expect(platform.call(call, from: beside) == .refused(.tooOften), "the same /64")
        #expect(platform.transactions.isEmpty && platform.work.isEmpty)
        #expect(platform.call(call, from: elsewhere) != .refused(.tooOften))
        platform.now += .minutes(1)
        #expect(platform.call(call, from: here) != .refused(.tooOften))
        platform.cacheIsUp = false
        for _ in 0...most { #expect(platform.call(call, from: here) != .refused(.tooOften)) }
    }

    @Test("what a node, the RTMP server and this machine say is not counted")
    func uncounted() {
        var platform = platform()
        let beat = Heartbeat(
            node: NodeID(0), stream: StreamID(0), capacity: nil, viewers: nil, statsURL: "")
        for _ in 0..<300 {
            platform.now += .seconds(1)
            #expect(platform.call(.heartbeat(beat), as: .node(NodeID(0))) == .ok)
            #expect(platform.call(.onPlay(StreamID(0)), from: .local) == .ok)
            #expect(platform.call(.overview, from: .local) != .refused(.tooOften))
        }
    }

    @Test("a page is one statement")
    func statements() {
        var platform = platform()
        for _ in 0..<30 { _ = platform.addStream() }
        let pages: [Call] = [
            .overview, .stream(.list(nil)), .stream(.peers(StreamID(0))), .account(.keys),
            .figures(.leaderboard), .figures(.payouts(hoursBack: 24)), .figures(.economics),
            .figures(.node(NodeID(0))), .figures(.streamer(ann)),
            .figures(.watchPage(StreamID(0))),
        ]
        let beat = Heartbeat(
            node: NodeID(0), stream: StreamID(0), capacity: nil, viewers: nil, statsURL: "")
        _ = platform.call(.heartbeat(beat), as: .node(NodeID(0)))
        for page in pages {
            platform.now += .minutes(1)
            _ = platform.call(.heartbeat(beat), as: .node(NodeID(0)))
            let reply = platform.call(page, as: .streamer(ann))
            #expect(platform.transactions.count == 1, "\(page): \(platform.transactions)")
            #expect(reply != nil && reply != .unavailable)
        }
    }
}
