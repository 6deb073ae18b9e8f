import Base
import Platform
import Testing

/// Reports, verification, trust, pay and retention.
@Suite struct LedgerTests {
    @Test("a report that could not be is refused, and one that is sent again counts once")
    func reports() {
        var store = Store()
        #expect(store.report(1_000) == .done)
        #expect(store.report(1_000) == .refused(.badInterval), "the same minute again")
        #expect(store.report(-1, after: .minutes(1)) == .refused(.badInterval))
        #expect(store.report(0, minutes: 0) == .refused(.badInterval))
        #expect(store.report(0, minutes: -1) == .refused(.badInterval))
        #expect(store.report(75_000_000_001) == .refused(.badInterval), "above 10 Gbit/s")
        #expect(store.report(75_000_000_000) == .done)
        #expect(store.report(1, minutes: 1_441, after: .days(3)) == .refused(.badInterval))
        #expect(store.report(1, minutes: 1_440) == .done)
        #expect(store.report(1, node: NodeID(4)) == .refused(.noNode))
        #expect(store.figures()?.bytesReported == 75_000_001_001)
    }

    @Test(
        "a report is verified by a passed check within its interval, five minutes more or less",
        arguments: [
            (-301, true, false), (-300, true, true), (359, true, true), (361, true, false),
            (30, false, false),
        ])
    func verification(_ second: Int64, _ passed: Bool, _ verified: Bool) {
        // A report of one minute; the check at this second of it.
        var store = Store()
        store.now += .hours(1)
        let from = store.now
        let check = Transaction.recordSpotCheck(Store.node, passed: passed)
        let report = Transaction.appendLedger(
            BandwidthReport(
                node: Store.node, stream: Store.stream, bytes: 5, from: from,
                until: from + .minutes(1), sourceBitrate: Rate.megabits(4)))
        store.now = from + .seconds(min(second, 60))
        if second <= 60 { store.run(check) }
        store.now = from + .minutes(1)
        #expect(store.run(report) == .done)
        store.run(.verifyReports)
        if second > 60 {
            store.now = from + .seconds(second)
            store.run(check)
        }
        store.run(.verifyReports)
        #expect(store.figures()?.bytesVerified == (verified ? 5 : 0))
    }

    @Test("a report that nobody checked expires, and a later check does not revive it")
    func expiry() {
        var store = Store()
        _ = store.report(5)
        store.run(.verifyReports, after: .seconds(301))
        store.now = store.now - .seconds(100)
        store.run(.recordSpotCheck(Store.node, passed: true))
        store.run(.verifyReports, after: .seconds(100))
        #expect(store.figures()?.bytesVerified == 0)
    }

    @Test("an hour pays five cents a gigabyte less 7.5 %, once, and only when it is over")
    func pay() {
        var store = Store()
        store.earn(2_000_000_000)
        let hour = store.hour
        #expect(store.run(.payHour(hour)) == .paid(nanodollars: 0), "it is not over")
        store.now += .hours(1)
        #expect(store.run(.payHour(hour)) == .paid(nanodollars: 92_500_000))
        #expect(store.run(.payHour(hour)) == .paid(nanodollars: 0), "paid twice")
        #expect(store.run(.payHour(hour - 1)) == .paid(nanodollars: 0), "hours go forward")
        let row = PayoutRow(
            hour: hour, node: Store.node, bytes: 2_000_000_000, nanodollars: 92_500_000)
        #expect(store.run(.payouts(since: hour)) == .payouts([row]))
        #expect(store.run(.payouts(since: hour + 1)) == .payouts([]))
        #expect(store.figures()?.earnedNanodollars == 92_500_000)
        #expect(store.figures()?.payouts == [row])
    }

    @Test("less than a cent is carried until it is one; what was missed is paid with the next hour")
    func carry() {
        var store = Store()
        store.earn(200_000_000)  // 0.925 of a cent
        let first = store.hour
        store.now += .hours(1)
        #expect(store.run(.payHour(first)) == .paid(nanodollars: 0))
        store.earn(100_000_000)
        store.now += .hours(3)
        #expect(store.run(.payHour(store.hour - 1)) == .paid(nanodollars: 13_875_000))
        guard case .payouts(let rows) = store.run(.payouts(since: 0)) else { return }
        #expect(rows.map(\.bytes) == [300_000_000])
    }

    @Test("trust is what passed of thirty days' checks, from the fifth on; under 0.5 pay halves")
    func trust() {
        var store = Store()
        func trust() -> Int64 { store.figures()?.row.trust.millionths ?? -1 }
        for passed in [true, false, false, true] {
            store.run(.recordSpotCheck(Store.node, passed: passed))
        }
        #expect(store.run(.updateTrust) == .changed([]))
        #expect(trust() == 750_000)
        store.run(.recordSpotCheck(Store.node, passed: false))
        store.run(.updateTrust)
        #expect(trust() == 400_000)
        store.earn(2_000_000_000)  // with a check that passed: 3 of 6, but trust is not updated
        let hour = store.hour
        store.now += .hours(1)
        #expect(store.run(.payHour(hour)) == .paid(nanodollars: 46_250_000))
        store.run(.updateTrust)
        #expect(trust() == 500_000)
        for _ in 0..<5 { store.run(.recordSpotCheck(Store.node, passed: false)) }
        #expect(store.run(.updateTrust) == .changed([Store.node]), "3 of 11")
        #expect(store.run(.updateTrust) == .changed([]), "flagged before")
        #expect(store.figures()?.row.isFlagged == true)
        store.run(.updateTrust, after: .days(31))
        #expect(trust() == 750_000, "checks of a month ago still count")
        #expect(store.figures()?.row.isFlagged == false)
    }

