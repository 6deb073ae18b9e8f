import RESP

enum StringCommand: Sendable {
    case get, set, setIfNew, setSeconds, setMilliseconds, getAndSet, getAndDelete, getAndExpire
    case append, length, setRange, getRange, getMany, setMany, setManyIfNew
    case increment, decrement, incrementBy, decrementBy, incrementByFraction
}

/// Strings and counters.
extension Keyspace {
    mutating func run(
        _ command: StringCommand, _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .get: try reply.bulk(string(words[1]))
        case .set: try set(words, &reply)
        case .setIfNew: setIfNew(words, &reply)
        case .setSeconds: try setExpiring(words, unit: 1000, "setex", &reply)
        case .setMilliseconds: try setExpiring(words, unit: 1, "psetex", &reply)
        case .getAndSet: try getAndSet(words, &reply)
        case .getAndDelete: try getAndDelete(words, &reply)
        case .getAndExpire: try getAndExpire(words, &reply)
        case .append: try append(words, &reply)
        case .length: try reply.integer(string(words[1])?.count ?? 0)
        case .setRange: try setRange(words, &reply)
        case .getRange: try getRange(words, &reply)
        case .getMany: getMany(words, &reply)
        case .setMany: try setMany(words, isIfNew: false, &reply)
        case .setManyIfNew: try setMany(words, isIfNew: true, &reply)
        case .increment: try increment(words[1], by: 1, &reply)
        case .decrement: try increment(words[1], by: -1, &reply)
        case .incrementBy: try increment(words[1], by: words.integer(2), &reply)
        case .decrementBy:
            let amount = try words.integer(2)
            guard amount > .min else { throw CacheFault("ERR decrement would overflow") }
            try increment(words[1], by: -amount, &reply)
        case .incrementByFraction: try incrementByFraction(words, &reply)
        }
    }

    /// What the key holds, as bytes.
    mutating func string(_ key: Word) throws(CacheFault) -> [UInt8]? {
        guard let slot = findToRead(key) else { return nil }
        return try bytes(slot)
    }

    private func bytes(_ slot: Int) throws(CacheFault) -> [UInt8] {
        switch self[slot].value {
        case .string(let bytes): return bytes
        case .integer(let integer): return Decimal.text(integer)
        case .hash, .list, .set, .sortedSet: throw .wrongType
        }
    }

    /// A string as Redis would encode it: a number if it looks like one, in one piece if short.
    static func encoded(_ bytes: Word) -> (value: Value, room: Int32) {
        if bytes.count <= Decimal.lengthMax, let integer = Decimal.parse(bytes) {
            return (.integer(integer), -1)
        }
        let isShort = bytes.count <= Allocation.embeddedMax
        return (.string([UInt8](bytes)), isShort ? -1 : Int32(bytes.count))
    }

    /// Sets a key whatever it held; it has no expiry then, unless `keepsExpiry`.
    @discardableResult
    mutating func put(_ key: Word, _ bytes: Word, keepsExpiry: Bool = false) -> Int {
        let (value, room) = Self.encoded(bytes)
        let slot: Int
        if let old = find(key) {
            slot = old
            replace(slot, value, room: room)
            if !keepsExpiry { clearExpiry(slot) }
        } else {
            slot = add(key, value, room: room)
        }
        changed(key)
        return slot
    }

    // MARK: SET and its kin

    /// When a key is to expire, as the options EX, PX, EXAT and PXAT tell.
    private struct Expiry {
        var place: Int
        var unit: Int64
        var isRelative: Bool

        init?(_ words: Words, _ index: Int) {
            let options: [(StaticString, Int64, Bool)] = [
                ("EX", 1000, true), ("PX", 1, true), ("EXAT", 1000, false), ("PXAT", 1, false),
            ]
            for (name, unit, isRelative) in options where words.matches(index, name) {
                guard index + 1 < words.count else { return nil }
                place = index + 1
                self.unit = unit
                self.isRelative = isRelative
                return
            }
            return nil
        }

        func instant(_ words: Words, now: Int64, _ name: String) throws(CacheFault) -> Int64 {
            let count = try words.integer(place)
            let (span, overflow) = count.multipliedReportingOverflow(by: unit)
            guard count > 0, !overflow else { throw .expiry(name) }
            guard isRelative else { return span }
            let (at, isLate) = now.addingReportingOverflow(span)
            guard !isLate else { throw .expiry(name) }
            return at
        }
    }

    private struct SetOptions {
        var expiry: Expiry?
        var ifNew = false
        var ifThere = false
        var gets = false
        var keepsExpiry = false

        init(_ words: Words) throws(CacheFault) {
            var index = 3
            while index < words.count {
                if words.matches(index, "NX"), !ifThere {
                    ifNew = true
                } else if words.matches(index, "XX"), !ifNew {
                    ifThere = true
                } else if words.matches(index, "GET") {
                    gets = true
                } else if words.matches(index, "KEEPTTL"), expiry == nil {
                    keepsExpiry = true
                } else if let expiry = Expiry(words, index), self.expiry == nil, !keepsExpiry {
                    self.expiry = expiry
                    index += 1
                } else {
                    throw .syntax
                }
                index += 1
            }
        }
    }

    private mutating func set(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard words.count > 3 else {
            put(words[1], words[2])
            return reply.simple("OK")
        }
        let options = try SetOptions(words)
        let at = try options.expiry?.instant(words, now: now, "set")
        let old = options.gets ? try string(words[1]) : nil
        let isThere = find(words[1]) != nil
        guard !(options.ifNew && isThere), !(options.ifThere && !isThere) else {
            return reply.bulk(old)
        }
        let slot = put(words[1], words[2], keepsExpiry: options.keepsExpiry)
        if let at { setExpiry(slot, at) }
        if options.gets { reply.bulk(old) } else { reply.simple("OK") }
    }

    private mutating func setIfNew(_ words: Words, _ reply: inout ReplyWriter) {
        guard find(words[1]) == nil else { return reply.flag(false) }
        put(words[1], words[2])
        reply.flag(true)
    }

    private mutating func setExpiring(
        _ words: Words, unit: Int64, _ name: String, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let count = try words.integer(2)
        let (span, overflow) = count.multipliedReportingOverflow(by: unit)
        let (at, isLate) = now.addingReportingOverflow(span)
        guard count > 0, !overflow, !isLate else { throw .expiry(name) }
        setExpiry(put(words[1], words[3]), at)
        reply.simple("OK")
    }

    private mutating func getAndSet(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let old = try string(words[1])
        put(words[1], words[2])
        reply.bulk(old)
    }

    private mutating func getAndDelete(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let old = try string(words[1])
        reply.bulk(old)
        guard old != nil, let slot = find(words[1]) else { return }
        remove(slot)
        changed(words[1])
    }

    private mutating func getAndExpire(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        var expiry: Expiry?
        var isKept = false
        var index = 2
        while index < words.count {
            if words.matches(index, "PERSIST"), expiry == nil {
                isKept = true
            } else if let found = Expiry(words, index), expiry == nil, !isKept {
                expiry = found
                index += 1
            } else {
                throw .syntax
            }
            index += 1
        }
        guard let slot = findToRead(words[1]) else { return reply.null() }
        let value = try bytes(slot)
        let at = try expiry?.instant(words, now: now, "getex")
        reply.bulk(value)
        if let at, at <= now {
            remove(slot)
        } else if let at {
            setExpiry(slot, at)
        } else if isKept, self[slot].expires {
            clearExpiry(slot)
        } else {
            return
        }
        changed(words[1])
    }

    // MARK: Parts

    private mutating func append(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard let slot = find(words[1]) else {
            put(words[1], words[2])
            return reply.integer(words[2].count)
        }
        let old = try bytes(slot)
        guard old.count + words[2].count <= Self.stringMax else { throw .tooLong }
        let count = edit(slot, old) { $0 += words[2] }
        changed(words[1])
        reply.integer(count)
    }

    /// Changes a string in place, with room to grow as Redis leaves it.
    private mutating func edit(
        _ slot: Int, _ old: [UInt8], _ body: (inout [UInt8]) -> Void
    ) -> Int {
        var bytes = old
        var room = max(Int(self[slot].room), old.count)
        // The key lets go of its bytes meanwhile, so that they are not copied.
        replace(slot, .integer(0))
        body(&bytes)
        if bytes.count > room {
            let spare = min(bytes.count, 1 << 20)
            room = min(layout.allocation.room(for: bytes.count + spare), Self.stringMax)
        }
        replace(slot, .string(bytes), room: Int32(room))
        return bytes.count
    }

    private mutating func setRange(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let offset = try words.integer(2)
        guard offset >= 0 else { throw CacheFault("ERR offset is out of range") }
        let part = words[3]
        var slot = find(words[1])
        if let slot {
            let old = try bytes(slot)
            guard !part.isEmpty else { return reply.integer(old.count) }
        } else {
            guard !part.isEmpty else { return reply.integer(0) }
        }
        guard offset <= Int64(Self.stringMax - part.count) else { throw .tooLong }
        let start = Int(offset)
        if slot == nil { slot = add(words[1], .string([]), room: Int32(start + part.count)) }
        guard let slot else { return }
        let count = try edit(slot, bytes(slot)) { bytes in
            if bytes.count < start + part.count {
                bytes += repeatElement(0, count: start + part.count - bytes.count)
            }
            bytes.replaceSubrange(start..<start + part.count, with: part)
        }
        changed(words[1])
        reply.integer(count)
    }

    private mutating func getRange(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let first = try words.integer(2)
        let last = try words.integer(3)
        guard let value = try string(words[1]) else { return reply.bulk([]) }
        // Both before the start: empty, unless they are in order.
        if first < 0 && last < 0 && first > last { return reply.bulk([]) }
        let count = Int64(value.count)
        let from = max(first < 0 ? count + max(first, -count) : first, 0)
        let to = min(max(last < 0 ? count + max(last, -count - 1) : last, 0), count - 1)
        guard from <= to, count > 0 else { return reply.bulk([]) }
        reply.bulk(value[Int(from)...Int(to)])
    }

    private mutating func getMany(_ words: Words, _ reply: inout ReplyWriter) {
        reply.array(words.count - 1)
        for index in 1..<words.count {
            let slot = findToRead(words[index])
            // A key of another type is none.
            reply.bulk(slot.flatMap { try? bytes($0) })
        }
    }

    private mutating func setMany(
        _ words: Words, isIfNew: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count % 2 == 1 else { throw .arity(isIfNew ? "msetnx" : "mset") }
        if isIfNew {
            for index in stride(from: 1, to: words.count, by: 2) where find(words[index]) != nil {
                return reply.flag(false)
            }
        }
        for index in stride(from: 1, to: words.count, by: 2) {
            put(words[index], words[index + 1])
        }
        if isIfNew { reply.flag(true) } else { reply.simple("OK") }
    }

    // MARK: Counters

    private mutating func increment(
        _ key: Word, by amount: Int64, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        reply.integer(try increment(key, by: amount))
    }

    /// What the counter of this key comes to; a key that is not there counts from 0.
    mutating func increment(_ key: Word, by amount: Int64) throws(CacheFault) -> Int64 {
        guard let slot = find(key) else {
            add(key, .integer(amount))
            changed(key)
            return amount
        }
        let old: Int64
        switch self[slot].value {
        case .integer(let integer): old = integer
        case .string(let bytes):
            guard let integer = Decimal.parse(bytes[...]) else { throw .notInteger }
            old = integer
        case .hash, .list, .set, .sortedSet: throw .wrongType
        }
        let (sum, overflow) = old.addingReportingOverflow(amount)
        guard !overflow else { throw .overflow }
        replace(slot, .integer(sum))
        changed(key)
        return sum
    }

    private mutating func incrementByFraction(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let slot = find(words[1])
        let old = try slot.map { (slot) throws(CacheFault) in try bytes(slot) }
        guard let before = old.map({ Extended($0[...]) }) ?? Extended(),
            let amount = Extended(words[2])
        else { throw .notNumber }
        let sum = before + amount
        guard sum.isFinite else {
            throw CacheFault("ERR increment would produce NaN or Infinity")
        }
        let text = sum.text
        // Stored as text, not as a number.
        let room: Int32 = text.count <= Allocation.embeddedMax ? -1 : Int32(text.count)
        if let slot {
            replace(slot, .string(text), room: room)
        } else {
            add(words[1], .string(text), room: room)
        }
        changed(words[1])
        reply.bulk(text)
    }
}
