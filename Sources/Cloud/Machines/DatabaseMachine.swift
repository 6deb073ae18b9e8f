import Base

/// What became of a transaction sent to a database.
public enum DatabaseAnswer: Sendable, Hashable {
    /// The server has the answer ready this long after it was asked; the network is not included.
    case answered(after: Interval)
    case refused(DatabaseRefusal)
}

public enum DatabaseRefusal: Sendable, Hashable { case down, noConnection, storageFull }

/// A managed PostgreSQL instance such as an RDS db.t3.micro, single-AZ.
///
/// Transactions queue for the vCPUs (each to the one that is free first), then for the disk; CPU
/// time is charged to the credits on admission, and runs at the speed allowed then. A held machine
/// shares its baseline over its vCPUs.
/// Every statement runs on one of `connectionsMax` connections, of which PostgreSQL keeps the last
/// three for superusers, who RDS' customers are not. Down while it restarts, in its weekly
/// maintenance window when a patch is due; connections are cut then.
/// A daily backup suspends I/O "typically under a few seconds" on single-AZ.
/// Sources: Amazon RDS User Guide, Concepts.DBInstanceClass (T3 runs unlimited), CHAP_Storage,
/// USER_UpgradeDBInstance.Maintenance, USER_WorkingWithAutomatedBackups; PostgreSQL documentation,
/// runtime-config-connection, `superuser_reserved_connections`.
public struct DatabaseMachine: Sendable {
    /// How it is set up; times of week and day are UTC.
    public struct Plan: Sendable, Hashable {
        public var type: MachineType
        public var mode: CPUCredits.Mode
        public var disk: BurstDisk.Kind
        public var storageGibibytes: Int64
        public var connectionsMax: Int
        /// From Monday 00:00 to the start of the weekly window.
        public var maintenanceOffset: Interval
        /// How long a restart takes. AWS gives no figure; 30 s to 3 min is an assumption.
        public var restart: Interval
        /// From midnight to the daily backup; nil for no backups.
        public var backupOffset: Interval?
        /// How long a backup suspends I/O.
        public var backupPause: Interval

        /// A db.t3.micro as CDK makes it, with gp2 storage: unlimited credits, backups on.
        public static func micro(storageGibibytes: Int64, connectionsMax: Int) -> Plan {
            Plan(
                type: .t3Micro, mode: .unlimited, disk: .gp2, storageGibibytes: storageGibibytes,
                connectionsMax: connectionsMax, maintenanceOffset: .hours(24 * 6 + 3),
                restart: .seconds(90), backupOffset: .hours(2), backupPause: .seconds(2))
        }
    }

    private enum Phase { case available, restarting(until: Instant) }

    /// From 400 GiB on RDS stripes four volumes, which is not modelled.
    public static let storageGibibytesMax: Int64 = 399

    /// PostgreSQL's `superuser_reserved_connections` as it comes.
    public static let connectionsReserved = 3

    public let plan: Plan
    public var credits: CPUCredits
    public var disk: BurstDisk
    public var storage: Volume
    private var phase: Phase = .available
    public private(set) var connections = 0
    public private(set) var connectionsRefused: Int64 = 0
    public private(set) var restarts: Int64 = 0
    public private(set) var downTime: Interval = .zero
    /// The longest that a transaction waited for CPU time and spent it, without the disk.
    public private(set) var cpuWaitMax: Interval = .zero
    private var patchAt: Instant?
    private var vCPUFreeAt: [Instant]
    private var diskFreeAt: Instant
    private var updatedAt: Instant

    public init(_ plan: Plan, balance: Int64, at now: Instant) {
        check(
            plan.connectionsMax > DatabaseMachine.connectionsReserved,
            "a database nobody may reach")
        check(
            (1...DatabaseMachine.storageGibibytesMax).contains(plan.storageGibibytes),
            "a database of \(plan.storageGibibytes) GiB")
        self.plan = plan
        credits = CPUCredits(plan.type, mode: plan.mode, balance: balance, at: now)
        disk = BurstDisk(plan.disk, gibibytes: plan.storageGibibytes, on: plan.type, at: now)
        storage = Volume(capacity: plan.storageGibibytes << 30, at: now)
        vCPUFreeAt = Array(repeating: now, count: Int(plan.type.vCPUs))
        diskFreeAt = now
        updatedAt = now
    }

    /// `LEAST(DBInstanceClassMemory / 9531392, 5000)`: 112 for one whole GiB.
    ///
    /// `DBInstanceClassMemory` leaves out what the system and RDS hold, which AWS does not publish:
    /// reports for a db.t3.micro range from 80 to 112, so `systemShare` (bytes) is an assumption.
    /// Source: AWS Prescriptive Guidance, tuning-postgresql-parameters, max-connections.
    public static func connectionsMax(memory: Int64, systemShare: Int64) -> Int {
        Int(min((memory - systemShare) / 9_531_392, 5_000))
    }

