import Base

/// What pages show; each is one transaction.
extension Tables {
    func overview() -> StoreAnswer {
        var answer = Overview(
            streamsLive: 0, nodesActive: 0, viewers: 0, bytesVerified: 0, paidNanodollars: 0,
            streams: [], nodes: [])
        var others: [StreamRow] = []
        for index in streams.indices where streams[index].row.status != .archived {
            if streams[index].row.status == .live {
                answer.streamsLive += 1
                answer.streams.append(streams[index].row.withoutKey, max: Overview.rowsMax)
            } else {
                others.append(streams[index].row.withoutKey, max: Overview.rowsMax)
            }
        }
        answer.streams += others.prefix(Overview.rowsMax - answer.streams.count)
        for index in nodes.indices where nodes[index].row.isActive {
            answer.nodesActive += 1
            answer.viewers += Int64(nodes[index].row.viewers)
            answer.nodes.append(nodes[index].row, max: Overview.rowsMax)
        }
        for index in accounts.indices {
            answer.bytesVerified = answer.bytesVerified.addingHeld(accounts[index].bytesVerified)
            answer.paidNanodollars = answer.paidNanodollars.addingHeld(
                accounts[index].earnedNanodollars)
        }
        return .overview(answer)
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

extension Array {
    /// Leaves the array as it is once it is full.
    fileprivate mutating func append(_ element: @autoclosure () -> Element, max: Int) {
        if count < max { append(element()) }
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
