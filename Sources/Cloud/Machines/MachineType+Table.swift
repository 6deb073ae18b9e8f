/// The instance types a scenario may name; units as in AWS's tables.
extension MachineType {
    struct Row {
        let name: String
        let vCPUs, credits, memoryMiB: Int64
        /// Mb/s, baseline and burst.
        let network, networkMax: Int64
        /// Mb/s, baseline and burst.
        let disk, diskMax: Int64
        /// Operations a second, baseline and burst.
        let iops, iopsMax: Int64

        init(
            _ name: String, _ vCPUs: Int64, _ credits: Int64, _ memoryMiB: Int64,
            _ network: Int64, _ networkMax: Int64, _ disk: Int64, _ diskMax: Int64,
            _ iops: Int64, _ iopsMax: Int64
        ) {
            self.name = name
            self.vCPUs = vCPUs
            self.credits = credits
            self.memoryMiB = memoryMiB
            self.network = network
            self.networkMax = networkMax
            self.disk = disk
            self.diskMax = diskMax
            self.iops = iops
            self.iopsMax = iopsMax
        }
    }

    // name, vCPUs, credits/h, MiB, network Mb/s and burst, disk Mb/s and burst, IOPS and burst
    static let rows: [Row] = [
        Row("t3.nano", 2, 6, 512, 32, 5000, 43, 2085, 250, 11800),
        Row("t3.micro", 2, 12, 1024, 64, 5000, 87, 2085, 500, 11800),
        Row("t3.small", 2, 24, 2048, 128, 5000, 174, 2085, 1000, 11800),
        Row("t3.medium", 2, 24, 4096, 256, 5000, 347, 2085, 2000, 11800),
        Row("t3.large", 2, 36, 8192, 512, 5000, 695, 2780, 4000, 15700),
        Row("t3.xlarge", 4, 96, 16384, 1024, 5000, 695, 2780, 4000, 15700),
        Row("t3.2xlarge", 8, 192, 32768, 2048, 5000, 695, 2780, 4000, 15700),
        Row("t3a.nano", 2, 6, 512, 32, 5000, 45, 2085, 250, 11800),
        Row("t3a.micro", 2, 12, 1024, 64, 5000, 90, 2085, 500, 11800),
        Row("t3a.small", 2, 24, 2048, 128, 5000, 175, 2085, 1000, 11800),
        Row("t3a.medium", 2, 24, 4096, 256, 5000, 350, 2085, 2000, 11800),
        Row("t3a.large", 2, 36, 8192, 512, 5000, 695, 2780, 4000, 15700),
        Row("t3a.xlarge", 4, 96, 16384, 1024, 5000, 695, 2780, 4000, 15700),
        Row("t3a.2xlarge", 8, 192, 32768, 2048, 5000, 695, 2780, 4000, 15700),
        Row("t4g.nano", 2, 6, 512, 32, 5000, 43, 2085, 250, 11800),
        Row("t4g.micro", 2, 12, 1024, 64, 5000, 87, 2085, 500, 11800),
        Row("t4g.small", 2, 24, 2048, 128, 5000, 174, 2085, 1000, 11800),
        Row("t4g.medium", 2, 24, 4096, 256, 5000, 347, 2085, 2000, 11800),
        Row("t4g.large", 2, 36, 8192, 512, 5000, 695, 2780, 4000, 15700),
        Row("t4g.xlarge", 4, 96, 16384, 1024, 5000, 695, 2780, 4000, 15700),
        Row("t4g.2xlarge", 8, 192, 32768, 2048, 5000, 695, 2780, 4000, 15700),
        Row("m6i.large", 2, 0, 8192, 781, 12500, 650, 10000, 3600, 40000),
        Row("m6i.xlarge", 4, 0, 16384, 1562, 12500, 1250, 10000, 6000, 40000),
        Row("m6i.2xlarge", 8, 0, 32768, 3125, 12500, 2500, 10000, 12000, 40000),
        Row("m6i.4xlarge", 16, 0, 65536, 6250, 12500, 5000, 10000, 20000, 40000),
        Row("c6i.large", 2, 0, 4096, 781, 12500, 650, 10000, 3600, 40000),
        Row("c6i.xlarge", 4, 0, 8192, 1562, 12500, 1250, 10000, 6000, 40000),
        Row("c6i.2xlarge", 8, 0, 16384, 3125, 12500, 2500, 10000, 12000, 40000),
        Row("c6i.4xlarge", 16, 0, 32768, 6250, 12500, 5000, 10000, 20000, 40000),
        Row("c6in.large", 2, 0, 4096, 3125, 25000, 1562, 25000, 6250, 100000),
        Row("c6in.xlarge", 4, 0, 8192, 6250, 30000, 3125, 25000, 12500, 100000),
        Row("c6in.2xlarge", 8, 0, 16384, 12500, 40000, 6250, 25000, 25000, 100000),
        Row("c6in.4xlarge", 16, 0, 32768, 25000, 50000, 12500, 25000, 50000, 100000),
    ]
}
