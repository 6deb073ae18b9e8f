/// What people do: the coordinates of a sweep that are theirs to choose.
public struct FrontierHabit: Sendable, Hashable {
    /// Who stream at the same time.
    public var friends: Int
    /// On every evening.
    public var hours: Int
    /// Of video, in kbit/s.
    public var rate: Int
    /// The part of the viewers that is sent to the friends' own nodes, in percent.
    public var relay: Int

    public init(friends: Int, hours: Int, rate: Int, relay: Int) {
        self.friends = friends
        self.hours = hours
        self.rate = rate
        self.relay = relay
    }

    /// What is streamed: compares habits, whatever its unit.
    var amount: Int { friends * hours * rate }

    /// `5 friends × 4 h at 2,500 kbit/s`.
    var text: String {
        "\(friends) \(friends == 1 ? "friend" : "friends") × \(hours) h at "
            + "\(Numbers.grouped(Int64(rate))) kbit/s"
    }
}
