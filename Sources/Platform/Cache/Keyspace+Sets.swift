import Base
import RESP

enum SetCommand: Sendable {
    case add, remove, contains, containsMany, members, count, pop, random, move, scan
    case combine(SetOperation), store(SetOperation), countIntersection
}

enum SetOperation: Sendable { case union, intersection, difference }

/// Sets.
extension Keyspace {
    mutating func run(
        _ command: SetCommand, _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .add: try addMembers(words, &reply)
        case .remove: try removeMembers(words, &reply)
        case .contains:
            let index = try set(words[1])
            reply.flag(index.map { sets[$0].contains(words[2], layout) } ?? false)
        case .containsMany:
            let index = try set(words[1])
            reply.array(words.count - 2)
            for place in 2..<words.count {
                reply.flag(index.map { sets[$0].contains(words[place], layout) } ?? false)
            }
        case .members: write(try members(words[1]), &reply)
        case .count: try reply.integer(set(words[1]).map { sets[$0].count } ?? 0)
        case .pop: try popMembers(words, &reply)
        case .random: try randomMembers(words, &reply)
        case .move: try moveMember(words, &reply)
        case .scan: try scanMembers(words, &reply)
        case .combine(let operation):
            write(try combine(operation, words, 1..<words.count), &reply)
        case .store(let operation):
            let members = try combine(operation, words, 2..<words.count)
            storeSet(words[1], members)
            reply.integer(members.count)
        case .countIntersection: try countIntersection(words, &reply)
        }
    }

    private func write(_ members: [[UInt8]], _ reply: inout ReplyWriter) {
        reply.set(members.count)
        for member in members { reply.bulk(member) }
    }

    private mutating func members(_ key: Word) throws(CacheFault) -> [[UInt8]] {
        guard let index = try set(key) else { return [] }
        return (0..<sets[index].count).map { sets[index].member($0) }
    }

    private mutating func addMembers(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        let index = try setToChange(words[1])
        let layout = layout
        let added = editMembers(index) { set in
            var added = 0
            for place in 2..<words.count where set.insert(words[place], layout) { added += 1 }
            return added
        }
        if added > 0 { changed(words[1], added) }
        reply.integer(added)
    }

    private mutating func removeMembers(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let index = try set(words[1]) else { return reply.integer(0) }
        let layout = layout
        let removed = editMembers(index) { set in
            var removed = 0
            for place in 2..<words.count where set.remove(words[place], layout) { removed += 1 }
            return removed
        }
        if removed > 0 {
            removeIfEmpty(words[1])
            changed(words[1], removed)
        }
        reply.integer(removed)
    }

    private mutating func popMembers(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        guard words.count <= 3 else { throw .syntax }
        let count = try words.count > 2 ? words.natural(2) : nil
        guard let index = try set(words[1]) else {
            return count == nil ? reply.null() : reply.set(0)
        }
        let layout = layout
        let places = randomPlaces(of: sets[index].count, count ?? 1)
        let members = places.map { sets[index].member($0) }
        if let count {
            reply.set(min(count, members.count))
        }
        guard !members.isEmpty else { return }
        editMembers(index) { set in
            for member in members {
                reply.bulk(member)
                _ = set.remove(member[...], layout)
            }
        }
        removeIfEmpty(words[1])
        changed(words[1], members.count)
    }

    private mutating func randomMembers(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count <= 3 else { throw .syntax }
        guard words.count == 3 else {
            guard let index = try set(words[1]) else { return reply.null() }
            let place = Int(random.below(UInt64(sets[index].count)))
            return reply.bulk(sets[index].member(place))
        }
        let count = try words.randomCount(2)
        guard let index = try set(words[1]) else { return reply.array(0) }
        let places = randomPlaces(of: sets[index].count, count)
        reply.array(places.count)
        for place in places { reply.bulk(sets[index].member(place)) }
    }

    private mutating func moveMember(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        guard let source = try set(words[1]) else { return reply.flag(false) }
        let target = try set(words[2])
        if source == target { return reply.flag(sets[source].contains(words[3], layout)) }
        let layout = layout
        guard editMembers(source, { $0.remove(words[3], layout) }) else { return reply.flag(false) }
        removeIfEmpty(words[1])
        changed(words[1])
        let index = try setToChange(words[2])
        if editMembers(index, { $0.insert(words[3], layout) }) { changed(words[2]) }
        reply.flag(true)
    }

    // MARK: Several sets

    private mutating func combine(
        _ operation: SetOperation, _ words: Words, _ keys: Range<Int>
    ) throws(CacheFault) -> [[UInt8]] {
        var indices: [Int32?] = []
        for place in keys { indices.append(try set(words[place])) }
        switch operation {
        case .union: return union(indices)
        case .intersection: return intersection(indices, limit: .max)
        case .difference: return difference(indices)
        }
    }

    private func union(_ indices: [Int32?]) -> [[UInt8]] {
        var seen = SetValue()
        for case let index? in indices {
            for place in 0..<sets[index].count {
                seen.insert(sets[index].member(place)[...], layout)
            }
        }
        return (0..<seen.count).map { seen.member($0) }
    }

    private func intersection(_ indices: [Int32?], limit: Int) -> [[UInt8]] {
        var present: [Int32] = []
        for index in indices {
            guard let index else { return [] }
            present.append(index)
        }
        // From the smallest, so that the fewest are looked for.
        present.sort { (sets[$0].count, $0) < (sets[$1].count, $1) }
        var members: [[UInt8]] = []
        for place in 0..<sets[present[0]].count where members.count < limit {
            let member = sets[present[0]].member(place)
            if present.dropFirst().allSatisfy({ sets[$0].contains(member[...], layout) }) {
                members.append(member)
            }
        }
        return members
    }

    private func difference(_ indices: [Int32?]) -> [[UInt8]] {
        guard case let first?? = indices.first else { return [] }
        let others = indices.dropFirst().compactMap { $0 }
        return (0..<sets[first].count).map { sets[first].member($0) }.filter { member in
            !others.contains { sets[$0].contains(member[...], layout) }
        }
    }

    private mutating func storeSet(_ key: Word, _ members: [[UInt8]]) {
        guard !members.isEmpty else { return store(key, nil) }
        var result = SetValue()
        for member in members { result.insert(member[...], layout) }
        store(key, .set(sets.insert(result)))
    }

    private mutating func countIntersection(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let (keys, limit) = try words.keysAndLimit()
        var indices: [Int32?] = []
        for place in keys { indices.append(try set(words[place])) }
        reply.integer(intersection(indices, limit: limit).count)
    }

    private mutating func scanMembers(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        let cursor = try words.cursor(2)
        guard let index = try set(words[1]) else { return Self.emptyScan(&reply) }
        let options = try ScanOptions(words, from: 3, takesType: false)
        scanElements(cursor, options, &reply) { cursor, visit in
            sets[index].scan(cursor) { visit($0, nil) }
        }
    }
}

extension Words {
    /// `numkeys key … [LIMIT n]` of SINTERCARD and ZINTERCARD.
    func keysAndLimit() throws(CacheFault) -> (keys: Range<Int>, limit: Int) {
        guard let count = Decimal.parse(self[1]), count > 0 else {
            throw CacheFault("ERR numkeys should be greater than 0")
        }
        guard count <= Int64(self.count - 2) else {
            throw CacheFault("ERR Number of keys can't be greater than number of args")
        }
        let keys = 2..<2 + Int(count)
        var limit = 0
        var index = keys.upperBound
        while index < self.count {
            guard matches(index, "LIMIT"), index + 1 < self.count else { throw .syntax }
            guard let value = Decimal.parse(self[index + 1]), value >= 0 else {
                throw CacheFault("ERR LIMIT can't be negative")
            }
            limit = Int(value)
            index += 2
        }
        return (keys, limit == 0 ? .max : limit)
    }
}
