import RESP

/// The members that a command is about: by score, by bytes or by rank.
enum SortedSetRange: Sendable {
    case ranks(first: Int64, last: Int64)
    case scores(low: ScoreBound, high: ScoreBound)
    case members(low: MemberBound, high: MemberBound)

    struct ScoreBound: Sendable {
        var score: Score
        var isExcluded: Bool

        /// `5`, `(5`, `-inf`.
        init(_ word: Word) throws(CacheFault) {
            isExcluded = word.first == UInt8(ascii: "(")
            guard let score = Score(isExcluded ? word.dropFirst() : word) else {
                throw CacheFault("ERR min or max is not a float")
            }
            self.score = score
        }
    }

    enum MemberBound: Sendable {
        case lowest
        case highest
        case member([UInt8], isExcluded: Bool)

        /// `-`, `+`, `[abc`, `(abc`.
        init(_ word: Word) throws(CacheFault) {
            switch word.first {
            case UInt8(ascii: "-") where word.count == 1: self = .lowest
            case UInt8(ascii: "+") where word.count == 1: self = .highest
            case UInt8(ascii: "["): self = .member([UInt8](word.dropFirst()), isExcluded: false)
            case UInt8(ascii: "("): self = .member([UInt8](word.dropFirst()), isExcluded: true)
            case _: throw CacheFault("ERR min or max not valid string range item")
            }
        }

        func isAbove(_ member: [UInt8]) -> Bool {
            switch self {
            case .lowest: false
            case .highest: true
            case .member(let bound, let isExcluded):
                precedes(member, bound) || isExcluded && member == bound
            }
        }

        func isBelow(_ member: [UInt8]) -> Bool {
            switch self {
            case .lowest: true
            case .highest: false
            case .member(let bound, let isExcluded):
                precedes(bound, member) || isExcluded && member == bound
            }
        }
    }

    /// Ranks from the lowest score up. Those by rank count from the other end if `isReversed`.
    func ranks(in items: SortedItems, isReversed: Bool) -> Range<Int> {
        let none = 0..<0
        switch self {
        case .ranks(let first, let last):
            guard let places = Keyspace.places(first, last, of: items.count) else { return none }
            guard isReversed else { return places }
            return items.count - places.upperBound..<items.count - places.lowerBound
        case .scores(let low, let high):
            let from = items.rank {
                $0.score < low.score || low.isExcluded && $0.score == low.score
            }
            let to = items.rank {
                $0.score < high.score || !high.isExcluded && $0.score == high.score
            }
            return from < to ? from..<to : none
        case .members(let low, let high):
            let from = items.rank { low.isAbove($0.member) }
            let to = items.rank { !high.isBelow($0.member) }
            return from < to ? from..<to : none
        }
    }
}

/// What ZRANGE and its many kin are asked for, from the key on.
struct SortedSetQuery: Sendable {
    enum Kind: Sendable { case any, ranks, scores, members }

    var range: SortedSetRange
    var isReversed: Bool
    var hasScores = false
    var offset: Int64 = 0
    var limit: Int64 = -1

    /// `start` is where the range begins. `kind` is `any` where options tell it; then REV is one.
    init(
        _ words: Words, _ start: Int, kind: Kind, isReversed: Bool, isStored: Bool
    ) throws(CacheFault) {
        var kind = kind
        let takesKind = kind == .any
        self.isReversed = isReversed
        var index = start + 2
        while index < words.count {
            if !isStored, words.matches(index, "WITHSCORES") {
                hasScores = true
            } else if words.matches(index, "LIMIT"), index + 2 < words.count {
                offset = try words.integer(index + 1)
                limit = try words.integer(index + 2)
                index += 2
            } else if takesKind, words.matches(index, "REV") {
                self.isReversed = true
            } else if takesKind, kind == .any, words.matches(index, "BYLEX") {
                kind = .members
            } else if takesKind, kind == .any, words.matches(index, "BYSCORE") {
                kind = .scores
            } else {
                throw .syntax
            }
            index += 1
        }
        if limit != -1 && (kind == .any || kind == .ranks) {
            throw CacheFault(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE "
                    + "or BYLEX")
        }
        if hasScores && kind == .members {
            throw CacheFault(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX")
        }
        let (low, high) = self.isReversed ? (start + 1, start) : (start, start + 1)
        switch kind {
        case .any, .ranks:
            range = .ranks(first: try words.integer(start), last: try words.integer(start + 1))
        case .scores: range = .scores(low: try .init(words[low]), high: try .init(words[high]))
        case .members: range = .members(low: try .init(words[low]), high: try .init(words[high]))
        }
    }

    func items(of items: SortedItems) -> [SortedItems.Item] {
        var ranks = range.ranks(in: items, isReversed: isReversed)
        if case .ranks = range { return items.items(ranks, isReversed: isReversed) }
        if offset != 0 || limit >= 0 {
            guard (0..<Int64(ranks.count)).contains(offset) else { return [] }
            let count = Int64(ranks.count) - offset
            let taken = Int(limit < 0 ? count : min(limit, count))
            if isReversed {
                let end = ranks.upperBound - Int(offset)
                ranks = end - taken..<end
            } else {
                let start = ranks.lowerBound + Int(offset)
                ranks = start..<start + taken
            }
        }
        return items.items(ranks, isReversed: isReversed)
    }
}
