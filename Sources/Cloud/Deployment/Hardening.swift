import Base

/// Something about a deployment that the plan's hardening phase has to deal with.
public struct Exposure: Sendable, Hashable {
    /// Stable, such as `ssh-open`.
    public var id: String
    public var text: String
    /// The port that is open because of it; nil where it is not about a port.
    public var port: Int?
    /// Whether what is there is known, so that it is known what to do about it.
    public var isNamed: Bool

    public init(id: String, text: String, port: Int?, isNamed: Bool = true) {
        self.id = id
        self.text = text
        self.port = port
        self.isNamed = isNamed
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
        for rule in openRules {
            found.append(
                Exposure(
                    id: rule.exposureID, text: rule.exposureText, port: rule.port,
                    isNamed: rule.service != nil))
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

    /// What the internet may connect to without its being meant, each once, by place and port.
    private var openRules: [NetworkRule] {
        var open: [NetworkRule] = []
        for rule in rules where rule.from == .internet && !rule.isMeant && !open.contains(rule) {
            open.append(rule)
        }
        func place(_ rule: NetworkRule) -> Int {
            NetworkPlace.allCases.firstIndex(of: rule.to) ?? 0
        }
        return open.sorted { (place($0), $0.port) < (place($1), $1.port) }
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

extension NetworkRule {
    /// Whether it is the way to the pages (80 leads to 443) or the streams, or named by itself.
    fileprivate var isMeant: Bool {
        switch to {
        case .instance: [22, 443, 1_935, 8_081].contains(port)
        case .loadBalancer: [80, 443].contains(port)
        case .database, .cache: false
        case .internet: true
        }
    }

    fileprivate var exposureID: String {
        (to == .instance ? "" : "\(to.rawValue)-") + "port-\(port)-open"
    }

    fileprivate var exposureText: String {
        let place = to == .instance ? "" : " of the \(to.rawValue)"
        let whose = service.map { " (\($0))" } ?? ""
        let doubt = service == nil ? ", and nobody says for what" : ""
        return "port \(port)\(whose)\(place) is open to the whole internet\(doubt)"
    }

    /// What listens there, where the plan has such a thing.
    fileprivate var service: String? { Self.known.first { $0.port == port }?.what }

    private static let known: [(port: Int, what: String)] = [
        (80, "pages in clear"), (8_080, "players in clear"), (1_985, "the RTMP server's API"),
        (2_375, "Docker's API, which is the whole machine"),
        (5_432, "PostgreSQL"), (6_379, "Redis"), (8_000, "the coordinator, past TLS"),
    ]
}
