import Base

/// What pages show; each is one transaction.
extension Tables {
    func overview() -> StoreAnswer {
        let shown = streams.lazy.map(\.row).filter { $0.status != .archived }
        let live = shown.filter { $0.status == .live }
        let others = shown.filter { $0.status != .live }
        let active = nodes.lazy.map(\.row).filter(\.isActive)
        let rows = Array(live.prefix(Overview.rowsMax)) + Array(others.prefix(Overview.rowsMax))
        return .overview(
            Overview(
                streamsLive: Int32(live.count), nodesActive: Int32(active.count),
                viewers: active.reduce(0) { $0 + Int64($1.viewers) },
                bytesVerified: total(\.bytesVerified), paidNanodollars: total(\.earnedNanodollars),
                streams: rows.prefix(Overview.rowsMax).map(\.withoutKey),
                nodes: Array(active.prefix(Overview.rowsMax))))
    }

    func leaderboard() -> StoreAnswer {
        let earning = accounts.indices.filter { accounts[$0].bytesVerified > 0 }
        // Stable by identifier, which the indices are.
        let first = earning.sorted {
            (accounts[$1].bytesVerified, $0) < (accounts[$0].bytesVerified, $1)
        }
        return .leaderboard(
            first.prefix(LeaderRow.rowsMax).map { index in
                LeaderRow(
                    node: nodes[index].row.node, name: nodes[index].row.name,
                    bytesVerified: accounts[index].bytesVerified,
                    earnedNanodollars: accounts[index].earnedNanodollars,
                    trust: nodes[index].row.trust)
            })
    }

    func payouts(since hour: Int64) -> StoreAnswer {
        .payouts(newestPayouts(PayoutRow.rowsMax).filter { $0.hour >= hour })
    }

    /// By hour, newest first, then by node.
    private func newestPayouts(_ count: Int) -> [PayoutRow] {
        var rows: [PayoutRow] = []
        var end = payouts.endIndex
        while end > 0 && rows.count < count {
            let hour = payouts[end - 1].hour
            let start = payouts[..<end].lastIndex { $0.hour != hour }.map { $0 + 1 } ?? 0
            rows += payouts[start..<end].prefix(count - rows.count)
            end = start
        }
        return rows
    }

    func figures(of node: NodeID) -> StoreAnswer {
        guard let index = index(of: node) else { return .refused(.noNode) }
        let account = accounts[index]
        return .node(
            NodeFigures(
                row: nodes[index].row, bytesReported: account.bytesReported,
                bytesVerified: account.bytesVerified,
                earnedNanodollars: account.earnedNanodollars,
                checks: Int64(account.checks.count),
                checksPassed: Int64(account.checks.count { $0.passed }),
                probes: account.probes.suffix(NodeFigures.probesMax).reversed(),
                payouts: account.payouts.suffix(NodeFigures.payoutsMax).reversed()))
    }

    func economics() -> StoreAnswer {
        .economics(
            Economics(
                bytesReported: total(\.bytesReported), bytesVerified: total(\.bytesVerified),
                paidNanodollars: total(\.earnedNanodollars),
                nodesPaid: Int32(accounts.count { $0.earnedNanodollars > 0 }),
                months: months.suffix(Economics.monthsMax).reversed(),
                payouts: newestPayouts(NodeFigures.payoutsMax)))
    }

    private func total(_ figure: KeyPath<NodeAccount, Int64>) -> Int64 {
        accounts.reduce(0) { $0.addingHeld($1[keyPath: figure]) }
    }

    func figures(of user: UserID) -> StoreAnswer {
        guard users.indices.contains(Int(user.raw)) else { return .refused(.noUser) }
        let own = users[Int(user.raw)]
        let shown = own.streams.lazy.map { streams[Int($0.raw)] }
            .filter { $0.row.status != .archived }.prefix(Overview.rowsMax)
        let supporters = shown.flatMap(\.nodes).sorted { $0.raw < $1.raw }
        return .streamer(
            StreamerFigures(
                user: user, name: own.row.name, streams: shown.map(\.row),
                nodes: supporters.prefix(Overview.rowsMax).map { nodes[Int($0.raw)].row }))
    }
}

extension StreamRow {
    /// As everybody but its owner sees it.
    var withoutKey: StreamRow {
        var row = self
        row.key = 0
        return row
    }
}
