import RESP

/// `numkeys key … [WEIGHTS w …] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]`.
struct SortedSetUnion {
    enum Aggregate { case sum, least, greatest }

    let operation: SetOperation
    let isStored: Bool
    var weights: [Score]
    var aggregate = Aggregate.sum
    var hasScores = false

    /// Options stand behind the keys.
    init(
        _ words: Words, _ keys: Range<Int>, _ operation: SetOperation, isStored: Bool
    ) throws(CacheFault) {
        self.operation = operation
        self.isStored = isStored
        weights = keys.map { _ in Score(1) }
        var index = keys.upperBound
        while index < words.count {
            if operation != .difference, words.matches(index, "WEIGHTS"),
                index + keys.count < words.count
            {
                for place in 0..<keys.count {
                    guard let weight = Score(words[index + 1 + place]) else {
                        throw CacheFault("ERR weight value is not a float")
                    }
                    weights[place] = weight
                }
                index += keys.count
            } else if operation != .difference, words.matches(index, "AGGREGATE"),
                index + 1 < words.count
            {
                aggregate = try Self.aggregate(words, index + 1)
                index += 1
            } else if !isStored, words.matches(index, "WITHSCORES") {
                hasScores = true
            } else {
                throw .syntax
            }
            index += 1
        }
    }

    private static func aggregate(_ words: Words, _ index: Int) throws(CacheFault) -> Aggregate {
        if words.matches(index, "SUM") { return .sum }
        if words.matches(index, "MIN") { return .least }
        guard words.matches(index, "MAX") else { throw .syntax }
        return .greatest
    }

    func combined(_ a: Score, _ b: Score) -> Score {
        switch aggregate {
        case .sum: a.addingOrZero(b)
        case .least: min(a, b)
        case .greatest: max(a, b)
        }
    }
}

extension Words {
    /// The places of the keys of ZUNION and its kin.
    func inputKeys(_ start: Int) throws(CacheFault) -> Range<Int> {
        let count = try integer(start)
        guard count >= 1 else {
            let name = self[0].lowercasedText
            throw CacheFault("ERR at least 1 input key is needed for '\(name)' command")
        }
        guard count <= Int64(self.count - start - 1) else { throw .syntax }
        return start + 1..<start + 1 + Int(count)
    }
}

/// Unions, intersections and differences of sorted sets and sets, whose members score 1.
extension Keyspace {
    enum Input {
        case none
        case set(Int32)
        case sortedSet(Int32)
    }

    mutating func inputs(_ words: Words, _ keys: Range<Int>) throws(CacheFault) -> [Input] {
        var inputs: [Input] = []
        for place in keys { inputs.append(try input(words[place])) }
        return inputs
    }

    private mutating func input(_ key: Word) throws(CacheFault) -> Input {
        guard let slot = findToRead(key) else { return .none }
        switch self[slot].value {
        case .set(let index): return .set(index)
        case .sortedSet(let index): return .sortedSet(index)
        case .integer, .string, .hash, .list: throw .wrongType
        }
    }

    private func count(_ input: Input) -> Int {
        switch input {
        case .none: 0
        case .set(let index): sets[index].count
        case .sortedSet(let index): sortedSets[index].count
        }
    }

    private func score(_ member: Word, _ input: Input) -> Score? {
        switch input {
        case .none: nil
        case .set(let index): sets[index].contains(member, layout) ? Score(1) : nil
        case .sortedSet(let index): sortedSets[index].score(member, layout)
        }
    }

    private func items(_ input: Input) -> [SortedItems.Item] {
        switch input {
        case .none: []
        case .set(let index):
            (0..<sets[index].count).map {
                SortedItems.Item(score: Score(1), member: sets[index].member($0))
            }
        case .sortedSet(let index):
            sortedSets[index].items.items(0..<sortedSets[index].count, isReversed: false)
        }
    }

    func combined(_ union: SortedSetUnion, _ inputs: [Input]) -> SortedSetValue {
        // What is not stored is not made small.
        var result = SortedSetValue(isPack: union.isStored)
        if union.operation == .difference {
            subtract(inputs, into: &result)
            return result
        }
        // From the smallest, as Redis adds them up.
        let order = inputs.indices.sorted { (count(inputs[$0]), $0) < (count(inputs[$1]), $1) }
        let sorted = order.map { (input: inputs[$0], weight: union.weights[$0]) }
        if union.operation == .intersection {
            intersect(sorted, limit: .max, combined: union.combined) { member, score in
                result.set(member[...], score, before: nil, layout)
            }
            return result
        }
        for (input, weight) in sorted {
            for item in items(input) {
                let given = item.score.weighed(by: weight)
                let old = result.score(item.member[...], layout)
                let score = old.map { union.combined($0, given) } ?? given
                if score != old { result.set(item.member[...], score, before: old, layout) }
            }
        }
        return result
    }

    private func intersect(
        _ inputs: [(input: Input, weight: Score)], limit: Int,
        combined: (Score, Score) -> Score, _ visit: ([UInt8], Score) -> Void
    ) {
        var found = 0
        candidates: for item in items(inputs[0].input) where found < limit {
            var score = item.score.weighed(by: inputs[0].weight)
            for (input, weight) in inputs.dropFirst() {
                guard let other = self.score(item.member[...], input) else {
                    continue candidates
                }
                score = combined(score, other.weighed(by: weight))
            }
            found += 1
            visit(item.member, score)
        }
    }

    private func subtract(_ inputs: [Input], into result: inout SortedSetValue) {
        for item in items(inputs[0]) {
            let isElsewhere = inputs.dropFirst().contains {
                score(item.member[...], $0) != nil
            }
            if !isElsewhere { result.set(item.member[...], item.score, before: nil, layout) }
        }
    }

    mutating func countScores(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        let keys = try words.inputKeys(1)
        let inputs = try inputs(words, keys)
        var limit = 0
        var index = keys.upperBound
        while index < words.count {
            guard words.matches(index, "LIMIT"), index + 1 < words.count else { throw .syntax }
            guard let value = Decimal.parse(words[index + 1]), value >= 0 else {
                throw CacheFault("ERR LIMIT can't be negative")
            }
            limit = Int(value)
            index += 2
        }
        var found = 0
        let sorted = inputs.sorted { count($0) < count($1) }.map { (input: $0, weight: Score(1)) }
        intersect(
            sorted, limit: limit == 0 ? .max : limit, combined: { score, _ in score }
        ) { _, _ in found += 1 }
        reply.integer(found)
    }
}
