import Base

/// A machine's memory and Linux's out-of-memory killer.
///
/// Callers set what each process holds; when the sum is more than memory and swap together, the
/// killer takes the process with the highest badness until the rest fits. Badness is the kernel's:
/// the resident bytes plus `adjustment` thousandths of all memory and swap; -1000 is never killed.
/// Container limits and paging speed are not modelled: swap only adds room.
/// Source: Linux, mm/oom_kill.c, `oom_badness`.
public struct Memory: Sendable {
    public static let processesMax = 256

    public struct Process: Sendable {
        public let name: String
        /// `oom_score_adj`, -1000 to 1000.
        public let adjustment: Int64
        /// Bytes.
        public fileprivate(set) var resident: Int64
    }

    /// Bytes Linux shows as total.
    public let visible: Int64
    /// Bytes.
    public let swap: Int64
    public private(set) var processes: [Process] = []
    /// Invariant: the sum over the processes.
    public private(set) var used: Int64 = 0
    /// The highest `used` that was reached and kept.
    public private(set) var usedMax: Int64 = 0
    public private(set) var kills: Int64 = 0

    public init(visible: Int64, swap: Int64) {
        check(visible > 0 && swap >= 0, "no memory")
        self.visible = visible
        self.swap = swap
    }

    /// Bytes that can be held before the killer comes.
    public var limit: Int64 { visible + swap }
    public var free: Int64 { limit - used }
    public var isExhausted: Bool { used > limit }

    /// Adds a process that holds nothing and returns its index.
    public mutating func add(_ name: String, adjustment: Int64) -> Int {
        check(processes.count < Memory.processesMax, "too many processes")
        check((-1_000...1_000).contains(adjustment), "an adjustment of \(adjustment)")
        processes.append(Process(name: name, adjustment: adjustment, resident: 0))
        return processes.count - 1
    }

    /// Sets what a process holds, in bytes, and returns who was killed for it: nil for nobody.
    ///
    /// The killed process holds nothing afterwards. Call again with another process's figure, or
    /// `relieve()`, until nil comes back: the kernel, too, kills one at a time.
    public mutating func setResident(_ index: Int, _ bytes: Int64) -> Int? {
        check(bytes >= 0, "a process holding \(bytes) bytes")
        used += bytes - processes[index].resident
        processes[index].resident = bytes
        return relieve()
    }

    /// Kills one process if more is held than there is; nil when all fits or nothing may be killed
    /// (`isExhausted`: where Linux panics, and the machine needs a reboot).
    public mutating func relieve() -> Int? {
        guard used > limit else {
            usedMax = max(usedMax, used)
            return nil
        }
        guard let victim else { return nil }
        used -= processes[victim].resident
        processes[victim].resident = 0
        kills += 1
        return victim
    }

    /// The process that would be killed now: highest badness, the first of equals; nil for none.
    public var victim: Int? {
        var best: Int?
        var worst = Int64.min
        for index in processes.indices where processes[index].adjustment > -1_000 {
            guard processes[index].resident > 0 else { continue }
            let points = badness(processes[index])
            if points > worst {
                worst = points
                best = index
            }
        }
        return best
    }

    private func badness(_ process: Process) -> Int64 {
        process.resident + process.adjustment * (limit / 1_000)
    }
}