    @Test(
        "dividing verified reports by all flags four honest nodes, dividing checks none",
        arguments: [(Tables.TrustRule.verifiedReports, 4), (.spotChecks, 0)])
    func rules(_ rule: Tables.TrustRule, _ expected: Int) {
        var store = Store(trustRule: rule)
        for name in ["b", "c", "d"] {
            store.run(.addNode(Store.stream, key: Store.key, name: name, Store.address))
        }
        // For four hours every node reports each minute; one check in ten minutes goes round.
        for minute in 0..<Int64(240) {
            store.now += .minutes(1)
            for node in 0..<Int32(4) { _ = store.report(1_000_000, node: NodeID(node)) }
            if minute % 10 == 5 {
                let node = NodeID(Int32(minute / 10 % 4))
                store.run(.recordSpotCheck(node, passed: true), after: .seconds(30))
                store.now = store.now - .seconds(30)
            }
            if minute % 15 == 14 { store.run(.verifyReports) }
        }
        guard case .changed(let flagged) = store.run(.updateTrust) else { return }
        #expect(flagged.count == expected)
    }

    @Test("the ledger is summed up by month after ninety days; the totals stay")
    func retention() {
        var store = Store()
        store.earn(3_000_000_000)
        let before = store.figures()
        store.run(.recordProbe(Store.node, isReachable: true, viewers: 1))
        store.run(.retain, after: .days(30))
        #expect(store.figures()?.checks == 1 && store.figures()?.probes.count == 1)
        store.run(.retain, after: .days(1))
        #expect(store.figures()?.checks == 0, "a check of 31 days ago")
        store.run(.retain, after: .days(30))
        #expect(store.figures()?.probes.isEmpty == true, "a probe of 61 days ago")
        store.run(.retain, after: .days(29))
        guard case .economics(let kept) = store.run(.economics) else { return }
        #expect(kept.months.isEmpty, "90 days are kept")
        store.run(.retain, after: .days(1))
        guard case .economics(let figures) = store.run(.economics) else { return }
        // 2026-11-30
        let month = MonthRow(
            month: 2_026 * 12 + 10, bytesReported: 3_000_000_000, bytesVerified: 3_000_000_000)
        #expect(figures.months == [month])
        #expect(figures.bytesVerified == before?.bytesVerified)
        let late = store.run(.payHour(store.hour - 1))
        #expect(late == .paid(nanodollars: 0), "what nobody paid in ninety days has lapsed")
    }

    @Test("figures of a page: totals, order and bounds")
    func pages() {
        var store = Store()
        for name in ["b", "c"] {
            store.run(.addNode(Store.stream, key: Store.key, name: name, Store.address))
        }
        _ = store.beat(viewers: 4)
        _ = store.beat(NodeID(2), viewers: 3)
        for (node, bytes) in [(0, 1_000_000_000), (2, 4_000_000_000)] as [(Int32, Int64)] {
            store.earn(bytes, node: NodeID(node))
        }
        let hour = store.hour
        store.run(.payHour(hour), after: .hours(1))
        store.run(.openStream(Store.stream, key: Store.key))
        guard case .overview(let overview) = store.run(.overview),
            case .leaderboard(let leaders) = store.run(.leaderboard),
            case .economics(let economics) = store.run(.economics),
            case .payouts(let payouts) = store.run(.payouts(since: hour))
        else {
            Issue.record("a page is missing")
            return
        }
        #expect(overview.streamsLive == 1 && overview.nodesActive == 2 && overview.viewers == 7)
        #expect(overview.bytesVerified == 5_000_000_000)
        #expect(overview.streams.map(\.key) == [0], "the key is shown to everybody")
        #expect(leaders.map(\.node) == [NodeID(2), NodeID(0)])
        #expect(economics.nodesPaid == 2 && economics.paidNanodollars == 231_250_000)
        #expect(payouts.map(\.node) == [NodeID(0), NodeID(2)])
        for _ in 0..<150 { store.run(.addStream(owner: Store.user, title: "t", key: 1)) }
        guard case .streamer(let figures) = store.run(.streamerFigures(Store.user)),
            case .overview(let full) = store.run(.overview)
        else { return }
        #expect(figures.streams.count == 100 && figures.nodes.count == 3)
        #expect(full.streams.count == 100)
        #expect(store.run(.streamerFigures(UserID(5))) == .refused(.noUser))
    }
}
