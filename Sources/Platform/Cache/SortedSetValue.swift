import RESP

/// Members and their scores, in order; a table finds the scores once they are many.
struct SortedSetValue: Sendable {
    /// Falls when there are too many members, or too long ones.
    private(set) var isPack: Bool
    private(set) var items = SortedItems()
    private var table = HashTable<Score>()
    private var elementBytes = 0

    init(isPack: Bool = true) { self.isPack = isPack }

    var count: Int { items.count }

    func memory(_ allocation: Allocation) -> Int {
        if isPack { return allocation.object + allocation.pack(elementBytes) }
        return allocation.object + allocation.sortedSet + table.bucketBytes(allocation)
            + elementBytes + allocation.skipNodes(count)
    }

    func score(_ member: Word, _ layout: Layout) -> Score? {
        guard isPack else {
            return table.find(member, hash: layout.hasher.hash(member)).map { table[$0].value }
        }
        return items.score(of: member)
    }

    /// Where the member stands, which must be there.
    func rank(_ member: Word, score: Score) -> Int {
        let item = SortedItems.Item(score: score, member: [UInt8](member))
        return items.rank { SortedItems.Item.precedes($0, item) }
    }

    /// Sets the score of a member that has `before` or, if that is nil, is new.
    mutating func set(_ member: Word, _ score: Score, before: Score?, _ layout: Layout) {
        if isPack, before == nil {
            let isLarge = member.count > layout.limits.sortedSetElement
            if isLarge || count >= layout.limits.sortedSetEntries { convert(layout) }
        }
        // A list pack stores whole numbers as such, which have no negative zero.
        let score = isPack ? score.withoutNegativeZero : score
        let item = SortedItems.Item(score: score, member: [UInt8](member))
        if let before { items.remove(SortedItems.Item(score: before, member: item.member)) }
        items.insert(item)
        if isPack {
            elementBytes += Self.packed(score) - (before.map(Self.packed) ?? 0)
            if before == nil { elementBytes += Layout.packed(item.member) }
        } else {
            setInTable(item, isNew: before == nil, layout)
        }
    }

    mutating func remove(_ member: Word, _ score: Score, _ layout: Layout) {
        items.remove(SortedItems.Item(score: score, member: [UInt8](member)))
        if isPack {
            elementBytes -= Layout.packed([UInt8](member)) + Self.packed(score)
            return
        }
        if let slot = table.find(member, hash: layout.hasher.hash(member)) { table.remove(slot) }
        elementBytes -= layout.allocation.entry + layout.allocation.string(member.count)
        table.shrink()
    }

    private mutating func convert(_ layout: Layout) {
        isPack = false
        elementBytes = 0
        for item in items.items(0..<count, isReversed: false) {
            setInTable(item, isNew: true, layout)
        }
    }

    private mutating func setInTable(_ item: SortedItems.Item, isNew: Bool, _ layout: Layout) {
        let hash = layout.hasher.hash(item.member[...])
        table.step()
        if !isNew, let slot = table.find(item.member[...], hash: hash) {
            table[slot].value = item.score
            return
        }
        table.insert(item.member, hash: hash, item.score)
        elementBytes += layout.allocation.entry + layout.allocation.string(item.member.count)
    }

    private static func packed(_ score: Score) -> Int {
        if let integer = score.packed { return Allocation.packed(integer: integer) }
        return Allocation.packed(count: score.text.count)
    }

    /// Members and the texts of their scores, which differ with how they are stored.
    func scan(_ cursor: UInt64, _ visit: ([UInt8], [UInt8]) -> Void) -> UInt64 {
        guard isPack else {
            return table.scan(cursor) { visit(table[$0].key, table[$0].value.text) }
        }
        for item in items.items(0..<count, isReversed: false) {
            visit(item.member, item.score.packed.map(Decimal.text) ?? item.score.text)
        }
        return 0
    }
}
