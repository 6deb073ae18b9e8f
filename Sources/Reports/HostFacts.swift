/// The contents of `run-info.json`: all that may differ between two runs of the same scenario.
///
/// Whoever drives the run reads clocks and the host; no other file and no report repeats it.
public struct HostFacts: Sendable, Hashable, Codable {
    public var version: String
    public var commandLine: [String]
    public var host: String
    public var operatingSystem: String
    public var cores: Int
    /// RFC 3339, UTC.
    public var startedAt: String
    public var wallMilliseconds: Int64
    public var cpuMilliseconds: Int64
    public var memoryPeakBytes: Int64

    public init(
        version: String, commandLine: [String], host: String, operatingSystem: String,
        cores: Int, startedAt: String, wallMilliseconds: Int64, cpuMilliseconds: Int64,
        memoryPeakBytes: Int64
    ) {
        self.version = version
        self.commandLine = commandLine
        self.host = host
        self.operatingSystem = operatingSystem
        self.cores = cores
        self.startedAt = startedAt
        self.wallMilliseconds = wallMilliseconds
        self.cpuMilliseconds = cpuMilliseconds
        self.memoryPeakBytes = memoryPeakBytes
    }
}
