import RESP

/// Members without order: sorted integers while they are few, then a table.
struct SetValue: Sendable {
    /// What a table of members has beside its keys.
    struct Nothing: Sendable {}

    private(set) var isIntegers = true
    private var integers: [Int64] = []
    /// Bytes of an integer: never falls, as in Redis.
    private var width = 2
    private var table = HashTable<Nothing>()
    private var elementBytes = 0

    var count: Int { isIntegers ? integers.count : table.count }

    func memory(_ allocation: Allocation) -> Int {
        if isIntegers {
            return allocation.object + allocation.integers(integers.count, width: width)
        }
        return allocation.object + allocation.table + table.bucketBytes(allocation) + elementBytes
    }

    /// In the order in which they stand; changes with every removal.
    func member(_ index: Int) -> [UInt8] {
        isIntegers ? Decimal.text(integers[index]) : table[index].key
    }

    func contains(_ member: Word, _ layout: Layout) -> Bool {
        guard isIntegers else {
            return table.find(member, hash: layout.hasher.hash(member)) != nil
        }
        guard let integer = Decimal.parse(member) else { return false }
        let place = self.place(integer)
        return place < integers.count && integers[place] == integer
    }

    /// True if it is new.
    @discardableResult
    mutating func insert(_ member: Word, _ layout: Layout) -> Bool {
        if isIntegers {
            if let integer = Decimal.parse(member) { return insert(integer, layout) }
            convert(layout)
        }
        let hash = layout.hasher.hash(member)
        guard table.find(member, hash: hash) == nil else { return false }
        elementBytes += layout.allocation.entry + layout.allocation.string(member.count)
        table.insert([UInt8](member), hash: hash, Nothing())
        return true
    }

    private mutating func insert(_ integer: Int64, _ layout: Layout) -> Bool {
        let place = self.place(integer)
        guard place == integers.count || integers[place] != integer else { return false }
        integers.insert(integer, at: place)
        width = max(width, Self.width(integer))
        if integers.count > layout.limits.setIntegers { convert(layout) }
        return true
    }

    mutating func remove(_ member: Word, _ layout: Layout) -> Bool {
        if isIntegers {
            guard let integer = Decimal.parse(member) else { return false }
            let place = self.place(integer)
            guard place < integers.count, integers[place] == integer else { return false }
            integers.remove(at: place)
            return true
        }
        guard let slot = table.find(member, hash: layout.hasher.hash(member)) else { return false }
        table.remove(slot)
        elementBytes -= layout.allocation.entry + layout.allocation.string(member.count)
        table.shrink()
        return true
    }

    private mutating func convert(_ layout: Layout) {
        let old = integers
        integers = []
        isIntegers = false
        for integer in old { insert(Decimal.text(integer)[...], layout) }
    }

    /// Where the first integer stands that is not less.
    private func place(_ integer: Int64) -> Int {
        var low = 0
        var high = integers.count
        while low < high {
            let middle = (low + high) / 2
            if integers[middle] < integer { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func width(_ integer: Int64) -> Int {
        if Int16(exactly: integer) != nil { return 2 }
        return Int32(exactly: integer) != nil ? 4 : 8
    }

    func scan(_ cursor: UInt64, _ visit: ([UInt8]) -> Void) -> UInt64 {
        guard isIntegers else { return table.scan(cursor) { visit(table[$0].key) } }
        for integer in integers { visit(Decimal.text(integer)) }
        return 0
    }
}