    /// The ends of that share: they give the 80 and 112 connections that are reported for a
    /// db.t3.micro. Larger classes are taken to hold as much.
    public static let systemShares: ClosedRange<Int64> = 0...296 << 20

    public var isAvailable: Bool {
        switch phase {
        case .available: true
        case .restarting: false
        }
    }

    /// Opens a connection; false when it is down, or has none left for whom is no superuser
    /// (`FATAL: remaining connection slots are reserved`).
    public mutating func connect(at now: Instant) -> Bool {
        advance(to: now)
        guard isAvailable,
            connections < plan.connectionsMax - DatabaseMachine.connectionsReserved
        else {
            connectionsRefused += 1
            return false
        }
        connections += 1
        return true
    }

    /// Closes so many connections at once, where a restart has not cut them already: a process that
    /// ends takes its own with it.
    public mutating func disconnect(_ count: Int, at now: Instant) {
        advance(to: now)
        check(count >= 0, "closing \(count) connections")
        connections -= min(count, connections)
    }

    /// Runs a transaction on an open connection: CPU time on one vCPU, then disk operations of
    /// `bytes` in all. Callers present transactions in order of time.
    public mutating func admit(
        cpu: Interval, operations: Int64, bytes: Int64, at now: Instant
    ) -> DatabaseAnswer {
        advance(to: now)
        guard isAvailable else { return .refused(.down) }
        guard connections > 0 else { return .refused(.noConnection) }
        guard !storage.isFull || bytes == 0 else { return .refused(.storageFull) }
        var done = runCPU(cpu, at: now)
        if operations > 0 || bytes > 0 {
            done = runDisk(operations: operations, bytes: bytes, from: done, at: now)
        }
        check(done >= now, "an answer before its question")
        return .answered(after: done - now)
    }

    /// A patch is due: it is installed, with a restart, in the next weekly window.
    public mutating func schedulePatch(at now: Instant) {
        advance(to: now)
        patchAt = nextWindow(after: now)
    }

    /// When it goes down or comes back by itself; nil for not as things are.
    public func crossing() -> Instant? {
        switch phase {
        case .available: patchAt
        case .restarting(let until): until
        }
    }

    public mutating func advance(to now: Instant) {
        check(now >= updatedAt, "time ran backwards")
        while let next = crossing(), next <= now {
            switch phase {
            case .available: beginRestart(at: next)
            case .restarting:
                downTime += next - updatedAt
                phase = .available
            }
            updatedAt = next
        }
        if !isAvailable { downTime += now - updatedAt }
        updatedAt = now
        credits.advance(to: now)
        disk.advance(to: now)
        storage.advance(to: now)
    }

    private mutating func beginRestart(at now: Instant) {
        if let due = patchAt, due <= now { patchAt = nil }
        if isAvailable { restarts += 1 }
        connections = 0
        let until = now + plan.restart
        phase = .restarting(until: until)
        for index in vCPUFreeAt.indices { vCPUFreeAt[index] = until }
        diskFreeAt = until
    }

    private mutating func runCPU(_ time: Interval, at now: Instant) -> Instant {
        var first = 0
        for index in vCPUFreeAt.indices where vCPUFreeAt[index] < vCPUFreeAt[first] {
            first = index
        }
        let speed = credits.allowed / plan.type.vCPUs
        let stretched =
            speed == 1_000_000_000
            ? time : Interval(nanoseconds: multiplyDivideUp(time.nanoseconds, 1_000_000_000, speed))
        credits.charge(time, at: now)
        vCPUFreeAt[first] = max(now, vCPUFreeAt[first]) + stretched
        cpuWaitMax = max(cpuWaitMax, vCPUFreeAt[first] - now)
        return vCPUFreeAt[first]
    }

    private mutating func runDisk(
        operations: Int64, bytes: Int64, from ready: Instant, at now: Instant
    ) -> Instant {
        let start = max(ready, diskFreeAt)
        let time = disk.charge(operations: operations, bytes: bytes, at: now)
        diskFreeAt = start + pauseLeft(at: start) + time
        return diskFreeAt
    }

    private func pauseLeft(at now: Instant) -> Interval {
        guard let offset = plan.backupOffset else { return .zero }
        let day = Interval.days(1).nanoseconds
        let into = ((now - offset).nanoseconds % day + day) % day
        return max(.zero, plan.backupPause - Interval(nanoseconds: into))
    }

    /// Weeks start on Monday; 1970-01-01 was a Thursday.
    private func nextWindow(after now: Instant) -> Instant {
        let week = Interval.days(7).nanoseconds
        let shifted = (now + .days(3) - plan.maintenanceOffset).nanoseconds
        let into = (shifted % week + week) % week
        return now + Interval(nanoseconds: week - into)
    }
}
