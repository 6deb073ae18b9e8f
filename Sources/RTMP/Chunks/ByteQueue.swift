/// Bytes received and not yet consumed.
///
/// The one place here that touches raw memory: it copies in bulk, which `Array` cannot do from a
/// `Span` in Swift 6.3.
package struct ByteQueue: Sendable {
    /// All of it is room; what waits lies in `head..<tail`.
    private var storage: [UInt8] = []
    private var head = 0
    private var tail = 0  // Invariant: head <= tail <= storage.count

    /// An idle connection keeps at most this much.
    private static let capacityKept = 16 << 10

    package init() {}

    package var count: Int { tail - head }

    package subscript(offset: Int) -> UInt8 {
        precondition(offset < count)
        return storage[head + offset]
    }

    package mutating func append(_ bytes: Span<UInt8>) {
        if head == tail { (head, tail) = (0, 0) }
        if storage.count - tail < bytes.count { makeRoom(for: bytes.count) }
        let tail = self.tail
        storage.withUnsafeMutableBufferPointer { room in
            bytes.withUnsafeBufferPointer { new in
                _ = UnsafeMutableBufferPointer(rebasing: room[tail...]).update(fromContentsOf: new)
            }
        }
        self.tail += bytes.count
    }

    /// The first `count` bytes, removed; traps if there are fewer.
    package mutating func take(_ count: Int) -> [UInt8] {
        var taken: [UInt8] = []
        move(count, to: &taken)
        return taken
    }

    /// Moves the first `count` bytes to the end of `target`; traps if there are fewer.
    mutating func move(_ count: Int, to target: inout [UInt8]) {
        precondition(count >= 0 && count <= self.count)
        storage.withUnsafeBufferPointer { source in
            target.append(
                contentsOf: UnsafeBufferPointer(rebasing: source[head..<head + count]))
        }
        head += count
    }

    package mutating func drop(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        head += count
    }

    /// Gives memory back once all is consumed.
    package mutating func release() {
        guard head == tail, storage.count > Self.capacityKept else { return }
        self = ByteQueue()
    }

    /// Moves what waits to the front, or where that frees little, to twice the room.
    private mutating func makeRoom(for more: Int) {
        let waiting = head..<tail
        if waiting.count + more > storage.count || head < storage.count / 2 {
            var larger: [UInt8] = []
            larger.reserveCapacity(max(waiting.count + more, 2 * waiting.count))
            larger.append(contentsOf: storage[waiting])
            larger.append(contentsOf: repeatElement(0, count: larger.capacity - larger.count))
            storage = larger
        } else {
            storage.withUnsafeMutableBufferPointer { room in
                // Less than half waits and more than half is free before it: no overlap.
                let front = UnsafeMutableBufferPointer(rebasing: room[..<waiting.count])
                _ = front.update(fromContentsOf: room[waiting])
            }
        }
        (head, tail) = (0, waiting.count)
    }
}
