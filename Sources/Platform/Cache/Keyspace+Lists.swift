import RESP

enum ListCommand: Sendable {
    case push(isLeft: Bool, onlyIfThere: Bool)
    case pop(isLeft: Bool)
    case length, range, index, set, remove, trim, insert, position, move, rotate, popMany
}

/// Lists.
extension Keyspace {
    mutating func run(
        _ command: ListCommand, _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        switch command {
        case .push(let isLeft, let onlyIfThere):
            try push(words, isLeft: isLeft, onlyIfThere: onlyIfThere, &reply)
        case .pop(let isLeft): try pop(words, isLeft: isLeft, &reply)
        case .length: try reply.integer(list(words[1]).map { lists[$0].count } ?? 0)
        case .range: try range(words, &reply)
        case .index: try element(words, &reply)
        case .set: try setElement(words, &reply)
        case .remove: try removeElements(words, &reply)
        case .trim: try trim(words, &reply)
        case .insert: try insert(words, &reply)
        case .position: try position(words, &reply)
        case .move:
            let from = try words.end(3)
            let to = try words.end(4)
            try move(words, fromLeft: from, toLeft: to, &reply)
        case .rotate: try move(words, fromLeft: false, toLeft: true, &reply)
        case .popMany: try popMany(words, &reply)
        }
    }

    private mutating func push(
        _ words: Words, isLeft: Bool, onlyIfThere: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        if onlyIfThere, try list(words[1]) == nil { return reply.integer(0) }
        let index = try listToChange(words[1])
        editList(index) { list in
            for place in 2..<words.count {
                if isLeft {
                    list.prepend(words.bytes(place))
                } else {
                    list.append(words.bytes(place))
                }
            }
        }
        changed(words[1], words.count - 2)
        reply.integer(lists[index].count)
    }

    private mutating func pop(
        _ words: Words, isLeft: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard words.count <= 3 else { throw .arity(words[0].lowercasedText) }
        let count = try words.count > 2 ? words.natural(2) : nil
        guard let index = try list(words[1]) else {
            return count == nil ? reply.null() : reply.nullArray()
        }
        guard let count else {
            reply.bulk(editList(index) { isLeft ? $0.removeFirst() : $0.removeLast() })
            removeIfEmpty(words[1])
            return changed(words[1])
        }
        popElements(words[1], index, count, isLeft: isLeft, &reply)
    }

    private mutating func popElements(
        _ key: Word, _ index: Int32, _ count: Int, isLeft: Bool, _ reply: inout ReplyWriter
    ) {
        let number = min(count, lists[index].count)
        reply.array(number)
        guard number > 0 else { return }
        editList(index) { list in
            for _ in 0..<number { reply.bulk(isLeft ? list.removeFirst() : list.removeLast()) }
        }
        removeIfEmpty(key)
        changed(key, number)
    }

    private mutating func popMany(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let keys = try words.keys(1)
        guard keys.upperBound < words.count else { throw .syntax }
        let isLeft = try words.end(keys.upperBound)
        let count = try words.popCount(keys.upperBound + 1)
        for place in keys {
            guard let index = try list(words[place]) else { continue }
            reply.array(2)
            reply.bulk(words[place])
            return popElements(words[place], index, count, isLeft: isLeft, &reply)
        }
        reply.nullArray()
    }

    /// The places that a first and a last index mean, -1 being the last element; nil if none.
    static func places(_ first: Int64, _ last: Int64, of count: Int) -> Range<Int>? {
        let count = Int64(count)
        let from = max(first < 0 ? first + count : first, 0)
        let to = min(last < 0 ? last + count : last, count - 1)
        return from <= to && from < count ? Int(from)..<Int(to) + 1 : nil
    }

    private mutating func range(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let first = try words.integer(2)
        let last = try words.integer(3)
        guard let index = try list(words[1]),
            let places = Self.places(first, last, of: lists[index].count)
        else { return reply.array(0) }
        reply.array(places.count)
        for place in places { reply.bulk(lists[index][place]) }
    }

    private mutating func place(_ words: Words, _ index: Int32) throws(CacheFault) -> Int? {
        let wanted = try words.integer(2)
        let count = Int64(lists[index].count)
        let place = wanted < 0 ? wanted + count : wanted
        return (0..<count).contains(place) ? Int(place) : nil
    }

    private mutating func element(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        guard let index = try list(words[1]) else { return reply.null() }
        let place = try place(words, index)
        reply.bulk(place.map { lists[index][$0] })
    }

    private mutating func setElement(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault)
    {
        guard let index = try list(words[1]) else { throw .noSuchKey }
        guard let place = try place(words, index) else { throw .indexOutOfRange }
        editList(index) { $0[place] = words.bytes(3) }
        changed(words[1])
        reply.simple("OK")
    }

    private mutating func removeElements(
        _ words: Words, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        let wanted = try words.integer(2)
        guard let index = try list(words[1]) else { return reply.integer(0) }
        let count = wanted == 0 ? Int.max : Int(clamping: wanted.magnitude)
        let removed = editList(index) {
            $0.remove(words[3], count: count, fromBack: wanted < 0)
        }
        if removed > 0 {
            removeIfEmpty(words[1])
            changed(words[1], removed)
        }
        reply.integer(removed)
    }

