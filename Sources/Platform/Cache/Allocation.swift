/// What Redis 7.0 would allocate: `used_memory` is the sum of jemalloc's size classes.
///
/// Structures are those of 7.0's sources on a 64-bit machine; `CacheMemoryTests` holds the sums to
/// a real server's.
struct Allocation: Sendable, Hashable {
    /// The spacing of the smallest classes: 8 in the jemalloc that Redis is released with (and
    /// managed services run), 16 in Debian's.
    let quantum: Int
    /// A skip list's node without its member: levels are drawn with p = 1/4, so the mean of their
    /// classes, in 1/65,536 of a byte.
    private let skipNode: Int

    init(quantum: Int) {
        self.quantum = quantum
        var mean = 0
        var weight = 3 << 14  // of level 1 in 1/65,536; each next level has a quarter
        for level in 1...8 {
            mean += weight * Self.rounded(24 + 16 * level, quantum)
            weight /= 4
        }
        skipNode = mean
    }

    /// The size class of an allocation: four to each doubling, and the quantum apart below.
    func rounded(_ size: Int) -> Int { Self.rounded(size, quantum) }

    private static func rounded(_ size: Int, _ quantum: Int) -> Int {
        guard size > 8 else { return 8 }
        let doubling = Int.bitWidth - 1 - (size - 1).leadingZeroBitCount
        let spacing = max(quantum, 1 << max(doubling - 2, 0))
        return (size + spacing - 1) / spacing * spacing
    }

    /// A string with its header: `sds`.
    func string(_ count: Int) -> Int { rounded(Self.header(count) + count + 1) }

    /// What fits into the allocation that a string of this length needs.
    func room(for count: Int) -> Int {
        rounded(Self.header(count) + count + 1) - Self.header(count) - 1
    }

    private static func header(_ count: Int) -> Int {
        switch count {
        case ..<32: count == 0 ? 3 : 1
        case ..<256: 3
        case ..<65_536: 5
        case ..<(1 << 32): 9
        case _: 17
        }
    }

    /// `robj`.
    var object: Int { rounded(16) }
    /// `dictEntry`.
    var entry: Int { rounded(24) }
    /// `dict`.
    var table: Int { rounded(56) }

    /// A short string in one piece with its object.
    func embedded(_ count: Int) -> Int { rounded(16 + 3 + count + 1) }
    static let embeddedMax = 44

    func buckets(_ count: Int) -> Int { count == 0 ? 0 : rounded(count * 8) }

    /// `intset`: a header and the members, each as wide as the widest needs.
    func integers(_ count: Int, width: Int) -> Int { rounded(8 + count * width) }

    /// `zset` with its dictionary and its list's head of 32 levels.
    var sortedSet: Int { rounded(16) + table + rounded(32) + rounded(24 + 16 * 32) }
    func skipNodes(_ count: Int) -> Int { (count * skipNode) >> 16 }

    // MARK: List packs

    /// Header and end.
    static let packEmpty = 7

    func pack(_ bytes: Int) -> Int { rounded(Self.packEmpty + bytes) }

    /// What an element occupies in a list pack: its encoding, and its length for reading backward.
    static func packed(count: Int) -> Int {
        switch count {
        case ..<64: withBack(1 + count)
        case ..<4096: withBack(2 + count)
        case _: withBack(5 + count)
        }
    }

    static func packed(integer: Int64) -> Int {
        switch integer {
        case 0...127: 2
        case -4096...4095: 3
        case -32_768...32_767: 4
        case -8_388_608...8_388_607: 5
        case -2_147_483_648...2_147_483_647: 6
        case _: 10
        }
    }

    private static func withBack(_ size: Int) -> Int {
        switch size {
        case ..<128: size + 1
        case ..<16_384: size + 2
        case ..<2_097_152: size + 3
        case ..<268_435_456: size + 4
        case _: size + 5
        }
    }
}
