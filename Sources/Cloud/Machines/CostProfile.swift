import Base

/// What a piece of software costs the machine it runs on.
///
/// CPU time per message, byte, connection and call, and memory per thing held, each as a
/// range: `low` and `high` are two whole sets, and a run states its verdict at both. `machine` says
/// where the figures were taken. On a machine given by hand a profile is used as it stands; for an
/// AWS type it is scaled first.
public struct CostProfile: Sendable, Hashable {
    public enum End: Sendable, Hashable, CaseIterable { case low, high }

    public let name: String
    /// The machine the figures belong to.
    public let machine: String
    public let source: String
    /// True when nothing was measured: a considered guess with a wide range.
    public let isAssumption: Bool
    public let low: Costs
    public let high: Costs

    public init(
        name: String, machine: String, source: String, isAssumption: Bool, low: Costs, high: Costs
    ) {
        check(low.isAtMost(high), "the low end of \(name) is above the high end")
        self.name = name
        self.machine = machine
        self.source = source
        self.isAssumption = isAssumption
        self.low = low
        self.high = high
    }

    public func at(_ end: End) -> Costs {
        switch end {
        case .low: low
        case .high: high
        }
    }

    /// The same software on a slower machine: CPU figures times tenths / 10, memory as it is.
    public func scaled(lowTenths: Int64, highTenths: Int64, to machine: String) -> CostProfile {
        check(lowTenths > 0 && lowTenths <= highTenths, "a scale upside down")
        return CostProfile(
            name: name, machine: machine, source: "\(source); scaled from \(self.machine)",
            isAssumption: isAssumption, low: low.scaled(tenths: lowTenths),
            high: high.scaled(tenths: highTenths))
    }

    /// From the Zen 5 core of the shipped measurements to a t3 vCPU, in tenths.
    ///
    /// SRS's published run, 4,000 players of 600 kb/s on 94 % of a 2.5 GHz Skylake core, is 235 µs
    /// of CPU a player-second, and the fit on Zen 5 gives 27-39 µs: a factor of 6 to 9.
    /// nginx-rtmp's, 2,400 players on 92 %, is 383 µs against 121: a factor of 3.2. Software
    /// versions differ and a t3 vCPU is one hyperthread of such a core, so neither end can be
    /// ruled out for either.
    /// Sources: ossrs/srs, published performance runs; for Zen 5, the shipped profiles.
    public static let t3LowTenths: Int64 = 32
    public static let t3HighTenths: Int64 = 90

    /// This profile for a t3 vCPU; one that is stated for it already comes back unchanged.
    public var onT3: CostProfile {
        guard machine != CostProfile.t3Machine else { return self }
        return scaled(
            lowTenths: CostProfile.t3LowTenths, highTenths: CostProfile.t3HighTenths,
            to: CostProfile.t3Machine)
    }

    public static let t3Machine = "t3 vCPU (one hyperthread, Xeon Platinum 8259CL at 2.5 GHz)"
}

/// One concrete set of costs: what a program pays on one kind of CPU.
public struct Costs: Sendable, Hashable {
    /// CPU picoseconds for each message sent to each player.
    public var perMessage: Int64 = 0
    /// CPU picoseconds for each byte received; parsing included.
    public var perByteIn: Int64 = 0
    /// CPU picoseconds for each byte sent, beside the message it belongs to.
    public var perByteOut: Int64 = 0
    /// CPU nanoseconds for each connection accepted, handshake included.
    public var perConnection: Int64 = 0
    /// CPU nanoseconds for each call, transaction or command served.
    public var perCall: Int64 = 0
    /// CPU nanoseconds for each password hashed or compared.
    public var perPassword: Int64 = 0
    /// CPU nanoseconds for each token verified: one with each call of who signed in.
    public var perSignature: Int64 = 0
    /// CPU nanoseconds a second with nothing to do.
    public var idle: Int64 = 0
    /// Bytes held by the idle process.
    public var memoryIdle: Int64 = 0
    /// Bytes for each connection, and for each player or publisher instead of that.
    public var memoryPerConnection: Int64 = 0
    public var memoryPerPlayer: Int64 = 0
    public var memoryPerPublisher: Int64 = 0

    public init() {}

    /// CPU time of sending `messages` of `bytes` in all to players; a few integer operations.
    @inlinable public func sending(messages: Int64, bytes: Int64) -> Interval {
        Interval(nanoseconds: (messages * perMessage + bytes * perByteOut) / 1_000)
    }

    /// CPU time of receiving `bytes`.
    @inlinable public func receiving(bytes: Int64) -> Interval {
        Interval(nanoseconds: bytes * perByteIn / 1_000)
    }

    /// Resident bytes of what knows connections only.
    public func memory(connections: Int) -> Int64 {
        memory(connections: Int64(connections), players: 0, publishers: 0)
    }

    /// Resident bytes with this many of each.
    public func memory(connections: Int64, players: Int64, publishers: Int64) -> Int64 {
        memoryIdle + connections * memoryPerConnection + players * memoryPerPlayer
            + publishers * memoryPerPublisher
    }

    func scaled(tenths: Int64) -> Costs {
        var costs = self
        for field in Costs.timeFields {
            costs[keyPath: field] = multiplyDivideUp(self[keyPath: field], tenths, 10)
        }
        return costs
    }

    func isAtMost(_ other: Costs) -> Bool {
        (Costs.timeFields + Costs.memoryFields).allSatisfy {
            self[keyPath: $0] >= 0 && self[keyPath: $0] <= other[keyPath: $0]
        }
    }

    private static var timeFields: [WritableKeyPath<Costs, Int64>] {
        [
            \.perMessage, \.perByteIn, \.perByteOut, \.perConnection, \.perCall, \.perPassword,
            \.perSignature, \.idle,
        ]
    }

    private static var memoryFields: [WritableKeyPath<Costs, Int64>] {
        [\.memoryIdle, \.memoryPerConnection, \.memoryPerPlayer, \.memoryPerPublisher]
    }
}
