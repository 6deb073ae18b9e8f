import Base
import Cloud
import Platform
import Scenarios

/// The instance with its containers, and the managed services beside it.
struct Host: Sendable {
    struct State: Sendable {
        var isUp = true
        /// When its present life began, and how many in a row ended at once before it.
        var startedAt = Instant(nanoseconds: 0)
        var exitsInRow = 0
        /// Counts the process's lives.
        var epoch: UInt32 = 1
        /// When its one thread has finished what it was given.
        var busyUntil: Instant
        var downSince: Instant?
        var cause = ""
        var downTime: Interval = .zero
        /// Invariant: true only while down, when nothing but a person brings it back.
        var needsPerson = false
        var costs: Costs
        /// Index of its process in the instance's memory; -1 where it does not run there.
        var process = -1
        /// Index of its log on the root volume; -1 likewise.
        var logFile = -1
        var logged: Int64 = 0
    }

    var machine: MachineType
    /// A machine of one's own, which nobody bills.
    let isByHand: Bool
    var credits: CPUCredits
    var network: NetworkAllowance
    var memory: Memory
    var disk: Volume
    /// How fast the root volume is; what waits for it is done at `diskFreeAt`.
    var diskSpeed: BurstDisk
    var diskFreeAt: Instant
    /// Index of the database's files on the root volume; -1 where they are not there.
    var databaseFile = -1
    var isUp = true
    /// Off, which a reboot is not.
    var isStopped = false
    var epoch: UInt32 = 1
    /// Bumped when the public address changes; what clients know may be older.
    var address: UInt32 = 1
    var services: [State]
    /// Capacities of the fluid: what the RTMP server's thread may use, and the network each way.
    var cpuCapacity: Int32
    var inCapacity: Int32
    var outCapacity: Int32
    /// When the latest stop ends, and how long all stops take together: nobody bills them.
    var stoppedUntil: Instant
    var stoppedTime: Interval = .zero
    /// CPU time of control work since the start, beside the media's.
    var controlCPU: Interval = .zero
    /// The longest that anything waited for CPU time and spent it, here or at a managed cache.
    var waitMax: Interval = .zero
    /// The instance's own system, beside the containers (Amazon Linux with Docker).
    static let systemMemory: Int64 = 160 << 20
    static let systemDisk: Int64 = 2_300 << 20

    /// For how long the instance was off until `now`.
    func stopped(until now: Instant) -> Interval {
        stoppedTime - max(.zero, stoppedUntil - now)
    }

    /// CPU nanoseconds a second that one thread of control work gets now.
    func controlSpeed(mediaUse: Int64) -> Int64 {
        let allowed = credits.allowed
        let left = max(allowed / 10, allowed - mediaUse)
        return max(1_000_000, min(left, machine.vCPURate / max(1, machine.vCPUs)))
    }
}
