/// Which of so many numbered places are taken, and the one of any rank among those: each step takes
/// the logarithm of their number (Fenwick, 1994, DOI 10.1002/spe.4380240306).
struct PresentPlaces {
    /// Each is how many places are taken of as many as its number's lowest bit says, up to it;
    /// numbers begin at 1.
    private var sums: [Int]
    private(set) var count = 0
    /// The highest power of two that is no more than the number of places.
    private let stride: Int

    init(_ places: Int) {
        sums = Array(repeating: 0, count: places + 1)
        stride = places == 0 ? 0 : 1 << (Int.bitWidth - 1 - places.leadingZeroBitCount)
    }

    /// Takes a place that is free.
    mutating func take(_ place: Int) { add(1, at: place) }

    /// Leaves a place that is taken.
    mutating func leave(_ place: Int) { add(-1, at: place) }

    private mutating func add(_ step: Int, at place: Int) {
        count += step
        var number = place + 1
        while number < sums.count {
            sums[number] += step
            number += number & -number
        }
    }

    /// The place before which `rank` others are taken. Invariant: `rank` is below `count`.
    func place(ofRank rank: Int) -> Int {
        var (number, left, step) = (0, rank, stride)
        while step > 0 {
            if number + step < sums.count, sums[number + step] <= left {
                number += step
                left -= sums[number]
            }
            step /= 2
        }
        return number
    }
}
