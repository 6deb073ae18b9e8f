import RESP

/// The elements of a list. Memory is that of a quick list: list packs of at most 8 KB each.
struct ListValue: Sendable {
    private var elements = Ring<[UInt8]>()
    private var elementBytes = 0

    /// `list-max-listpack-size -2`.
    private static let nodeMax = 8192

    var count: Int { elements.count }
    var isEmpty: Bool { elements.isEmpty }

    subscript(index: Int) -> [UInt8] {
        get { elements[index] }
        set {
            elementBytes += Layout.packed(newValue) - Layout.packed(elements[index])
            elements[index] = newValue
        }
    }

    func memory(_ allocation: Allocation) -> Int {
        let perNode = Self.nodeMax - Allocation.packEmpty
        let full = elementBytes / perNode
        let rest = allocation.pack(elementBytes - full * perNode)
        return allocation.object + allocation.rounded(40)
            + full * (allocation.rounded(Self.nodeMax) + allocation.rounded(32))
            + rest + allocation.rounded(32)
    }

    mutating func append(_ element: [UInt8]) {
        elementBytes += Layout.packed(element)
        elements.append(element)
    }

    mutating func prepend(_ element: [UInt8]) {
        elementBytes += Layout.packed(element)
        elements.prepend(element)
    }

    mutating func insert(_ element: [UInt8], at index: Int) {
        elementBytes += Layout.packed(element)
        elements.insert(element, at: index)
    }

    mutating func removeFirst() -> [UInt8] { gone(elements.removeFirst()) }
    mutating func removeLast() -> [UInt8] { gone(elements.removeLast()) }

    private mutating func gone(_ element: [UInt8]) -> [UInt8] {
        elementBytes -= Layout.packed(element)
        return element
    }

    /// Removes elements equal to this one, from the front or from the back; how many went.
    mutating func remove(_ element: Word, count: Int, fromBack: Bool) -> Int {
        var matches: [Int] = []
        let order = stride(
            from: fromBack ? self.count - 1 : 0, through: fromBack ? 0 : self.count - 1,
            by: fromBack ? -1 : 1)
        for index in order where matches.count < count {
            if elements[index].elementsEqual(element) { matches.append(index) }
        }
        guard !matches.isEmpty else { return 0 }
        if fromBack { matches.reverse() }
        var index = -1
        var next = 0
        _ = elements.keep { _ in
            index += 1
            guard next < matches.count, matches[next] == index else { return true }
            next += 1
            return false
        }
        elementBytes -= matches.count * Layout.packed([UInt8](element))
        return matches.count
    }
}
