/// A queue that is filled and emptied in turns: first in, first out, in constant time.
@frozen
public struct Fifo<Element: Sendable>: Sendable {
    @usableFromInline var items: [Element] = []
    @usableFromInline var head = 0  // Invariant: head <= items.count

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { head == items.count }

    @inlinable public mutating func append(_ item: Element) { items.append(item) }

    @inlinable public mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: items.capacity <= Self.capacityKept)
            head = 0
        }
        return item
    }

    @inlinable static var capacityKept: Int { 16 }
}
