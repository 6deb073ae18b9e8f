/// A queue that is filled and emptied in turns: first in, first out, in constant time.
public struct Fifo<Element: Sendable>: Sendable {
    private var items: [Element] = []
    private var head = 0  // Invariant: head <= items.count

    public init() {}

    public var isEmpty: Bool { head == items.count }

    public mutating func append(_ item: Element) { items.append(item) }

    public mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: items.capacity <= Self.capacityKept)
            head = 0
        }
        return item
    }

    private static var capacityKept: Int { 16 }
}
