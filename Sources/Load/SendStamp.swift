import Base
import Glibc

/// The time at which a picture is due to be sent, as it is stamped into it, and by whose clock.
///
/// The clock is the machine's own, which all its processes share and which nobody sets; it counts
/// from the machine's start. So a stamp says which start that was: a player that finds another's
/// knows that the two clocks have nothing to do with each other, and measures no delay by it.
enum SendStamp {
    /// Microseconds for nine years.
    private static let timeBits: UInt64 = 48

    /// From the mark of this start of the machine, proc(5): /proc/sys/kernel/random/boot_id.
    private static let mark: UInt64 = {
        guard let file = fopen("/proc/sys/kernel/random/boot_id", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let digits = line.prefix(4).map { UInt8(bitPattern: $0) }
        return UInt64(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
    }()

    static func stamp(of time: Instant) -> Instant { stamp(of: time, mark: mark) }

    static func stamp(of time: Instant, mark: UInt64) -> Instant {
        let microseconds = UInt64(max(0, time.nanoseconds / 1_000)) & (1 << timeBits - 1)
        return Instant(nanoseconds: Int64(bitPattern: mark << timeBits | microseconds))
    }

    /// Nil for a stamp of another machine.
    static func time(of stamp: Instant) -> Instant? {
        let word = UInt64(bitPattern: stamp.nanoseconds)
        guard word >> timeBits == mark else { return nil }
        return Instant(nanoseconds: Int64(word & (1 << timeBits - 1)) * 1_000)
    }
}
