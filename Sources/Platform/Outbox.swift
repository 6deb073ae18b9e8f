import Base

/// The effects of one `handle`, in order, for a driver to take out one by one.
///
/// Taking an effect moves it: millions a month are neither copied nor left to be destroyed. The
/// memory stays for the next turn.
public struct Outbox: ~Copyable {
    /// One input reaches at most every node and every viewer of one stream.
    public static let effectsMax = 100_000

    private var effects: UnsafeMutablePointer<Effect>
    private var capacity = 16
    private var count = 0
    private var taken = 0

    public init() { effects = .allocate(capacity: capacity) }

    deinit {
        (effects + taken).deinitialize(count: count - taken)
        effects.deallocate()
    }

    public mutating func append(_ effect: consuming Effect) {
        check(count < Self.effectsMax, "a program asked for too much at once")
        if count == capacity { grow() }
        (effects + count).initialize(to: effect)
        count += 1
    }

    /// Moves the next effect out; nil when none is left.
    public mutating func next() -> Effect? {
        guard taken < count else {
            (taken, count) = (0, 0)
            return nil
        }
        taken += 1
        return (effects + (taken - 1)).move()
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Effect>.allocate(capacity: capacity * 2)
        (larger + taken).moveInitialize(from: effects + taken, count: count - taken)
        effects.deallocate()
        effects = larger
        capacity *= 2
    }
}
