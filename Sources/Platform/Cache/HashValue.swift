import RESP

/// Fields and their values: in order in one list pack while small, then in a table.
struct HashValue: Sendable {
    private struct Pair: Sendable {
        var field: [UInt8]
        var value: [UInt8]
    }

    private(set) var isPack = true
    /// Of a list pack, in the order of insertion.
    private var pairs: [Pair] = []
    private(set) var table = HashTable<[UInt8]>()
    /// What all elements occupy: in the list pack, or allocated for the table's entries.
    private var elementBytes = 0

    var count: Int { isPack ? pairs.count : table.count }

    func memory(_ allocation: Allocation) -> Int {
        isPack
            ? Self.packMemory(elementBytes, allocation)
            : Self.tableMemory(elementBytes, buckets: table.bucketBytes(allocation), allocation)
    }

    static func packMemory(_ elements: Int, _ allocation: Allocation) -> Int {
        allocation.object + allocation.pack(elements)
    }

    static func tableMemory(_ elements: Int, buckets: Int, _ allocation: Allocation) -> Int {
        allocation.object + allocation.table + buckets + elements
    }

    func get(_ field: Word, _ layout: Layout) -> [UInt8]? {
        if isPack { return pairIndex(field).map { pairs[$0].value } }
        return table.find(field, hash: layout.hasher.hash(field)).map { table[$0].value }
    }

    /// In the order in which they stand; changes with every removal.
    func element(_ index: Int) -> (field: [UInt8], value: [UInt8]) {
        if isPack { return (pairs[index].field, pairs[index].value) }
        return (table[index].key, table[index].value)
    }

    /// True if the field is new.
    @discardableResult
    mutating func set(_ field: Word, _ value: [UInt8], _ layout: Layout) -> Bool {
        if isPack {
            let valueMax = layout.limits.hashElement
            if max(field.count, value.count) > valueMax { convert(layout) }
        }
        guard isPack else { return setInTable(field, value, layout) }
        if let index = pairIndex(field) {
            elementBytes += Layout.packed(value) - Layout.packed(pairs[index].value)
            pairs[index].value = value
            return false
        }
        let field = [UInt8](field)
        elementBytes += Layout.packed(field) + Layout.packed(value)
        pairs.append(Pair(field: field, value: value))
        if pairs.count > layout.limits.hashEntries { convert(layout) }
        return true
    }

    private mutating func setInTable(_ field: Word, _ value: [UInt8], _ layout: Layout) -> Bool {
        let allocation = layout.allocation
        let hash = layout.hasher.hash(field)
        table.step()
        if let slot = table.find(field, hash: hash) {
            let before = allocation.string(table[slot].value.count)
            elementBytes += allocation.string(value.count) - before
            table[slot].value = value
            return false
        }
        elementBytes +=
            allocation.entry + allocation.string(field.count) + allocation.string(value.count)
        table.insert([UInt8](field), hash: hash, value)
        return true
    }

    mutating func remove(_ field: Word, _ layout: Layout) -> Bool {
        if isPack {
            guard let index = pairIndex(field) else { return false }
            let pair = pairs.remove(at: index)
            elementBytes -= Layout.packed(pair.field) + Layout.packed(pair.value)
            return true
        }
        let allocation = layout.allocation
        guard let slot = table.find(field, hash: layout.hasher.hash(field)) else { return false }
        let entry = table.remove(slot)
        elementBytes -=
            allocation.entry + allocation.string(entry.key.count)
            + allocation.string(entry.value.count)
        table.shrink()
        return true
    }

    private func pairIndex(_ field: Word) -> Int? {
        for index in pairs.indices where pairs[index].field.elementsEqual(field) { return index }
        return nil
    }

    private mutating func convert(_ layout: Layout) {
        let old = pairs
        pairs = []
        isPack = false
        elementBytes = 0
        for pair in old { _ = setInTable(pair.field[...], pair.value, layout) }
    }

    /// Visits elements from the cursor on; a list pack whole.
    func scan(_ cursor: UInt64, _ visit: ([UInt8], [UInt8]) -> Void) -> UInt64 {
        guard isPack else {
            return table.scan(cursor) { visit(table[$0].key, table[$0].value) }
        }
        for pair in pairs { visit(pair.field, pair.value) }
        return 0
    }
}
