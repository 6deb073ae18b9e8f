import Base

extension FrontierRecord {
    var budgetText: String { "$" + Money.short(budget.text(decimals: 2)) }

    /// The answer in one sentence, the same in the terminal and at the top of the page.
    var headline: String {
        guard let best = relays.compactMap({ most(relay: $0) }).max(by: isLess) else {
            return "For \(budgetText) a month you get none of what was asked about."
        }
        return "For \(budgetText) a month you get \(words(best.habit)), up around the clock, "
            + "\(Self.condition(best.habit.relay))."
    }

    private func isLess(_ a: FrontierEntry, _ b: FrontierEntry) -> Bool {
        (a.habit.amount, b.total) < (b.habit.amount, a.total)
    }

    private func words(_ habit: FrontierHabit) -> String {
        let who = habit.friends == 1 ? "1 friend" : "\(habit.friends) friends at once"
        return "\(who) for \(habit.hours) h every evening at "
            + "\(Numbers.grouped(Int64(habit.rate))) kbit/s"
    }

    static func condition(_ relay: Int) -> String {
        switch relay {
        case 0: "with every viewer on the server"
        case 100: "with every viewer on the friends’ own nodes"
        case _: "with \(relay) % of the viewers on the friends’ own nodes"
        }
    }

    /// The most for each relay share, and what was wanted.
    var answers: [String] {
        var lines: [String] = []
        for relay in relays {
            let start = Self.condition(relay)
            guard let entry = most(relay: relay) else {
                lines.append("\(start): nothing fits")
                continue
            }
            lines.append(
                "\(start): \(words(entry.habit)) – \(entry.dollars), \(entry.place.text)")
        }
        return lines + wantedAnswer
    }

    private var wantedAnswer: [String] {
        let parts = relays.compactMap { relay -> String? in
            var habit = wanted
            habit.relay = relay
            return best(habit).map { "\($0.dollars) \(Self.condition(relay))" }
        }
        guard !parts.isEmpty else { return [] }
        return [
            "what the scenario asks for, \(wanted.text): " + parts.joined(separator: "; ")
        ]
    }

    // MARK: For a terminal

    public var text: String {
        var lines = [TextSummary.wrapped(headline, indent: 0), ""]
        lines += answers.map { "  " + TextSummary.wrapped($0, indent: 4).dropFirst(4) }
        lines += ["", "The border: most hours every evening that fit, and what they cost", ""]
        lines += border.lines().map { "  " + $0 }
        let (table, left) = habits
        lines += ["", "The cheapest deployment at which everything holds", ""]
        lines += table.lines().map { "  " + $0 }
        if left > 0 { lines.append("  and \(left) more in the report") }
        lines += [""] + chosen.map { "  \(letter($0))  \($0.text)" }
        if let example = entries.first(where: fits) ?? entries.first {
            lines += ["", "Each point can be made again, such as", ""]
            lines.append("  \(pointCommand)\(example.point)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var border: TextTable {
        var table = TextTable(
            heads: ["kbit/s", "relayed"] + friends.map { $0 == 1 ? "1 friend" : "\($0) friends" },
            right: [true, true] + friends.map { _ in true })
        for rate in rates {
            for relay in relays {
                let cells = friends.map { count in
                    longest(friends: count, rate: rate, relay: relay)
                        .map { "\($0.habit.hours) h \($0.dollars)" } ?? "–"
                }
                table.rows.append([Numbers.grouped(Int64(rate)), "\(relay) %"] + cells)
            }
        }
        return table
    }

    /// Enough for a screen or two.
    private static let habitsMax = 60

    /// Those that have no room are counted.
    private var habits: (table: TextTable, left: Int) {
        var table = TextTable(
            heads: ["friends", "hours", "kbit/s"] + relays.map { "\($0) % relayed" },
            right: [true, true, true] + relays.map { _ in true })
        for count in friends {
            for hour in hours {
                for rate in rates {
                    let cells = relays.map { relay in
                        best(FrontierHabit(friends: count, hours: hour, rate: rate, relay: relay))
                            .map { "\($0.dollars) \(letter($0.place))" } ?? "none holds"
                    }
                    table.rows.append(
                        ["\(count)", "\(hour)", Numbers.grouped(Int64(rate))] + cells)
                }
            }
        }
        let left = max(0, table.rows.count - Self.habitsMax)
        table.rows.removeLast(left)
        return (table, left)
    }

    // MARK: For a spreadsheet

    public var csv: String {
        var text =
            "friends,hours,rate_kbits,relay_percent,deployment,machine,cache,region,total_730h,"
            + "fits,failed,not_ruled_on,fingerprint,command\n"
        let command = pointCommand.replacing("\"", with: "\"\"")
        for entry in entries {
            let (habit, place) = (entry.habit, entry.place)
            text +=
                "\(habit.friends),\(habit.hours),\(habit.rate),\(habit.relay),"
                + "\(place.deployment),\(place.machine),\(place.cache ?? "container"),"
                + "\(place.region),"
                + "\(entry.total.text(decimals: 2)),\(fits(entry)),"
                + "\(entry.failed.joined(separator: " ")),\(entry.open.joined(separator: " ")),"
                + "\(entry.fingerprint),\"\(command)\(entry.point)\"\n"
        }
        return text
    }
}
