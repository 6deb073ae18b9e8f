import Base
import RESP

enum KeyCommand: Sendable {
    case delete, exists, type, keys, scan, rename, renameIfNew, random, touch, copy, object
    case expire(unit: Int64, isRelative: Bool)
    case timeLeft(unit: Int64)
    case expiryTime(unit: Int64)
    case persist, size, flush
}

/// Keys whatever they hold.
extension Keyspace {
    mutating func run(
        _ command: KeyCommand, _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .delete: delete(words, &reply)
        case .exists: countFound(words, touches: false, &reply)
        case .touch: countFound(words, touches: true, &reply)
        case .type: reply.simple(find(words[1], touches: false).map { typeName($0) } ?? "none")
        case .keys: keys(words, &reply)
        case .scan: try scan(words, &reply)
        case .rename: try rename(words, isIfNew: false, &reply)
        case .renameIfNew: try rename(words, isIfNew: true, &reply)
        case .random: randomKey(&reply)
        case .copy: try copy(words, &reply)
        case .object: try object(words, &reply)
        case .expire(let unit, let isRelative):
            try expire(words, unit: unit, isRelative: isRelative, &reply)
        case .timeLeft(let unit): timeLeft(words, unit: unit, &reply)
        case .expiryTime(let unit): expiryTime(words, unit: unit, &reply)
        case .persist: persist(words, &reply)
        case .size: reply.integer(count)
        case .flush: try flush(words, &reply)
        }
    }

    private mutating func delete(_ words: Words, _ reply: inout ReplyWriter) {
        var count = 0
        for index in 1..<words.count {
            guard let slot = find(words[index]) else { continue }
            remove(slot)
            changed(words[index])
            count += 1
        }
        reply.integer(count)
    }

    private mutating func countFound(_ words: Words, touches: Bool, _ reply: inout ReplyWriter) {
        var count = 0
        for index in 1..<words.count where find(words[index], touches: touches) != nil {
            count += 1
        }
        reply.integer(count)
    }

    func typeName(_ slot: Int) -> StaticString {
        switch self[slot].value {
        case .integer, .string: "string"
        case .hash: "hash"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        }
    }

    private func keys(_ words: Words, _ reply: inout ReplyWriter) {
        let glob = Glob(pattern: words[1])
        let place = reply.bytes.count
        var found = 0
        for slot in 0..<count where !hasExpired(slot) && glob.matches(key(slot)) {
            reply.bulk(key(slot))
            found += 1
        }
        reply.array(found, at: place)
    }

    private mutating func randomKey(_ reply: inout ReplyWriter) {
        // Expired ones are passed over, but not for ever.
        for _ in 0..<100 where count > 0 {
            let slot = Int(random.below(UInt64(count)))
            let name = key(slot)
            if find(name[...], touches: false) != nil { return reply.bulk(name) }
        }
        reply.null()
    }

    // MARK: Renaming and copying

    private mutating func rename(
        _ words: Words, isIfNew: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let source = find(words[1]) else { throw .noSuchKey }
        if words[1] == words[2] {
            return isIfNew ? reply.flag(false) : reply.simple("OK")
        }
        let target = find(words[2])
        if isIfNew && target != nil { return reply.flag(false) }
        _ = source
        if let target { remove(target) }
        // Removing the target may have moved the source.
        guard let slot = find(words[1]) else { throw .noSuchKey }
        let item = take(slot)
        let new = add(words[2], item.value, room: item.room)
        if item.expires { setExpiry(new, item.expiresAt) }
        changed(words[1])
        changed(words[2])
        isIfNew ? reply.flag(true) : reply.simple("OK")
    }

    private mutating func copy(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        var replaces = false
        var index = 3
        while index < words.count {
            if words.matches(index, "REPLACE") {
                replaces = true
            } else {
                throw .syntax
            }
            index += 1
        }
        guard words[1] != words[2] else {
            throw CacheFault("ERR source and destination objects are the same")
        }
        guard let source = find(words[1]) else { return reply.flag(false) }
        if let target = find(words[2]) {
            guard replaces else { return reply.flag(false) }
            remove(target)
        }
        let item = self[find(words[1]) ?? source]
        let slot = add(words[2], duplicate(item.value), room: item.room)
        if item.expires { setExpiry(slot, item.expiresAt) }
        changed(words[2])
        reply.flag(true)
    }

    private mutating func duplicate(_ value: Value) -> Value {
        switch value {
        case .integer, .string: value
        case .hash(let index): .hash(hashes.insert(hashes[index]))
        case .list(let index): .list(lists.insert(lists[index]))
        case .set(let index): .set(sets.insert(sets[index]))
        case .sortedSet(let index): .sortedSet(sortedSets.insert(sortedSets[index]))
        }
    }

    // MARK: Expiry

    private struct ExpireOptions {
        var ifNone = false
        var ifSome = false
        var ifGreater = false
        var ifLess = false

        init(_ words: Words) throws(CacheFault) {
            for index in words.count > 3 ? 3..<words.count : 0..<0 {
                if words.matches(index, "NX") {
                    ifNone = true
                } else if words.matches(index, "XX") {
                    ifSome = true
                } else if words.matches(index, "GT") {
                    ifGreater = true
                } else if words.matches(index, "LT") {
                    ifLess = true
                } else {
                    throw CacheFault("ERR Unsupported option ", words[index], "")
                }
            }
            guard !ifNone || !(ifSome || ifGreater || ifLess) else {
                throw CacheFault(
                    "ERR NX and XX, GT or LT options at the same time are not compatible")
            }
            guard !(ifGreater && ifLess) else {
                throw CacheFault("ERR GT and LT options at the same time are not compatible")
            }
        }

        /// Without an expiry, a key expires later than any.
        func allows(_ item: Keyspace.Item, _ next: Int64) -> Bool {
            guard item.expires else { return !ifSome && !ifGreater }
            return !ifNone && !(ifGreater && next <= item.expiresAt)
                && !(ifLess && next >= item.expiresAt)
        }
    }

    private mutating func expire(
        _ words: Words, unit: Int64, isRelative: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let options = try ExpireOptions(words)
        let count = try words.integer(2)
        let (span, overflow) = count.multipliedReportingOverflow(by: unit)
        let (at, isLate) = (isRelative ? now : 0).addingReportingOverflow(span)
        guard !overflow, !isLate else {
            let name = String(decoding: words[0], as: UTF8.self).lowercased()
            throw .expiry(name)
        }
        guard let slot = find(words[1]), options.allows(self[slot], at) else {
            return reply.flag(false)
        }
        if at <= now { remove(slot) } else { setExpiry(slot, at) }
        changed(words[1])
        reply.flag(true)
    }

    private mutating func timeLeft(_ words: Words, unit: Int64, _ reply: inout ReplyWriter) {
        guard let slot = find(words[1], touches: false) else { return reply.integer(-2) }
        guard self[slot].expires else { return reply.integer(-1) }
        reply.integer((self[slot].expiresAt - now + unit / 2) / unit)
    }

    private mutating func expiryTime(_ words: Words, unit: Int64, _ reply: inout ReplyWriter) {
        guard let slot = find(words[1], touches: false) else { return reply.integer(-2) }
        guard self[slot].expires else { return reply.integer(-1) }
        reply.integer((self[slot].expiresAt + unit / 2) / unit)
    }

    private mutating func persist(_ words: Words, _ reply: inout ReplyWriter) {
        guard let slot = find(words[1]), self[slot].expires else {
            return reply.flag(false)
        }
        clearExpiry(slot)
        changed(words[1])
        reply.flag(true)
    }

    private mutating func flush(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard words.count == 1 || words.count == 2,
            words.count == 1
                || words.matches(1, "SYNC") || words.matches(1, "ASYNC")
        else { throw .syntax }
        disturbAll()
        removeAll()
        reply.simple("OK")
    }

    // MARK: Looking inside

    private mutating func object(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard let slot = find(words[2], touches: false) else { return reply.null() }
        if words.matches(1, "ENCODING") {
            reply.bulk(encoding(slot))
        } else if words.matches(1, "REFCOUNT") {
            reply.integer(isShared(slot) ? Int(Int32.max) : 1)
        } else if words.matches(1, "IDLETIME") {
            reply.integer(idleSeconds(slot))
        } else {
            throw CacheFault(
                "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
                    + "Please note that when switching between policies at runtime LRU and LFU "
                    + "data will take some time to adjust.")
        }
    }

    private func isShared(_ slot: Int) -> Bool {
        guard case .integer(let integer) = self[slot].value else { return false }
        return sharesIntegers && (0..<Self.sharedIntegers).contains(integer)
    }

    private func encoding(_ slot: Int) -> String {
        switch self[slot].value {
        case .integer: "int"
        case .string: self[slot].room < 0 ? "embstr" : "raw"
        case .hash(let index): hashes[index].isPack ? "listpack" : "hashtable"
        case .list: "quicklist"
        case .set(let index): sets[index].isIntegers ? "intset" : "hashtable"
        case .sortedSet(let index): sortedSets[index].isPack ? "listpack" : "skiplist"
        }
    }
}
