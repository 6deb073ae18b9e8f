import Base

/// Something about a deployment that the plan's hardening phase has to deal with.
public struct Exposure: Sendable, Hashable {
    /// Stable, such as `ssh-open`.
    public var id: String
    public var text: String
    /// The port that is open because of it; nil where it is not about a port.
    public var port: Int?

    public init(id: String, text: String, port: Int?) {
        self.id = id
        self.text = text
        self.port = port
    }
}

extension Deployment {
    /// What is open, unauthenticated, unencrypted or stale at a date, in a fixed order.
    public func exposures(at now: Instant) -> [Exposure] {
        var found: [Exposure] = []
        func add(_ id: String, _ text: String, port: Int? = nil) {
            found.append(Exposure(id: id, text: text, port: port))
        }
        if reaches(from: .internet, to: .instance, port: 22) {
            add("ssh-open", "SSH is open to the whole internet", port: 22)
        }
        if reaches(from: .internet, to: .instance, port: 8_081) {
            add("port-8081-open", "port 8081 is open and nothing known listens", port: 8_081)
        }
        if reaches(from: .internet, to: .instance, port: 1_935) {
            add("rtmp-clear", "stream keys and media cross the internet unencrypted", port: 1_935)
        }
        if !rtmp.keyRequired { add("rtmp-open", "anyone may publish: no stream key is asked for") }
        for port in [80, 5_432, 6_379, 8_000, 8_080]
        where reaches(from: .internet, to: .instance, port: port) {
            add("port-\(port)-open", "port \(port) is open to the whole internet", port: port)
        }
        if instance.image == .amazonLinux2 && now >= Self.amazonLinux2End {
            add("image-end-of-life", "Amazon Linux 2 is past its end of support (2026-06-30)")
        }
        if case .managed(_, _, _, _, let version) = database,
            version <= 13 || (version == 14 && now >= Self.postgres14End)
        {
            add("engine-end-of-life", "PostgreSQL \(version) is past its end of support")
        }
        if !alarms { add("no-alarms", "no alarm tells anybody when a service is down") }
        return found
    }

    /// Whether RDS charges Extended Support for a major version of PostgreSQL, which RDS and CDK
    /// opt in to: since 2025-03-01 for 12, since 2026-03-01 for 13 (from memory).
    /// Source: Amazon RDS User Guide, extended-support-charges.
    public static func isExtendedSupport(postgres version: Int, at now: Instant) -> Bool {
        let begin = CivilTime(year: version <= 12 ? 2025 : 2026, month: 3, day: 1).instantUTC
        return version <= 13 && now >= begin
    }

    /// Amazon Linux 2 FAQs: end of support 2026-06-30.
    private static let amazonLinux2End = CivilTime(year: 2026, month: 7, day: 1).instantUTC
    /// PostgreSQL versioning policy: final release of 14 on 2026-11-12.
    private static let postgres14End = CivilTime(year: 2026, month: 11, day: 12).instantUTC
}
