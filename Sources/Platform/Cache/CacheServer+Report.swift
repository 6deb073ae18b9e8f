import Base
import RESP

/// What the server says of itself, and its settings.
extension CacheServer {
    /// The Redis whose behaviour this is.
    static let version = "7.0.15"

    mutating func run(
        _ command: ServerCommand, _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .info: reply.verbatim(info(words))
        case .configure: try configure(words, &reply)
        case .describe: try describe(words, &reply)
        case .memory: try memory(words, clients[index]!.database, &reply)
        case .time:
            reply.array(2)
            reply.bulk(now.nanoseconds / 1_000_000_000)
            reply.bulk(now.nanoseconds / 1000 % 1_000_000)
        case .flushAll:
            guard
                words.count == 1
                    || words.count == 2
                        && (words.matches(1, "SYNC") || words.matches(1, "ASYNC"))
            else { throw .syntax }
            engine.removeAll()
            disturb()
            reply.simple("OK")
        }
    }

    // MARK: INFO

    private func info(_ words: Words) -> String {
        let sections: [(String, () -> [(String, String)])] = [
            ("Server", serverFacts), ("Clients", clientFacts), ("Memory", memoryFacts),
            ("Stats", figureFacts), ("Replication", { [("role", "master")] }),
            ("Keyspace", keyspaceFacts),
        ]
        let wanted = words.count < 2 ? [] : (1..<words.count).map { words[$0].lowercasedText }
        let isAll =
            wanted.isEmpty || ["all", "default", "everything"].contains { wanted.contains($0) }
        return sections.filter { isAll || wanted.contains($0.0.lowercased()) }.map { name, facts in
            "# \(name)\r\n" + facts().map { "\($0):\($1)\r\n" }.joined()
        }.joined(separator: "\r\n")
    }

    private func serverFacts() -> [(String, String)] {
        let uptime = (now - startedAt).wholeSeconds
        return [
            ("redis_version", Self.version), ("redis_mode", "standalone"),
            ("server_name", "streamr-sim"), ("arch_bits", "64"),
            ("uptime_in_seconds", "\(uptime)"), ("uptime_in_days", "\(uptime / 86_400)"),
            ("hz", "10"),
        ]
    }

    private func clientFacts() -> [(String, String)] {
        [
            ("connected_clients", "\(clientCount)"), ("maxclients", "\(settings.clientsMax)"),
            ("blocked_clients", "0"),
        ]
    }

    private func memoryFacts() -> [(String, String)] {
        let used = engine.usedMemory
        return [
            ("used_memory", "\(used)"), ("used_memory_peak", "\(max(used, engine.peakMemory))"),
            ("used_memory_startup", "\(CacheEngine.startupMemory)"),
            ("used_memory_dataset", "\(used - CacheEngine.startupMemory - engine.otherMemory)"),
            ("maxmemory", "\(settings.engine.memoryMax)"),
            ("maxmemory_policy", settings.engine.policy.rawValue),
        ]
    }

    private func figureFacts() -> [(String, String)] {
        let counters = engine.counters
        return [
            ("total_connections_received", "\(figures.connections)"),
            ("total_commands_processed", "\(figures.commands)"),
            ("total_net_input_bytes", "\(figures.bytesIn)"),
            ("total_net_output_bytes", "\(figures.bytesOut)"),
            ("rejected_connections", "\(figures.rejected)"),
            ("expired_keys", "\(counters.expired)"), ("evicted_keys", "\(engine.evicted)"),
            ("keyspace_hits", "\(counters.hits)"), ("keyspace_misses", "\(counters.misses)"),
            ("pubsub_channels", "\(topics.channels.count)"),
            ("pubsub_patterns", "\(topics.patterns.count)"),
        ]
    }

    private func keyspaceFacts() -> [(String, String)] {
        engine.databases.enumerated().filter { $0.element.count > 0 }.map { index, keyspace in
            ("db\(index)", "keys=\(keyspace.count),expires=\(keyspace.expiring.count),avg_ttl=0")
        }
    }

    // MARK: CONFIG

    private func parameters() -> [(name: String, value: String)] {
        [
            ("maxmemory", "\(settings.engine.memoryMax)"),
            ("maxmemory-policy", settings.engine.policy.rawValue),
            ("maxmemory-samples", "\(settings.engine.samples)"),
            ("maxclients", "\(settings.clientsMax)"), ("timeout", "\(settings.timeout)"),
            ("requirepass", String(decoding: settings.password, as: UTF8.self)),
            ("databases", "\(CacheEngine.databasesMax)"), ("hz", "10"), ("save", ""),
            ("appendonly", "no"), ("proto-max-bulk-len", "\(RequestReader.Limits().wordLengthMax)"),
            ("hash-max-listpack-entries", "512"), ("hash-max-listpack-value", "64"),
            ("zset-max-listpack-entries", "128"), ("zset-max-listpack-value", "64"),
            ("set-max-intset-entries", "512"), ("list-max-listpack-size", "-2"),
        ]
    }

    private mutating func configure(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        if words.matches(1, "GET") {
            let found = parameters().filter { name, _ in
                (2..<words.count).contains {
                    Glob(pattern: Word(words[$0].lowercasedText.utf8)).matches([UInt8](name.utf8))
                }
            }
            reply.map(found.count)
            for (name, value) in found {
                reply.bulk(name)
                reply.bulk(value)
            }
        } else if words.matches(1, "SET") {
            guard words.count % 2 == 0 else { throw .arity("config|set") }
            var next = settings
            for place in stride(from: 2, to: words.count, by: 2) {
                try Self.set(words[place].lowercasedText, words.text(place + 1), &next)
            }
            settings = next
            engine.apply(next.engine)
            reply.simple("OK")
        } else {
            figures = Figures()
            engine.resetCounters()
            reply.simple("OK")
        }
    }

    private static func set(
        _ name: String, _ value: String, _ settings: inout Settings
    ) throws(CacheFault) {
        func refused(_ reason: String) -> CacheFault {
            CacheFault(
                "ERR CONFIG SET failed (possibly related to argument '\(name)') - \(reason)")
        }
        switch name {
        case "maxmemory":
            guard let bytes = memorySize(value) else {
                throw refused("argument must be a memory value")
            }
            settings.engine.memoryMax = bytes
        case "maxmemory-policy":
            guard let policy = CacheEngine.Policy(rawValue: value.lowercased()) else {
                let names = CacheEngine.Policy.allCases.map(\.rawValue).joined(separator: ", ")
                throw refused("argument(s) must be one of the following: \(names)")
            }
            settings.engine.policy = policy
        case "maxmemory-samples":
            settings.engine.samples = try number(value, 1...64, refused)
        case "maxclients":
            settings.clientsMax = try number(value, 1...1_000_000, refused)
        case "timeout":
            settings.timeout = try number(value, 0...Int(Int32.max), refused)
        case "requirepass": settings.password = [UInt8](value.utf8)
        case "databases", "hz", "save", "appendonly", "proto-max-bulk-len",
            "hash-max-listpack-entries", "hash-max-listpack-value", "zset-max-listpack-entries",
            "zset-max-listpack-value", "set-max-intset-entries", "list-max-listpack-size":
            throw refused("can't set immutable config")
        case _:
            throw CacheFault(
                "ERR Unknown option or number of arguments for CONFIG SET - '\(name)'")
        }
    }

    private static func number(
        _ text: String, _ range: ClosedRange<Int>, _ refused: (String) -> CacheFault
    ) throws(CacheFault) -> Int {
        guard let value = Int(text) else {
            throw refused("argument couldn't be parsed into an integer")
        }
        guard range.contains(value) else {
            throw refused(
                "argument must be between \(range.lowerBound) and \(range.upperBound) inclusive")
        }
        return value
    }

    /// `100mb` as Redis writes sizes: `k` is 1,000 and `kb` is 1,024.
    public static func memorySize(_ text: String) -> Int? {
        let units: [(String, Int)] = [
            ("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30), ("k", 1_000), ("m", 1_000_000),
            ("g", 1_000_000_000), ("b", 1),
        ]
        let small = text.lowercased()
        let unit = units.first { small.hasSuffix($0.0) }
        guard let count = Int(small.dropLast(unit?.0.count ?? 0)), count >= 0 else { return nil }
        let (size, overflow) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow ? nil : size
    }

    // MARK: COMMAND

    private func describe(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard words.count > 1 else {
            reply.array(table.specs.count)
            for spec in table.specs { describe(spec, &reply) }
            return
        }
        if words.matches(1, "COUNT") {
            reply.integer(table.specs.count)
        } else if words.matches(1, "LIST") {
            reply.array(table.specs.count)
            for spec in table.specs { reply.bulk(spec.name) }
        } else if words.matches(1, "DOCS") {
            // Names and their documentation: there is none.
            reply.map(0)
        } else {
            reply.array(words.count - 2)
            for place in 2..<words.count {
                if let index = table.find(words[place]) {
                    describe(table.specs[index], &reply)
                } else {
                    reply.nullArray()
                }
            }
        }
    }

    private func describe(_ spec: CommandSpec, _ reply: inout ReplyWriter) {
        let names: [(CommandSpec.Flags, StaticString)] = [
            (.write, "write"), (.grows, "denyoom"), (.read, "readonly"), (.fast, "fast"),
            (.open, "no_auth"),
        ]
        let flags = names.filter { spec.flags.contains($0.0) }
        reply.array(10)
        reply.bulk(spec.name)
        reply.integer(spec.arity)
        reply.set(flags.count)
        for (_, name) in flags { reply.simple(name) }
        for number in [spec.keys.first, spec.keys.last, spec.keys.step] { reply.integer(number) }
        reply.set(0)  // Categories; then tips, key specifications and subcommands.
        for _ in 0..<3 { reply.array(0) }
    }

    // MARK: MEMORY

    private mutating func memory(
        _ words: Words, _ database: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        if words.matches(1, "USAGE") {
            guard words.count == 3 || words.count == 5 && words.matches(3, "SAMPLES") else {
                throw .syntax
            }
            if words.count == 5 { _ = try words.natural(4) }
            guard let slot = engine.databases[database].find(words[2], touches: false) else {
                return reply.null()
            }
            reply.integer(engine.databases[database].memory(of: slot))
        } else if words.matches(1, "STATS") {
            let used = engine.usedMemory
            let facts = [
                ("peak.allocated", max(used, engine.peakMemory)), ("total.allocated", used),
                ("startup.allocated", CacheEngine.startupMemory),
                ("clients.normal", engine.otherMemory), ("keys.count", engine.count),
                ("dataset.bytes", used - CacheEngine.startupMemory - engine.otherMemory),
            ]
            reply.map(facts.count)
            for (name, value) in facts {
                reply.bulk(name)
                reply.integer(value)
            }
        } else if words.matches(1, "DOCTOR") {
            reply.verbatim("Memory is counted, not allocated: there is nothing to cure.")
        } else {
            reply.simple("OK")
        }
    }
}

extension Keyspace {
    /// Of a key and its value, as MEMORY USAGE reports it.
    func memory(of slot: Int) -> Int {
        valueMemory(self[slot]) + layout.allocation.string(key(slot).count)
            + layout.allocation.entry
    }
}