    private mutating func trim(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let first = try words.integer(2)
        let last = try words.integer(3)
        guard let index = try list(words[1]) else { return reply.simple("OK") }
        let count = lists[index].count
        let kept = Self.places(first, last, of: count) ?? count..<count
        editList(index) { list in
            for _ in kept.upperBound..<count { _ = list.removeLast() }
            for _ in 0..<kept.lowerBound where !list.isEmpty { _ = list.removeFirst() }
        }
        removeIfEmpty(words[1])
        changed(words[1])
        reply.simple("OK")
    }

    private mutating func insert(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let isAfter = words.matches(2, "AFTER")
        guard isAfter || words.matches(2, "BEFORE") else { throw .syntax }
        guard let index = try list(words[1]) else { return reply.integer(0) }
        let count = lists[index].count
        guard let pivot = (0..<count).first(where: { lists[index][$0].elementsEqual(words[3]) })
        else { return reply.integer(-1) }
        editList(index) { $0.insert(words.bytes(4), at: isAfter ? pivot + 1 : pivot) }
        changed(words[1])
        reply.integer(count + 1)
    }

    private mutating func move(
        _ words: Words, fromLeft: Bool, toLeft: Bool, _ reply: inout ReplyWriter
    ) throws(CacheFault) {
        guard let source = try list(words[1]) else { return reply.null() }
        let target = try listToChange(words[2])
        let element = editList(source) { fromLeft ? $0.removeFirst() : $0.removeLast() }
        editList(target) { toLeft ? $0.prepend(element) : $0.append(element) }
        removeIfEmpty(words[1])
        changed(words[1])
        changed(words[2])
        reply.bulk(element)
    }

    // MARK: LPOS

    private struct PositionOptions {
        var rank: Int64 = 1
        var count: Int?
        var lengthMax = Int.max

        init(_ words: Words) throws(CacheFault) {
            var index = 3
            while index < words.count {
                let value = index + 1
                if words.matches(index, "RANK"), value < words.count {
                    rank = try words.integer(value)
                    guard rank != 0, rank > .min else {
                        throw CacheFault(
                            rank == 0
                                ? "ERR RANK can't be zero: use 1 to start from the first match, "
                                    + "2 from the second ... or use negative to start from the "
                                    + "end of the list"
                                : "ERR value is out of range")
                    }
                } else if words.matches(index, "COUNT"), value < words.count {
                    count = try Self.natural(words, value, "COUNT")
                } else if words.matches(index, "MAXLEN"), value < words.count {
                    let limit = try Self.natural(words, value, "MAXLEN")
                    lengthMax = limit == 0 ? .max : limit
                } else {
                    throw .syntax
                }
                index += 2
            }
        }

        private static func natural(
            _ words: Words, _ index: Int, _ name: String
        ) throws(CacheFault) -> Int {
            guard let value = Decimal.parse(words[index]), value >= 0 else {
                throw CacheFault("ERR \(name) can't be negative")
            }
            return Int(value)
        }
    }

    private mutating func position(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let options = try PositionOptions(words)
        guard let index = try list(words[1]) else {
            return options.count == nil ? reply.null() : reply.array(0)
        }
        let wanted = options.count == 0 ? Int.max : options.count ?? 1
        let count = lists[index].count
        var passed = Int(clamping: options.rank.magnitude) - 1
        var found: [Int] = []
        for step in 0..<min(count, options.lengthMax) where found.count < wanted {
            let place = options.rank > 0 ? step : count - 1 - step
            guard lists[index][place].elementsEqual(words[2]) else { continue }
            if passed > 0 { passed -= 1 } else { found.append(place) }
        }
        guard options.count != nil else {
            guard let first = found.first else { return reply.null() }
            return reply.integer(first)
        }
        reply.array(found.count)
        for place in found { reply.integer(place) }
    }
}

extension Words {
    /// True for LEFT, false for RIGHT.
    fileprivate func end(_ index: Int) throws(CacheFault) -> Bool {
        if matches(index, "LEFT") { return true }
        guard matches(index, "RIGHT") else { throw .syntax }
        return false
    }

    /// The places of keys whose number stands before them.
    func keys(_ index: Int, _ zero: String = "ERR numkeys should be greater than 0")
        throws(CacheFault)
        -> Range<Int>
    {
        guard let count = Decimal.parse(self[index]), count > 0 else { throw CacheFault(zero) }
        guard count <= Int64(self.count - index - 1) else { throw .syntax }
        return index + 1..<index + 1 + Int(count)
    }

    /// `[COUNT n]` at the end of LMPOP and ZMPOP.
    func popCount(_ start: Int) throws(CacheFault) -> Int {
        var count: Int?
        var index = start
        while index < self.count {
            guard count == nil, matches(index, "COUNT"), index + 1 < self.count else {
                throw .syntax
            }
            guard let value = Decimal.parse(self[index + 1]), value > 0 else {
                throw CacheFault("ERR count should be greater than 0")
            }
            count = Int(value)
            index += 2
        }
        return count ?? 1
    }
}
