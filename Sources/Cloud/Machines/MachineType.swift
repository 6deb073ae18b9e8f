import Base

/// An AWS instance type: what the machine models need to know about it.
///
/// Rates are bytes a second (network and disk), operations a second (disk) and CPU nanoseconds a
/// second. `db.` and `cache.` classes are the EC2 type of the same name under a managed service.
/// Sources: Amazon EC2 User Guide, burstable-credits-baseline-concepts (vCPUs, credits),
/// general-purpose-instances (network), ebs-optimized (disk); the same figures in EC2's
/// DescribeInstanceTypes, as recorded by getmoto/moto 5.2.5, instance_types.json.
public struct MachineType: Sendable, Hashable {
    public let name: String
    public let vCPUs: Int64
    /// CPU credits earned in an hour; 0 for types that always run at full speed.
    public let creditsPerHour: Int64
    /// All vCPUs busy, in CPU nanoseconds a second.
    public let vCPURate: Int64
    /// Installed memory in bytes.
    public let memory: Int64
    /// Memory that Linux shows as total, in bytes.
    public let memoryVisible: Int64
    public let networkBaseline: Int64
    public let networkBurst: Int64
    public let diskBaseline: DiskRate
    public let diskBurst: DiskRate

    /// What an instance may exchange with its volumes.
    public struct DiskRate: Sendable, Hashable {
        /// Bytes a second.
        public let throughput: Int64
        /// Operations a second.
        public let operations: Int64

        public init(throughput: Int64, operations: Int64) {
            self.throughput = throughput
            self.operations = operations
        }
    }

    /// An AWS type.
    ///
    /// A t3.micro shows 904 MiB of its 1024 (vantage-sh/ec2instances.info,
    /// manually_fetched_data.json, 2025-12-10). Elsewhere that is extrapolated: the page table of a
    /// sixty-fourth, and 104 MiB.
    init(_ row: Row) {
        name = row.name
        vCPUs = row.vCPUs
        creditsPerHour = row.credits
        vCPURate = row.vCPUs * 1_000_000_000
        memory = row.memoryMiB << 20
        memoryVisible = memory - memory / 64 - (104 << 20)
        networkBaseline = row.network * 125_000
        networkBurst = row.networkMax * 125_000
        diskBaseline = DiskRate(throughput: row.disk * 125_000, operations: row.iops)
        diskBurst = DiskRate(throughput: row.diskMax * 125_000, operations: row.iopsMax)
    }

    /// A machine given by hand, without CPU credits: `coreShare` millionths of each of `cores` are
    /// its own (1,000,000: all), `memory` bytes are visible, and the disk is always as fast.
    public init(
        name: String, cores: Int64, coreShare: Int64, memory: Int64, networkBaseline: Int64,
        networkBurst: Int64, disk: DiskRate
    ) {
        check(cores > 0 && memory > 0, "a machine of nothing")
        check((1...1_000_000).contains(coreShare), "a core share of \(coreShare) millionths")
        check(networkBurst >= networkBaseline, "burst below baseline")
        self.name = name
        vCPUs = cores
        creditsPerHour = 0
        vCPURate = cores * coreShare * 1_000
        self.memory = memory
        memoryVisible = memory
        self.networkBaseline = networkBaseline
        self.networkBurst = networkBurst
        diskBaseline = disk
        diskBurst = disk
    }

    public var isBurstable: Bool { creditsPerHour > 0 }

    /// Credits that can be accrued: what 24 hours earn.
    public var creditsMax: Int64 { creditsPerHour * 24 }

    /// What can be used for ever: credits an hour are sixtieths of a vCPU.
    public var baselineRate: Int64 {
        isBurstable ? creditsPerHour * 1_000_000_000 / 60 : vCPURate
    }

    /// The type of this name, with or without `db.` or `cache.`; nil when there is none.
    public static func named(_ name: String) -> MachineType? {
        var key = Substring(name)
        for prefix in ["db.", "cache."] where key.hasPrefix(prefix) {
            key = key.dropFirst(prefix.count)
        }
        return all.first { $0.name == key }
    }

    /// The larger types of the same family, the next size first; none for an unknown type.
    public static func sizes(above name: String) -> [String] {
        guard let place = all.firstIndex(where: { $0.name == name }) else { return [] }
        let family = name.prefix { $0 != "." } + "."
        return all[(place + 1)...].map(\.name).filter { $0.hasPrefix(family) }
    }

    public static let all: [MachineType] = rows.map { MachineType($0) }

    public static let t3Micro: MachineType = {
        let type = all[1]
        check(type.name == "t3.micro", "the table has moved")
        return type
    }()
}
