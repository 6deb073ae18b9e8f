import RESP

/// Collections under their keys: found with their type, created with the first element, removed
/// with the last.
extension Keyspace {
    mutating func hash(_ key: Word) throws(CacheFault) -> Int32? {
        guard let slot = findToRead(key) else { return nil }
        guard case .hash(let index) = self[slot].value else { throw .wrongType }
        return index
    }

    mutating func list(_ key: Word) throws(CacheFault) -> Int32? {
        guard let slot = findToRead(key) else { return nil }
        guard case .list(let index) = self[slot].value else { throw .wrongType }
        return index
    }

    mutating func set(_ key: Word) throws(CacheFault) -> Int32? {
        guard let slot = findToRead(key) else { return nil }
        guard case .set(let index) = self[slot].value else { throw .wrongType }
        return index
    }

    mutating func sortedSet(_ key: Word) throws(CacheFault) -> Int32? {
        guard let slot = findToRead(key) else { return nil }
        guard case .sortedSet(let index) = self[slot].value else { throw .wrongType }
        return index
    }

    /// The collection of a key, made if there is none.
    mutating func hashToChange(_ key: Word) throws(CacheFault) -> Int32 {
        if let slot = find(key) {
            guard case .hash(let index) = self[slot].value else { throw .wrongType }
            return index
        }
        let index = hashes.insert(HashValue())
        add(key, .hash(index))
        return index
    }

    mutating func listToChange(_ key: Word) throws(CacheFault) -> Int32 {
        if let slot = find(key) {
            guard case .list(let index) = self[slot].value else { throw .wrongType }
            return index
        }
        let index = lists.insert(ListValue())
        add(key, .list(index))
        return index
    }

    mutating func setToChange(_ key: Word) throws(CacheFault) -> Int32 {
        if let slot = find(key) {
            guard case .set(let index) = self[slot].value else { throw .wrongType }
            return index
        }
        let index = sets.insert(SetValue())
        add(key, .set(index))
        return index
    }

    mutating func sortedSetToChange(_ key: Word) throws(CacheFault) -> Int32 {
        if let slot = find(key) {
            guard case .sortedSet(let index) = self[slot].value else { throw .wrongType }
            return index
        }
        let index = sortedSets.insert(SortedSetValue())
        add(key, .sortedSet(index))
        return index
    }

    // MARK: In place, with their memory accounted for

    @discardableResult
    @inline(__always)
    mutating func editHash<Result>(_ index: Int32, _ body: (inout HashValue) -> Result) -> Result {
        let before = hashes[index].memory(layout.allocation)
        let result = body(&hashes[index])
        account(hashes[index].memory(layout.allocation) - before)
        return result
    }

    @discardableResult
    @inline(__always)
    mutating func editList<Result>(_ index: Int32, _ body: (inout ListValue) -> Result) -> Result {
        let before = lists[index].memory(layout.allocation)
        let result = body(&lists[index])
        account(lists[index].memory(layout.allocation) - before)
        return result
    }

    @discardableResult
    @inline(__always)
    mutating func editMembers<Result>(_ index: Int32, _ body: (inout SetValue) -> Result) -> Result
    {
        let before = sets[index].memory(layout.allocation)
        let result = body(&sets[index])
        account(sets[index].memory(layout.allocation) - before)
        return result
    }

    @discardableResult
    @inline(__always)
    mutating func editScores<Result>(
        _ index: Int32, _ body: (inout SortedSetValue) -> Result
    ) -> Result {
        let before = sortedSets[index].memory(layout.allocation)
        let result = body(&sortedSets[index])
        account(sortedSets[index].memory(layout.allocation) - before)
        return result
    }

    /// Removes the key of a collection that has become empty.
    mutating func removeIfEmpty(_ key: Word) {
        guard let slot = find(key), isEmpty(self[slot].value) else { return }
        remove(slot)
    }

    private func isEmpty(_ value: Value) -> Bool {
        switch value {
        case .integer, .string: false
        case .hash(let index): hashes[index].count == 0
        case .list(let index): lists[index].isEmpty
        case .set(let index): sets[index].count == 0
        case .sortedSet(let index): sortedSets[index].count == 0
        }
    }

    /// Puts a value where the key's old one was, without an expiry; none if it is nil.
    mutating func store(_ key: Word, _ value: Value?) {
        if let slot = find(key) {
            remove(slot)
            changed(key)
        }
        guard let value else { return }
        add(key, value)
        changed(key)
    }
}
