import Base

/// Timers with one pending time each, which can be moved: an indexed four-ary heap.
///
/// A timer's number is the low 24 bits of its key, and `places` says where in the heap the key
/// lies. Moving and removing cost O(log₄ n), as inserting does.
struct TimerQueue: Sendable {
    private static let numberMask: UInt128 = 1 << 24 - 1
    private static let absent: Int32 = -1

    private var keys: [UInt128] = []
    private var places: [Int32] = []

    /// The least key, or the greatest there is when no timer is pending.
    @inline(__always)
    var first: UInt128 { keys.isEmpty ? .max : keys[0] }

    func key(_ timer: Int32) -> UInt128? {
        guard timer < places.count, places[Int(timer)] != Self.absent else { return nil }
        return keys[Int(places[Int(timer)])]
    }

    /// Puts the timer, which the low bits of the key name, or moves it.
    mutating func set(_ timer: Int32, _ key: UInt128) {
        while places.count <= timer { places.append(Self.absent) }
        let place = Int(places[Int(timer)])
        if place == Int(Self.absent) {
            keys.append(key)
            rise(key, from: keys.count - 1)
        } else {
            settle(key, at: place)
        }
    }

    mutating func remove(_ timer: Int32) {
        guard timer < places.count, places[Int(timer)] != Self.absent else { return }
        let place = Int(places[Int(timer)])
        places[Int(timer)] = Self.absent
        let last = keys.removeLast()
        if place < keys.count { settle(last, at: place) }
    }

    /// Puts a key in place of another, from where it may have to go up or down.
    private mutating func settle(_ key: UInt128, at place: Int) {
        if place > 0 && key < keys[(place - 1) >> 2] {
            rise(key, from: place)
        } else {
            sink(key, from: place)
        }
    }

    private mutating func put(_ key: UInt128, _ place: Int) {
        keys[place] = key
        places[Int(truncatingIfNeeded: key & Self.numberMask)] = Int32(place)
    }

    private mutating func rise(_ key: UInt128, from place: Int) {
        var hole = place
        while hole > 0 {
            let parent = (hole - 1) >> 2
            guard key < keys[parent] else { break }
            put(keys[parent], hole)
            hole = parent
        }
        put(key, hole)
    }

    private mutating func sink(_ key: UInt128, from place: Int) {
        var hole = place
        while hole << 2 + 1 < keys.count {
            let child = hole << 2 + 1
            var least = child
            for other in child + 1..<max(child + 1, min(child + 4, keys.count))
            where keys[other] < keys[least] {
                least = other
            }
            guard keys[least] < key else { break }
            put(keys[least], hole)
            hole = least
        }
        put(key, hole)
    }
}
