import RESP

/// MULTI, EXEC and WATCH.
extension CacheServer {
    /// Where one client stands.
    struct Transaction: Sendable {
        var isOpen = false
        /// A command could not be queued.
        var isBroken = false
        /// A watched key has changed.
        var isDisturbed = false
        /// Whether a queued command needs memory.
        var grows = false
        var queue: [(spec: CommandSpec, words: Words)] = []
        var watched: [(database: Int, key: [UInt8])] = []
    }

    mutating func queue(_ words: Words, _ spec: CommandSpec, _ index: Int) {
        let kept = words.kept
        // What waits in queues counts as what waits to be read.
        waitingBytes += kept.byteCount
        clients[index]!.transaction.grows =
            clients[index]!.transaction.grows || spec.flags.contains(.grows)
        clients[index]!.transaction.queue.append((spec, kept))
    }

    mutating func run(
        _ command: TransactionCommand, _ words: Words, _ index: Int, _ reply: inout ReplyWriter,
        into outbox: inout CacheOutbox
    ) throws(CacheFault) {
        let isOpen = clients[index]!.transaction.isOpen
        switch command {
        case .begin:
            guard !isOpen else { throw CacheFault("ERR MULTI calls can not be nested") }
            clients[index]!.transaction.isOpen = true
            clients[index]!.transaction.isBroken = false
            reply.simple("OK")
        case .execute:
            guard isOpen else { throw CacheFault("ERR EXEC without MULTI") }
            try commit(index, &reply, into: &outbox)
        case .discard:
            guard isOpen else { throw CacheFault("ERR DISCARD without MULTI") }
            forgetTransaction(index)
            reply.simple("OK")
        case .watch:
            guard !isOpen else { throw CacheFault("ERR WATCH inside MULTI is not allowed") }
            try watch(words, index)
            reply.simple("OK")
        case .unwatch:
            unwatch(index)
            clients[index]!.transaction.isDisturbed = false
            reply.simple("OK")
        }
    }

    private mutating func commit(
        _ index: Int, _ reply: inout ReplyWriter, into outbox: inout CacheOutbox
    ) throws(CacheFault) {
        disturb()
        let transaction = clients[index]!.transaction
        let hasExpired = transaction.watched.contains {
            engine.databases[$0.database].hasExpired($0.key[...])
        }
        forgetTransaction(index)
        guard !transaction.isBroken else {
            throw CacheFault("EXECABORT Transaction discarded because of previous errors.")
        }
        guard !transaction.isDisturbed, !hasExpired else { return reply.nullArray() }
        reply.array(transaction.queue.count)
        for (spec, words) in transaction.queue {
            perform(spec, words, index, &reply, into: &outbox)
        }
    }

    /// Whatever there is of a transaction, and what it watched.
    mutating func forgetTransaction(_ index: Int) {
        for (_, words) in clients[index]!.transaction.queue { waitingBytes -= words.byteCount }
        unwatch(index)
        clients[index]!.transaction = Transaction()
    }

    private static let watchedMax = 65_536

    private mutating func watch(_ words: Words, _ index: Int) throws(CacheFault) {
        let database = clients[index]!.database
        guard clients[index]!.transaction.watched.count + words.count <= Self.watchedMax else {
            throw CacheFault("ERR too many watched keys")
        }
        for place in 1..<words.count {
            // One that has expired is none, so its going is no change.
            _ = engine.databases[database].find(words[place], touches: false)
            engine.databases[database].watch(words[place], Int32(index))
            clients[index]!.transaction.watched.append((database, words.bytes(place)))
        }
    }

    private mutating func unwatch(_ index: Int) {
        for (database, key) in clients[index]!.transaction.watched {
            engine.databases[database].unwatch(key[...], Int32(index))
        }
        clients[index]!.transaction.watched = []
    }
}
