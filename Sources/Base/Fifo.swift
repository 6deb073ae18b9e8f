/// A queue that is filled and emptied in turns: first in, first out, in constant time.
@frozen
public struct Fifo<Element: Sendable>: Sendable {
    @usableFromInline var items: [Element] = []
    @usableFromInline var head = 0
    /// Kept here, so that whether it is empty is known without a look at memory elsewhere.
    @usableFromInline var end = 0  // Invariant: head <= end == items.count

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { head == end }

    @inlinable public mutating func append(_ item: Element) {
        items.append(item)
        end += 1
    }

    @inlinable public mutating func popFirst() -> Element? {
        guard head < end else { return nil }
        let item = items[head]
        head += 1
        if head == end {
            items.removeAll(keepingCapacity: items.capacity <= Self.capacityKept)
            (head, end) = (0, 0)
        }
        return item
    }

    @inlinable static var capacityKept: Int { 16 }
}
