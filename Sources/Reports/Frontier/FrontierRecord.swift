import Base

/// What a sweep found: a pure function of its points, whenever and in whatever order they were run.
///
/// The frontier is asked for habits: of each, the cheapest place at which everything holds.
public struct FrontierRecord: Sendable {
    public var scenario: String
    /// Dollars a month.
    public var budget: Fixed
    /// Simulated for each point.
    public var days: Int64
    /// What the scenario itself asks for; its relay share is not looked at.
    public var wanted: FrontierHabit
    public var entries: [FrontierEntry]
    /// The command of the sweep.
    public var command: String
    /// A point's text after it makes that point again.
    public var pointCommand: String

    /// Each once, ascending.
    let friends, hours, rates, relays: [Int]
    /// Those that are the cheapest for some habit, in the order of the entries.
    let chosen: [FrontierPlace]
    private let cheapest: [FrontierHabit: FrontierEntry]

    public init(
        scenario: String, budget: Fixed, days: Int64, wanted: FrontierHabit,
        entries: [FrontierEntry], command: String, pointCommand: String
    ) {
        self.scenario = scenario
        self.budget = budget
        self.days = days
        self.wanted = wanted
        self.entries = entries
        self.command = command
        self.pointCommand = pointCommand
        friends = Self.distinct(entries.map(\.habit.friends))
        hours = Self.distinct(entries.map(\.habit.hours))
        rates = Self.distinct(entries.map(\.habit.rate))
        relays = Self.distinct(entries.map(\.habit.relay))
        var cheapest: [FrontierHabit: FrontierEntry] = [:]
        for entry in entries where entry.holds {
            // Of equals the first stays.
            if let best = cheapest[entry.habit], best.total <= entry.total { continue }
            cheapest[entry.habit] = entry
        }
        self.cheapest = cheapest
        chosen = entries.filter { cheapest[$0.habit]?.place == $0.place }.map(\.place)
            .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func distinct(_ values: [Int]) -> [Int] {
        values.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    public func fits(_ entry: FrontierEntry) -> Bool { entry.holds && entry.total <= budget }

    /// The cheapest point of this habit at which everything holds; nil where none does.
    func best(_ habit: FrontierHabit) -> FrontierEntry? { cheapest[habit] }

    /// Of all relay shares; nil where none holds.
    func best(friends: Int, hours: Int, rate: Int) -> FrontierEntry? {
        relays.compactMap {
            best(FrontierHabit(friends: friends, hours: hours, rate: rate, relay: $0))
        }.min { $0.total < $1.total }
    }

    /// The border: the most hours that fit, with what they cost; nil where not even the least do.
    func longest(friends: Int, rate: Int, relay: Int) -> FrontierEntry? {
        hours.compactMap {
            best(FrontierHabit(friends: friends, hours: $0, rate: rate, relay: relay))
        }.last { fits($0) }
    }

    /// Of what fits at this relay share, the most that can be streamed; of equals the cheapest.
    func most(relay: Int) -> FrontierEntry? {
        var best: FrontierEntry?
        for entry in entries where entry.habit.relay == relay && fits(entry) {
            if let best, (best.habit.amount, entry.total) >= (entry.habit.amount, best.total) {
                continue
            }
            best = entry
        }
        return best
    }

    /// `A` … `Z`, `AA` …: stands for a chosen place in tables and pictures.
    func letter(_ place: FrontierPlace) -> String {
        guard let index = chosen.firstIndex(of: place) else { return "" }
        let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map { String(UnicodeScalar($0)) }
        return String(repeating: letters[index % letters.count], count: index / letters.count + 1)
    }
}
