import Base
import RESP

/// What clients say about their connection.
extension CacheServer {
    mutating func run(
        _ command: ConnectionCommand, _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .ping: try ping(words, index, &reply)
        case .echo: reply.bulk(words[1])
        case .select: try select(words, index, &reply)
        case .authenticate: try authenticate(words, index, &reply)
        case .hello: try greet(words, index, &reply)
        case .quit:
            reply.simple("OK")
            disconnect(index)
        case .reset: reset(index, &reply)
        case .client: try runClient(words, index, &reply)
        }
    }

    private func ping(_ words: Words, _ index: Int, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard words.count <= 2 else { throw .arity("ping") }
        if clients[index]!.subscriptions > 0 && reply.version == .two {
            reply.array(2)
            reply.bulk("pong")
            reply.bulk(words.count > 1 ? words[1] : [])
        } else if words.count > 1 {
            reply.bulk(words[1])
        } else {
            reply.simple("PONG")
        }
    }

    private mutating func select(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let number = try words.integer(1)
        guard (0..<Int64(CacheEngine.databasesMax)).contains(number) else {
            throw CacheFault("ERR DB index is out of range")
        }
        clients[index]!.database = engine.database(Int(number))
        reply.simple("OK")
    }

    private mutating func reset(_ index: Int, _ reply: inout ReplyWriter) {
        forgetTransaction(index)
        forgetSubscriptions(index)
        clients[index]!.database = 0
        clients[index]!.name = []
        clients[index]!.isAuthenticated = settings.password.isEmpty
        clients[index]!.version = .two
        reply.version = .two
        reply.simple("RESET")
    }

    // MARK: Passwords

    private mutating func authenticate(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count <= 3 else { throw .syntax }
        if words.count == 2 && settings.password.isEmpty {
            throw CacheFault(
                "ERR AUTH <password> called without any password configured for the default "
                    + "user. Are you sure your configuration is correct?")
        }
        let user = words.count == 3 ? words[1] : Word("default".utf8)
        try authenticate(user, words[words.count - 1], index)
        reply.simple("OK")
    }

    /// The time does not depend on how much of the password is right.
    private mutating func authenticate(
        _ user: Word, _ password: Word, _ index: Int
    ) throws(CacheFault) {
        let wanted = settings.password
        var difference = user.elementsEqual("default".utf8) ? 0 : UInt8(1)
        // Without a password, any will do.
        if !wanted.isEmpty {
            difference |= password.count == wanted.count ? 0 : 1
            for (place, byte) in password.enumerated() {
                difference |= byte ^ wanted[place % wanted.count]
            }
        }
        guard difference == 0 else {
            throw CacheFault("WRONGPASS invalid username-password pair or user is disabled.")
        }
        clients[index]!.isAuthenticated = true
    }

    /// HELLO: which version of the protocol the client speaks from here on, its password and name.
    private mutating func greet(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        var version = clients[index]!.version
        if words.count > 1 {
            guard let number = Decimal.parse(words[1]) else {
                throw CacheFault("ERR Protocol version is not an integer or out of range")
            }
            guard let known = UInt8(exactly: number).flatMap(RESPVersion.init(rawValue:)) else {
                throw CacheFault("NOPROTO unsupported protocol version")
            }
            version = known
        }
        var name: [UInt8]?
        var place = 2
        while place < words.count {
            if words.matches(place, "AUTH"), place + 2 < words.count {
                try authenticate(words[place + 1], words[place + 2], index)
                place += 3
            } else if words.matches(place, "SETNAME"), place + 1 < words.count {
                name = try Self.checkedName(words[place + 1])
                place += 2
            } else {
                throw CacheFault("ERR Syntax error in HELLO option '", words[place], "'")
            }
        }
        guard clients[index]!.isAuthenticated else {
            throw CacheFault(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    + "the HELLO <proto> AUTH <user> <pass> option can be used to authenticate "
                    + "the client and select the RESP protocol version at the same time")
        }
        if let name { clients[index]!.name = name }
        clients[index]!.version = version
        reply.version = version
        reply.map(7)
        let facts = [("server", "redis"), ("version", Self.version)]
        for (key, value) in facts {
            reply.bulk(key)
            reply.bulk(value)
        }
        reply.bulk("proto")
        reply.integer(Int64(version.rawValue))
        reply.bulk("id")
        reply.integer(clients[index]!.id)
        for (key, value) in [("mode", "standalone"), ("role", "master")] {
            reply.bulk(key)
            reply.bulk(value)
        }
        reply.bulk("modules")
        reply.array(0)
    }

    // MARK: CLIENT

    private static let nameMax = 64 << 10

    private static func checkedName(_ word: Word) throws(CacheFault) -> [UInt8] {
        guard word.count <= nameMax, word.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CacheFault(
                "ERR Client names cannot contain spaces, newlines or special characters.")
        }
        return [UInt8](word)
    }

    private mutating func runClient(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch words[1].lowercasedText {
        case "id": reply.integer(clients[index]!.id)
        case "getname":
            clients[index]!.name.isEmpty ? reply.null() : reply.bulk(clients[index]!.name)
        case "info": reply.verbatim(line(index) + "\n")
        case "setname":
            clients[index]!.name = try Self.checkedName(words[2])
            reply.simple("OK")
        case "setinfo": try setInfo(words, index, &reply)
        case "list": try listClients(words, &reply)
        case "kill": try kill(words, index, &reply)
        case _:
            guard words.matches(2, "ON") || words.matches(2, "OFF") else { throw .syntax }
            reply.simple("OK")
        }
    }

    private mutating func setInfo(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        if words.matches(2, "LIB-NAME") {
            clients[index]!.library = try Self.checkedName(words[3])
        } else if words.matches(2, "LIB-VER") {
            clients[index]!.libraryVersion = try Self.checkedName(words[3])
        } else {
            throw CacheFault("ERR Unrecognized option '", words[2], "'")
        }
        reply.simple("OK")
    }

    private func line(_ index: Int) -> String {
        guard let client = clients[index] else { return "" }
        let transaction = client.transaction
        var flags = client.subscriptions > 0 ? "P" : ""
        if transaction.isOpen { flags += "x" }
        if transaction.isDisturbed { flags += "d" }
        let facts: [(String, String)] = [
            ("id", "\(client.id)"), ("addr", client.address),
            ("name", String(decoding: client.name, as: UTF8.self)),
            ("age", "\((now - client.openedAt).wholeSeconds)"),
            ("idle", "\((now - client.usedAt).wholeSeconds)"),
            ("flags", flags.isEmpty ? "N" : flags), ("db", "\(client.database)"),
            ("sub", "\(client.channels.count)"), ("psub", "\(client.patterns.count)"),
            ("multi", "\(transaction.isOpen ? transaction.queue.count : -1)"),
            ("qbuf", "\(client.reader.waiting)"), ("user", "default"),
            ("resp", "\(client.version.rawValue)"),
            ("lib-name", String(decoding: client.library, as: UTF8.self)),
            ("lib-ver", String(decoding: client.libraryVersion, as: UTF8.self)),
        ]
        return facts.map { "\($0)=\($1)" }.joined(separator: " ")
    }

    private func listClients(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        var wanted: [Int64]?
        if words.count > 2 {
            if words.matches(2, "TYPE"), words.count == 4 {
                wanted = try Self.clientTypes(words, self)
            } else if words.matches(2, "ID"), words.count > 3 {
                var ids: [Int64] = []
                for place in 3..<words.count {
                    guard let id = Decimal.parse(words[place]), id > 0 else {
                        throw CacheFault("ERR Invalid client ID")
                    }
                    ids.append(id)
                }
                wanted = ids
            } else {
                throw .syntax
            }
        }
        let lines = clients.indices.filter { index in
            guard let client = clients[index] else { return false }
            return wanted?.contains(client.id) ?? true
        }
        reply.verbatim(lines.map { line($0) + "\n" }.joined())
    }

    private static func clientTypes(
        _ words: Words, _ server: CacheServer
    ) throws(CacheFault) -> [Int64] {
        let types: [(StaticString, Bool?)] = [
            ("NORMAL", false), ("PUBSUB", true), ("MASTER", nil), ("REPLICA", nil),
        ]
        guard let type = types.first(where: { words.matches(3, $0.0) }) else {
            throw CacheFault("ERR Unknown client type '", words[3], "'")
        }
        return server.clients.compactMap { client in
            guard let client, let subscribes = type.1 else { return nil }
            return (client.subscriptions > 0) == subscribes ? client.id : nil
        }
    }

    private mutating func kill(
        _ words: Words, _ index: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        if words.count == 3 {
            let address = words.text(2)
            guard let victim = clients.firstIndex(where: { $0?.address == address }) else {
                throw CacheFault("ERR No such client")
            }
            disconnect(victim)
            return reply.simple("OK")
        }
        var victims = clients.indices.filter { clients[$0] != nil }
        var skipsMe = true
        guard words.count % 2 == 0 else { throw .syntax }
        for place in stride(from: 2, to: words.count, by: 2) {
            let value = words[place + 1]
            if words.matches(place, "ID") {
                guard let id = Decimal.parse(value), id > 0 else {
                    throw CacheFault("ERR client-id should be greater than 0")
                }
                victims.removeAll { clients[$0]?.id != id }
            } else if words.matches(place, "ADDR") {
                let address = words.text(place + 1)
                victims.removeAll { clients[$0]?.address != address }
            } else if words.matches(place, "SKIPME") {
                guard value.matches("YES") || value.matches("NO") else { throw .syntax }
                skipsMe = value.matches("YES")
            } else {
                throw .syntax
            }
        }
        victims.removeAll { skipsMe && $0 == index }
        for victim in victims { disconnect(victim) }
        reply.integer(victims.count)
    }
}
