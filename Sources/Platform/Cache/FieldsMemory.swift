/// What a hash takes, counted as `HashValue` counts it, without its fields.
///
/// It is a list pack while it is small, and a table from then on. Both are counted meanwhile, so
/// nothing is looked at again when it becomes one.
struct FieldsMemory: Sendable {
    private var count = 0
    private var isPack = true
    private var packBytes = 0
    /// Of the table's entries.
    private var tableBytes = 0
    private var buckets = 0

    private static let limits = Layout.Limits()

    func whole(_ allocation: Allocation) -> Int {
        guard count > 0 else { return 0 }
        return isPack
            ? HashValue.packMemory(packBytes, allocation)
            : HashValue.tableMemory(tableBytes, buckets: allocation.buckets(buckets), allocation)
    }

    // MARK: Fields and values that matter byte by byte

    /// A new field; by how much the hash has grown.
    mutating func add(_ field: String, _ value: String, _ allocation: Allocation) -> Int {
        let before = whole(allocation)
        packBytes += Layout.packed([UInt8](field.utf8)) + Layout.packed([UInt8](value.utf8))
        _ = add(field, value.utf8.count, allocation)
        return whole(allocation) - before
    }

    /// Another value; by how much the hash has grown.
    mutating func replace(
        _ old: String, by value: String, _ allocation: Allocation
    ) -> Int {
        let before = whole(allocation)
        packBytes += Layout.packed([UInt8](value.utf8)) - Layout.packed([UInt8](old.utf8))
        tableBytes +=
            allocation.string(value.utf8.count) - allocation.string(old.utf8.count)
        if value.utf8.count > Self.limits.hashElement { isPack = false }
        return whole(allocation) - before
    }

    // MARK: Values of which only the length is known: more than a list pack takes, or kept beside

    mutating func add(_ field: String, _ length: Int, _ allocation: Allocation) -> Int {
        let before = whole(allocation)
        count += 1
        tableBytes +=
            allocation.entry + allocation.string(field.utf8.count) + allocation.string(length)
        buckets = Buckets.grown(buckets, for: count)
        if max(field.utf8.count, length) > Self.limits.hashElement
            || count > Self.limits.hashEntries
        {
            isPack = false
        }
        return whole(allocation) - before
    }

    /// Another length of a value in a table; by how much the hash has grown.
    mutating func replace(_ old: Int, by length: Int, _ allocation: Allocation) -> Int {
        let growth = allocation.string(length) - allocation.string(old)
        tableBytes += growth
        return growth
    }

    /// Out of a table.
    mutating func remove(_ field: String, _ length: Int, _ allocation: Allocation) {
        count -= 1
        tableBytes -=
            allocation.entry + allocation.string(field.utf8.count) + allocation.string(length)
        buckets = Buckets.shrunk(buckets, to: count)
    }
}
