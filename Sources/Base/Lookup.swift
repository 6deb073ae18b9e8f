/// A dictionary that cannot be iterated: hashed order differs from process to process.
///
/// Use it to find; keep the order in an array beside it. Amortised constant time.
public struct Lookup<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var storage: [Key: Value] = [:]

    public init() {}

    public var count: Int { storage.count }

    public subscript(key: Key) -> Value? {
        get { storage[key] }
        set { storage[key] = newValue }
    }
}
