/// Bytes received and not yet consumed.
///
/// The one place here that touches raw memory: it copies in bulk, which `Array` cannot do from a
/// `Span` in Swift 6.3.
package struct ByteQueue: Sendable {
    private var storage: [UInt8] = []
    private var head = 0  // Invariant: head <= storage.count

    /// An idle connection keeps at most this much.
    private static let capacityKept = 16 << 10

    package init() {}

    package var count: Int { storage.count - head }

    package subscript(offset: Int) -> UInt8 { storage[head + offset] }

    package mutating func append(_ bytes: Span<UInt8>) {
        compact()
        bytes.withUnsafeBufferPointer { storage.append(contentsOf: $0) }
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
        guard head == storage.count else { return }
        storage.removeAll(keepingCapacity: storage.capacity <= Self.capacityKept)
        head = 0
    }

    private mutating func compact() {
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        } else if head > storage.count / 2 {
            storage.removeSubrange(0..<head)
            head = 0
        }
    }
}
