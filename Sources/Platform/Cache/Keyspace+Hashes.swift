import Base
import RESP

enum HashCommand: Sendable {
    case set, setMany, setIfNew, get, getMany, getAll, delete, length, valueLength, exists
    case fields, values, increment, incrementByFraction, random, scan
}

/// Hashes: fields and values under one key.
extension Keyspace {
    mutating func run(
        _ command: HashCommand, _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .set: try setFields(words, "hset", &reply)
        case .setMany: try setFields(words, "hmset", &reply)
        case .setIfNew: try setFieldIfNew(words, &reply)
        case .get:
            let index = try hash(words[1])
            reply.bulk(index.flatMap { hashes[$0].get(words[2], layout) })
        case .getMany: try getFields(words, &reply)
        case .getAll: try listFields(words[1], fields: true, values: true, &reply)
        case .fields: try listFields(words[1], fields: true, values: false, &reply)
        case .values: try listFields(words[1], fields: false, values: true, &reply)
        case .delete: try deleteFields(words, &reply)
        case .length: try reply.integer(hash(words[1]).map { hashes[$0].count } ?? 0)
        case .valueLength:
            let index = try hash(words[1])
            reply.integer(index.flatMap { hashes[$0].get(words[2], layout) }?.count ?? 0)
        case .exists:
            let index = try hash(words[1])
            reply.flag(index.flatMap { hashes[$0].get(words[2], layout) } != nil)
        case .increment: try incrementField(words, &reply)
        case .incrementByFraction: try incrementFieldByFraction(words, &reply)
        case .random: try randomFields(words, &reply)
        case .scan: try scanFields(words, &reply)
        }
    }

    private mutating func setFields(
        _ words: Words, _ name: String, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count % 2 == 0 else { throw .arity(name) }
        let index = try hashToChange(words[1])
        var added = 0
        let layout = layout
        editHash(index) { hash in
            for place in stride(from: 2, to: words.count, by: 2)
            where hash.set(words[place], words.bytes(place + 1), layout) {
                added += 1
            }
        }
        changed(words[1], (words.count - 2) / 2)
        if name == "hset" { reply.integer(added) } else { reply.simple("OK") }
    }

    private mutating func setFieldIfNew(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let index = try hashToChange(words[1])
        guard hashes[index].get(words[2], layout) == nil else { return reply.flag(false) }
        let layout = layout
        editHash(index) { $0.set(words[2], words.bytes(3), layout) }
        changed(words[1])
        reply.flag(true)
    }

    private mutating func getFields(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let index = try hash(words[1])
        reply.array(words.count - 2)
        for place in 2..<words.count {
            reply.bulk(index.flatMap { hashes[$0].get(words[place], layout) })
        }
    }

    private mutating func listFields(
        _ key: Word, fields: Bool, values: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let index = try hash(key)
        let count = index.map { hashes[$0].count } ?? 0
        if fields && values { reply.map(count) } else { reply.array(count) }
        guard let index else { return }
        for place in 0..<count {
            let (field, value) = hashes[index].element(place)
            if fields { reply.bulk(field) }
            if values { reply.bulk(value) }
        }
    }

    private mutating func deleteFields(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let index = try hash(words[1]) else { return reply.integer(0) }
        var removed = 0
        let layout = layout
        editHash(index) { hash in
            for place in 2..<words.count where hash.remove(words[place], layout) { removed += 1 }
        }
        if removed > 0 {
            removeIfEmpty(words[1])
            changed(words[1], removed)
        }
        reply.integer(removed)
    }

    private mutating func incrementField(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let amount = try words.integer(3)
        let index = try hashToChange(words[1])
        var value: Int64 = 0
        if let old = hashes[index].get(words[2], layout) {
            guard let integer = Decimal.parse(old[...]) else {
                throw CacheFault("ERR hash value is not an integer")
            }
            value = integer
        }
        let (sum, overflow) = value.addingReportingOverflow(amount)
        guard !overflow else { throw .overflow }
        let layout = layout
        editHash(index) { $0.set(words[2], Decimal.text(sum), layout) }
        changed(words[1])
        reply.integer(sum)
    }

    private mutating func incrementFieldByFraction(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let amount = Extended(words[3]) else { throw .notNumber }
        guard amount.isFinite else { throw CacheFault("ERR value is NaN or Infinity") }
        let index = try hashToChange(words[1])
        var value = Extended()
        if let old = hashes[index].get(words[2], layout) {
            guard let number = Extended(old[...]) else {
                throw CacheFault("ERR hash value is not a float")
            }
            value = number
        }
        let sum = value + amount
        guard sum.isFinite else {
            throw CacheFault("ERR increment would produce NaN or Infinity")
        }
        let text = sum.text
        let layout = layout
        editHash(index) { $0.set(words[2], text, layout) }
        changed(words[1])
        reply.bulk(text)
    }

    private mutating func randomFields(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count > 2 else {
            guard let index = try hash(words[1]) else { return reply.null() }
            let place = Int(random.below(UInt64(hashes[index].count)))
            return reply.bulk(hashes[index].element(place).field)
        }
        let count = try words.randomCount(2)
        let hasValues = words.count == 4 && words.matches(3, "WITHVALUES")
        guard words.count == 3 || hasValues else { throw .syntax }
        guard let index = try hash(words[1]) else { return reply.array(0) }
        let places = randomPlaces(of: hashes[index].count, count)
        if hasValues { reply.pairs(places.count) } else { reply.array(places.count) }
        for place in places {
            let (field, value) = hashes[index].element(place)
            if hasValues { reply.pair() }
            reply.bulk(field)
            if hasValues { reply.bulk(value) }
        }
    }

    /// Places in a collection: `wanted` different ones, or -`wanted` of which some may be the same.
    mutating func randomPlaces(of count: Int, _ wanted: Int) -> [Int] {
        if wanted < 0 {
            return (0..<(-wanted)).map { _ in Int(random.below(UInt64(count))) }
        }
        guard wanted < count else { return Array(0..<count) }
        // Floyd's sampling, with the chosen in a table when they are many.
        var chosen = Lookup<Int, Bool>()
        var places: [Int] = []
        for last in count - wanted..<count {
            let place = Int(random.below(UInt64(last + 1)))
            let pick = chosen[place] == nil ? place : last
            chosen[pick] = true
            places.append(pick)
        }
        random.shuffle(&places)
        return places
    }

    private mutating func scanFields(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        let cursor = try words.cursor(2)
        guard let index = try hash(words[1]) else { return Self.emptyScan(&reply) }
        let options = try ScanOptions(words, from: 3, takesType: false)
        scanElements(cursor, options, &reply) { cursor, visit in
            hashes[index].scan(cursor) { visit($0, $1) }
        }
    }

    static func emptyScan(_ reply: inout ReplyWriter) {
        reply.array(2)
        reply.bulk("0")
        reply.array(0)
    }
}

extension Words {
    /// How many random elements are wanted, at most `randomMax` of them.
    func randomCount(_ index: Int) throws(CacheFault) -> Int {
        let count = try integer(index)
        guard count >= -Self.randomMax else { throw CacheFault("ERR value is out of range") }
        return Int(count)
    }

    /// A negative count is answered with as many elements, whatever there are.
    private static var randomMax: Int64 { 1 << 20 }
}
