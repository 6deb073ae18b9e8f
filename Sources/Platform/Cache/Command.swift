import RESP

/// A command as it is carried out: one case for each family.
enum Command: Sendable {
    case string(StringCommand)
    case key(KeyCommand)
    case hash(HashCommand)
    case list(ListCommand)
    case set(SetCommand)
    case sortedSet(SortedSetCommand)
    case connection(ConnectionCommand)
    case transaction(TransactionCommand)
    case channel(ChannelCommand)
    case server(ServerCommand)
}

enum ConnectionCommand: Sendable {
    case ping, echo, select, authenticate, hello, quit, reset, client
}
enum TransactionCommand: Sendable { case begin, execute, discard, watch, unwatch }
enum ChannelCommand: Sendable {
    case subscribe(isPattern: Bool)
    case unsubscribe(isPattern: Bool)
    case publish, report
}
enum ServerCommand: Sendable { case info, configure, describe, memory, time, flushAll }

/// A command's name, how many words it takes, and what must hold for it.
struct CommandSpec: Sendable {
    /// What stands in the way of a command, or makes way for it.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let write = Flags(rawValue: 1)
        /// Refused while memory is full.
        static let grows = Flags(rawValue: 2)
        static let read = Flags(rawValue: 4)
        static let fast = Flags(rawValue: 8)
        /// Allowed before a client told its password.
        static let open = Flags(rawValue: 16)
        /// Carried out at once even in a transaction.
        static let immediate = Flags(rawValue: 32)
        /// Allowed while subscribed.
        static let subscribed = Flags(rawValue: 64)
    }

    /// In small letters, as messages have it.
    let name: String
    /// With the name; negative if at least as many.
    let arity: Int
    let flags: Flags
    let command: Command
    /// Where keys stand: first, last (from the end if negative) and how far apart.
    let keys: (first: Int, last: Int, step: Int)
    /// Of a command that has them, in capitals, with arities that count both names.
    let subcommands: [(name: StaticString, arity: Int)]

    init(
        _ name: String, _ arity: Int, _ flags: Flags, _ command: Command,
        _ first: Int = 0, _ last: Int = 0, _ step: Int = 0,
        subcommands: [(name: StaticString, arity: Int)] = []
    ) {
        self.name = name
        self.arity = arity
        self.flags = flags
        self.command = command
        keys = (first, last, step)
        self.subcommands = subcommands
    }

    /// Throws what is wrong with the number of words, or with the second.
    func check(_ words: Words) throws(CacheFault) {
        guard Self.allows(arity, words.count) else { throw .arity(name) }
        guard !subcommands.isEmpty, words.count > 1, !isHelp(words) else { return }
        guard let found = subcommands.first(where: { words.matches(1, $0.name) }) else {
            throw .unknownSubcommand(words)
        }
        guard Self.allows(found.arity, words.count) else {
            throw .arity(name + "|" + found.name.description.lowercased())
        }
    }

    func isHelp(_ words: Words) -> Bool {
        !subcommands.isEmpty && words.count == 2 && words.matches(1, "HELP")
    }

    private static func allows(_ arity: Int, _ count: Int) -> Bool {
        arity < 0 ? count >= -arity : count == arity
    }
}

/// Finds commands by their names, in any case.
struct CommandTable: Sendable {
    /// Twice as many places as there may be commands, a power of two.
    private static let size = 512
    private static let nameMax = 16

    let specs: [CommandSpec]
    private var places = [Int16](repeating: -1, count: size)
    private var names: [UInt128] = []

    init() {
        specs =
            CommandSpec.strings + CommandSpec.keys + CommandSpec.hashes + CommandSpec.lists
            + CommandSpec.sets + CommandSpec.sortedSets + CommandSpec.others
        for (index, spec) in specs.enumerated() {
            let packed = Self.packed([UInt8](spec.name.utf8)[...])
            names.append(packed)
            var place = Self.place(packed)
            while places[place] >= 0 { place = (place + 1) & (Self.size - 1) }
            places[place] = Int16(index)
        }
    }

    func find(_ name: Word) -> Int? {
        guard name.count <= Self.nameMax else { return nil }
        let packed = Self.packed(name)
        var place = Self.place(packed)
        while places[place] >= 0 {
            if names[Int(places[place])] == packed { return Int(places[place]) }
            place = (place + 1) & (Self.size - 1)
        }
        return nil
    }

    /// The letters of a name as one number, small letters.
    private static func packed(_ name: Word) -> UInt128 {
        var packed: UInt128 = 0
        for byte in name {
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            packed = packed << 8 | UInt128(isCapital ? byte | 0x20 : byte)
        }
        return packed
    }

    private static func place(_ packed: UInt128) -> Int {
        let folded = UInt64(truncatingIfNeeded: packed ^ packed >> 64)
        return Int((folded &* 0x9E37_79B9_7F4A_7C15) >> 55)
    }
}
