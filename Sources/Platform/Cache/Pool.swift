/// Values that are changed in place and known by their number.
struct Pool<Element: Sendable>: Sendable {
    private var elements: ContiguousArray<Element?> = []
    private var free: [Int32] = []

    subscript(index: Int32) -> Element {
        _read {
            guard let element = elements[Int(index)] else {
                fatalError("broken invariant: an element that was removed")
            }
            yield element
        }
        _modify { yield &elements[Int(index)]! }
    }

    mutating func insert(_ element: Element) -> Int32 {
        if let index = free.popLast() {
            elements[Int(index)] = element
            return index
        }
        elements.append(element)
        return Int32(elements.count - 1)
    }

    mutating func remove(_ index: Int32) -> Element {
        let element = self[index]
        elements[Int(index)] = nil
        free.append(index)
        return element
    }
}
