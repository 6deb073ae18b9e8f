import Foundation

/// A fixed piece of work, by which CPU times of different machines and hours are compared.
///
/// It is none of the simulation's code, so that a slower simulation does not stretch it: random
/// reads and writes over 256 KiB, as an event queue and its world do. A neighbour on the same core
/// or cache slows both by much the same factor.
enum Yardstick {
    private static let steps = 60_000_000
    private static let words = 32_768

    /// CPU milliseconds that the work takes here and now.
    static func milliseconds() -> Int64 {
        let before = used()
        var memory = [UInt64](repeating: 1, count: words)
        var state: UInt64 = 88_172_645_463_325_252
        for _ in 0..<steps {
            // xorshift64 (Marsaglia, "Xorshift RNGs", 2003).
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let index = Int(state >> 40) & (words - 1)
            memory[index] = memory[index] &+ state
            state &+= memory[index] & 1
        }
        let digest = memory.reduce(state, &+)
        return max(1, used() - before + (digest == 0 ? 1 : 0))
    }

    private static func used() -> Int64 {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func milliseconds(_ time: timeval) -> Int64 {
            Int64(time.tv_sec) * 1_000 + Int64(time.tv_usec) / 1_000
        }
        return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
    }
}
