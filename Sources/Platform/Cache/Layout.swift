import RESP

/// How values are laid out and hashed: what all of one cache's keys and elements share.
struct Layout: Sendable {
    let hasher: SipHash
    let allocation: Allocation
    var limits = Limits()

    /// Up to which size a collection is kept as one list pack (`hash-max-listpack-entries` and so
    /// on): slower to search, much smaller.
    struct Limits: Sendable, Hashable {
        var hashEntries = 512
        var hashElement = 64
        var sortedSetEntries = 128
        var sortedSetElement = 64
        var setIntegers = 512
    }

    /// An element in a list pack.
    static func packed(_ element: [UInt8]) -> Int {
        if element.count <= Decimal.lengthMax, let integer = Decimal.parse(element[...]) {
            return Allocation.packed(integer: integer)
        }
        return Allocation.packed(count: element.count)
    }
}

/// Whether `a` comes before `b` byte by byte, and a prefix before what it begins.
func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            let common = min(a.count, b.count)
            for place in 0..<common where a[place] != b[place] { return a[place] < b[place] }
            return a.count < b.count
        }
    }
}
