import Base
import RESP

enum SortedSetCommand: Sendable {
    case add, increment, remove, count, score, scores, rank(isReversed: Bool)
    case countRange(SortedSetQuery.Kind)
    case range(SortedSetQuery.Kind, isReversed: Bool)
    case storeRange
    case removeRange(SortedSetQuery.Kind)
    case pop(isHighest: Bool)
    case popMany, random, scan
    case combine(SetOperation), store(SetOperation), countIntersection
}

/// Sorted sets.
extension Keyspace {
    mutating func run(
        _ command: SortedSetCommand, _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .add: try addScores(words, &reply)
        case .increment:
            let change = ScoreChange(increments: true)
            try addScores(words, change, from: 2, &reply)
        case .remove: try removeScores(words, &reply)
        case .count: try reply.integer(sortedSet(words[1]).map { sortedSets[$0].count } ?? 0)
        case .score:
            let index = try sortedSet(words[1])
            reply.double(index.flatMap { sortedSets[$0].score(words[2], layout) }?.text)
        case .scores:
            let index = try sortedSet(words[1])
            reply.array(words.count - 2)
            for place in 2..<words.count {
                reply.double(index.flatMap { sortedSets[$0].score(words[place], layout) }?.text)
            }
        case .rank(let isReversed): try rank(words, isReversed: isReversed, &reply)
        case .countRange(let kind): try countRange(words, kind, &reply)
        case .range(let kind, let isReversed):
            let query = try SortedSetQuery(
                words, 2, kind: kind, isReversed: isReversed, isStored: false)
            let index = try sortedSet(words[1])
            let items = index.map { query.items(of: sortedSets[$0].items) } ?? []
            write(items, hasScores: query.hasScores, &reply)
        case .storeRange: try storeRange(words, &reply)
        case .removeRange(let kind): try removeRange(words, kind, &reply)
        case .pop(let isHighest): try popScores(words, isHighest: isHighest, &reply)
        case .popMany: try popManyScores(words, &reply)
        case .random: try randomScores(words, &reply)
        case .scan: try scanScores(words, &reply)
        case .combine(let operation):
            let keys = try words.inputKeys(1)
            let inputs = try inputs(words, keys)
            let union = try SortedSetUnion(words, keys, operation, isStored: false)
            let result = combined(union, inputs)
            write(
                result.items.items(0..<result.count, isReversed: false),
                hasScores: union.hasScores, &reply)
        case .store(let operation):
            let keys = try words.inputKeys(2)
            let inputs = try inputs(words, keys)
            let union = try SortedSetUnion(words, keys, operation, isStored: true)
            let result = combined(union, inputs)
            store(words[1], result.count == 0 ? nil : .sortedSet(sortedSets.insert(result)))
            reply.integer(result.count)
        case .countIntersection: try countScores(words, &reply)
        }
    }

    private func write(
        _ items: [SortedItems.Item], hasScores: Bool, _ reply: inout ReplyWriter
    ) {
        if hasScores { reply.pairs(items.count) } else { reply.array(items.count) }
        for item in items {
            if hasScores { reply.pair() }
            reply.bulk(item.member)
            if hasScores { reply.double(item.score.text) }
        }
    }

    // MARK: ZADD

    private struct ScoreChange {
        var ifNew = false
        var ifThere = false
        var ifGreater = false
        var ifLess = false
        var countsChanged = false
        var increments = false

        /// The score that a member comes to; nil if it stays as it is.
        func score(_ old: Score?, _ given: Score) throws(CacheFault) -> Score? {
            guard let old else { return ifThere ? nil : given }
            guard !ifNew else { return nil }
            var next = given
            if increments {
                guard let sum = old.adding(given) else {
                    throw CacheFault("ERR resulting score is not a number (NaN)")
                }
                next = sum
            }
            if ifLess && next >= old || ifGreater && next <= old { return nil }
            return next
        }
    }

    private mutating func addScores(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        var change = ScoreChange()
        var index = 2
        options: while index < words.count {
            if words.matches(index, "NX") {
                change.ifNew = true
            } else if words.matches(index, "XX") {
                change.ifThere = true
            } else if words.matches(index, "CH") {
                change.countsChanged = true
            } else if words.matches(index, "INCR") {
                change.increments = true
            } else if words.matches(index, "GT") {
                change.ifGreater = true
            } else if words.matches(index, "LT") {
                change.ifLess = true
            } else {
                break options
            }
            index += 1
        }
        let count = words.count - index
        guard count > 0, count % 2 == 0 else { throw .syntax }
        guard !(change.ifNew && change.ifThere) else {
            throw CacheFault("ERR XX and NX options at the same time are not compatible")
        }
        guard
            !(change.ifGreater && change.ifNew || change.ifLess && change.ifNew
                || change.ifGreater && change.ifLess)
        else {
            throw CacheFault(
                "ERR GT, LT, and/or NX options at the same time are not compatible")
        }
        guard !change.increments || count == 2 else {
            throw CacheFault("ERR INCR option supports a single increment-element pair")
        }
        try addScores(words, change, from: index, &reply)
    }

    private mutating func addScores(
        _ words: Words, _ change: ScoreChange, from start: Int, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        var scores: [Score] = []
        for index in stride(from: start, to: words.count, by: 2) {
            scores.append(try words.score(index))
        }
        if change.ifThere, try sortedSet(words[1]) == nil {
            return change.increments ? reply.null() : reply.integer(0)
        }
        let index = try sortedSetToChange(words[1])
        var added = 0
        var updated = 0
        var last: Score?
        let layout = layout
        for (place, given) in scores.enumerated() {
            let member = words[start + place * 2 + 1]
            let old = sortedSets[index].score(member, layout)
            last = try change.score(old, given)
            guard let next = last else { continue }
            if old == nil {
                added += 1
            } else if old != next {
                updated += 1
            }
            guard old != next else { continue }
            editScores(index) { $0.set(member, next, before: old, layout) }
        }
        removeIfEmpty(words[1])
        if added + updated > 0 { changed(words[1], added + updated) }
        if change.increments {
            reply.double(last?.text)
        } else {
            reply.integer(change.countsChanged ? added + updated : added)
        }
    }

    private mutating func removeScores(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let index = try sortedSet(words[1]) else { return reply.integer(0) }
        var removed = 0
        let layout = layout
        for place in 2..<words.count {
            guard let score = sortedSets[index].score(words[place], layout) else { continue }
            editScores(index) { $0.remove(words[place], score, layout) }
            removed += 1
        }
        if removed > 0 {
            removeIfEmpty(words[1])
            changed(words[1], removed)
        }
        reply.integer(removed)
    }

    private mutating func rank(
        _ words: Words, isReversed: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let index = try sortedSet(words[1]),
            let score = sortedSets[index].score(words[2], layout)
        else { return reply.null() }
        let rank = sortedSets[index].rank(words[2], score: score)
        reply.integer(isReversed ? sortedSets[index].count - 1 - rank : rank)
    }

    // MARK: Ranges

    private func range(
        _ words: Words, _ start: Int, _ kind: SortedSetQuery.Kind
    ) throws(CacheFault) -> SortedSetRange {
        switch kind {
        case .any, .ranks:
            .ranks(first: try words.integer(start), last: try words.integer(start + 1))
        case .scores:
            .scores(low: try .init(words[start]), high: try .init(words[start + 1]))
        case .members:
            .members(low: try .init(words[start]), high: try .init(words[start + 1]))
        }
    }

    private mutating func countRange(
        _ words: Words, _ kind: SortedSetQuery.Kind, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let range = try range(words, 2, kind)
        guard let index = try sortedSet(words[1]) else { return reply.integer(0) }
        reply.integer(range.ranks(in: sortedSets[index].items, isReversed: false).count)
    }

    private mutating func storeRange(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        let query = try SortedSetQuery(words, 3, kind: .any, isReversed: false, isStored: true)
        let index = try sortedSet(words[2])
        let items = index.map { query.items(of: sortedSets[$0].items) } ?? []
        store(words[1], items.isEmpty ? nil : .sortedSet(sortedSets.insert(sortedSet(items))))
        reply.integer(items.count)
    }

    private func sortedSet(_ items: [SortedItems.Item]) -> SortedSetValue {
        var result = SortedSetValue()
        for item in items { result.set(item.member[...], item.score, before: nil, layout) }
        return result
    }

    private mutating func removeRange(
        _ words: Words, _ kind: SortedSetQuery.Kind, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let range = try range(words, 2, kind)
        guard let index = try sortedSet(words[1]) else { return reply.integer(0) }
        let ranks = range.ranks(in: sortedSets[index].items, isReversed: false)
        removeItems(words[1], index, sortedSets[index].items.items(ranks, isReversed: false))
        reply.integer(ranks.count)
    }

    private mutating func removeItems(_ key: Word, _ index: Int32, _ items: [SortedItems.Item]) {
        guard !items.isEmpty else { return }
        let layout = layout
        editScores(index) { set in
            for item in items { set.remove(item.member[...], item.score, layout) }
        }
        removeIfEmpty(key)
        changed(key, items.count)
    }

    // MARK: Taking

    private mutating func popScores(
        _ words: Words, isHighest: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count <= 3 else { throw .syntax }
        let count = try words.count > 2 ? words.natural(2) : nil
        guard let index = try sortedSet(words[1]) else { return reply.array(0) }
        let items = pop(words[1], index, count ?? 1, isHighest: isHighest)
        guard count == nil, let item = items.first else {
            return write(items, hasScores: true, &reply)
        }
        reply.array(2)
        reply.bulk(item.member)
        reply.double(item.score.text)
    }

    private mutating func pop(
        _ key: Word, _ index: Int32, _ count: Int, isHighest: Bool
    ) -> [SortedItems.Item] {
        let all = sortedSets[index].count
        let number = min(count, all)
        let ranks = isHighest ? all - number..<all : 0..<number
        let items = sortedSets[index].items.items(ranks, isReversed: isHighest)
        removeItems(key, index, items)
        return items
    }

    private mutating func popManyScores(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let keys = try words.keys(1)
        guard keys.upperBound < words.count else { throw .syntax }
        let isHighest = words.matches(keys.upperBound, "MAX")
        guard isHighest || words.matches(keys.upperBound, "MIN") else { throw .syntax }
        let count = try words.popCount(keys.upperBound + 1)
        for place in keys {
            guard let index = try sortedSet(words[place]) else { continue }
            let items = pop(words[place], index, count, isHighest: isHighest)
            reply.array(2)
            reply.bulk(words[place])
            reply.array(items.count)
            for item in items {
                reply.array(2)
                reply.bulk(item.member)
                reply.double(item.score.text)
            }
            return
        }
        reply.nullArray()
    }

    private mutating func randomScores(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count > 2 else {
            guard let index = try sortedSet(words[1]) else { return reply.null() }
            let rank = Int(random.below(UInt64(sortedSets[index].count)))
            return reply.bulk(sortedSets[index].items[rank].member)
        }
        let count = try words.randomCount(2)
        let hasScores = words.count == 4 && words.matches(3, "WITHSCORES")
        guard words.count == 3 || hasScores else { throw .syntax }
        guard let index = try sortedSet(words[1]) else { return reply.array(0) }
        let places = randomPlaces(of: sortedSets[index].count, count)
        write(places.map { sortedSets[index].items[$0] }, hasScores: hasScores, &reply)
    }

    private mutating func scanScores(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        let cursor = try words.cursor(2)
        guard let index = try sortedSet(words[1]) else { return Self.emptyScan(&reply) }
        let options = try ScanOptions(words, from: 3, takesType: false)
        scanElements(cursor, options, &reply) { cursor, visit in
            sortedSets[index].scan(cursor) { visit($0, $1) }
        }
    }
}
