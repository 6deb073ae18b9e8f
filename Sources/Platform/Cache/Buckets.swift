/// How many buckets Redis' `dict` has: a power of two, which grows when there are more entries and
/// falls when fewer than a tenth of it is used.
enum Buckets {
    static let fewest = 4

    static func grown(_ buckets: Int, for entries: Int) -> Int {
        entries > buckets ? fitting(entries) : buckets
    }

    static func shrunk(_ buckets: Int, to entries: Int) -> Int {
        buckets > fewest && entries * 10 < buckets ? fitting(entries) : buckets
    }

    private static func fitting(_ entries: Int) -> Int {
        var buckets = fewest
        while buckets < entries { buckets *= 2 }
        return buckets
    }
}
