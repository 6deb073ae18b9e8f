import Base

/// Elements that are added and taken at both ends in constant time; the room is a power of two.
struct Ring<Element: Sendable>: Sendable {
    private var room: [Element?] = []
    private var first = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    subscript(index: Int) -> Element {
        get {
            guard let element = room[place(index)] else { checkedHole() }
            return element
        }
        set { room[place(index)] = newValue }
    }

    private func checkedHole() -> Never { fatalError("broken invariant: a hole in a ring") }

    private func place(_ index: Int) -> Int { (first + index) & (room.count - 1) }

    mutating func append(_ element: Element) {
        grow()
        room[place(count)] = element
        count += 1
    }

    mutating func prepend(_ element: Element) {
        grow()
        first = (first - 1) & (room.count - 1)
        room[first] = element
        count += 1
    }

    mutating func removeFirst() -> Element {
        let element = self[0]
        room[first] = nil
        first = (first + 1) & (room.count - 1)
        count -= 1
        return element
    }

    mutating func removeLast() -> Element {
        let element = self[count - 1]
        room[place(count - 1)] = nil
        count -= 1
        return element
    }

    /// Moves what is behind.
    mutating func insert(_ element: Element, at index: Int) {
        append(element)
        var current = count - 1
        while current > index {
            room.swapAt(place(current), place(current - 1))
            current -= 1
        }
    }

    /// Keeps the elements that are wanted, in order; how many went.
    mutating func keep(where isWanted: (Element) -> Bool) -> Int {
        var kept = Ring()
        for index in 0..<count where isWanted(self[index]) { kept.append(self[index]) }
        let gone = count - kept.count
        if gone > 0 { self = kept }
        return gone
    }

    private mutating func grow() {
        guard count == room.count else { return }
        var larger: [Element?] = []
        let size = max(4, room.count * 2)
        larger.reserveCapacity(size)
        for index in 0..<count { larger.append(room[place(index)]) }
        while larger.count < size { larger.append(nil) }
        room = larger
        first = 0
    }
}
