import Base
import Cloud

/// A compose file, as far as it says what keeps running and what is open.
public struct Compose: Sendable, Hashable {
    public static let servicesMax = 64

    public var services: [Container]

    /// Reads a compose file; the version does not matter.
    public static func read(_ bytes: [UInt8]) throws(SourceFault) -> Compose {
        let root = try SourceNode.read(bytes)
        guard let services = root["services"]?.members else {
            throw SourceFault(
                line: root.line, message: "expected services: a compose file has them")
        }
        guard services.count <= servicesMax else {
            throw SourceFault(line: root.line, message: "expected at most \(servicesMax) services")
        }
        return Compose(services: services.map { Container(name: $0.name, service: $0.value) })
    }
}

/// A container as it is started.
public struct Container: Sendable, Hashable {
    public var name: String
    public var image: String
    public var restart: RestartPolicy
    /// Nil is the daemon's default.
    public var logDriver: String?
    public var logsAreBounded: Bool
    public var ports: [Port]
    public var memoryMax: ByteCount?
    public var command: String

    public struct Port: Sendable, Hashable {
        /// On the machine.
        public var outside: Int
        public var inside: Int
    }

    /// Whether it is back after its process ends and after the daemon starts.
    public var comesBack: Bool { restart == .always || restart == .unlessStopped }

    init(name: String, service: SourceNode) {
        self.name = name
        image = service["image"]?.scalar ?? ""
        restart = Self.policy(service["restart"]?.scalar)
        let logging = service["logging"]
        logDriver = logging?["driver"]?.scalar
        logsAreBounded = logDriver == "local" || logging?["options"]?["max-size"] != nil
        ports = (service["ports"]?.elements ?? []).flatMap { Self.ports($0) }
        let limit = service["deploy"]?["resources"]?["limits"]?["memory"] ?? service["mem_limit"]
        memoryMax = limit?.scalar.flatMap { Self.size($0) }
        let words = service["command"]?.elements.compactMap(\.scalar) ?? []
        command = service["command"]?.scalar ?? words.joined(separator: " ")
    }

    /// `docker run …`; nil for other commands.
    init?(dockerRun words: [String]) {
        guard words.starts(with: ["docker", "run"]) else { return nil }
        (name, image, ports, command) = ("", "", [], "")
        (restart, logDriver, logsAreBounded, memoryMax) = (.no, nil, false, nil)
        var rest = words.dropFirst(2)
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                image = word
                command = rest.joined(separator: " ")
                break
            }
            let halves = word.split(separator: "=", maxSplits: 1).map(String.init)
            if ["-d", "--rm", "-i", "-t", "-it", "--init", "--privileged"].contains(word) {
                continue
            }
            take(halves[0], halves.count > 1 ? halves[1] : rest.popFirst() ?? "")
        }
        if name.isEmpty { name = image }
    }

    private mutating func take(_ option: String, _ value: String) {
        switch option {
        case "--name": name = value
        case "--restart": restart = Self.policy(value)
        case "--log-driver":
            logDriver = value
            if value == "local" { logsAreBounded = true }
        case "--log-opt": if value.hasPrefix("max-size") { logsAreBounded = true }
        case "-p", "--publish": ports += Self.ports(text: value)
        case "-m", "--memory": memoryMax = Self.size(value)
        case _: break
        }
    }

    private static func policy(_ word: String?) -> RestartPolicy {
        let name = word?.split(separator: ":").first.map(String.init) ?? "no"
        return RestartPolicy(rawValue: name) ?? .no
    }

    private static func ports(_ node: SourceNode) -> [Port] {
        if let text = node.scalar { return ports(text: text) }
        guard let inside = node["target"]?.scalar.flatMap({ Int($0) }) else { return [] }
        let outside = node["published"]?.scalar.flatMap { Int($0) } ?? inside
        return [Port(outside: outside, inside: inside)]
    }

    /// `8081:8080`, `127.0.0.1:8000:8000` (not open outside), `1935:1935/tcp`, `1985`.
    private static func ports(text: String) -> [Port] {
        guard !text.hasPrefix("127."), !text.hasSuffix("/udp") else { return [] }
        let bare = text.split(separator: "/").first ?? ""
        let numbers = bare.split(separator: ":").suffix(2).map { Int($0) }
        guard let outside = numbers.first ?? nil, let inside = numbers.last ?? nil else {
            return []
        }
        return [Port(outside: outside, inside: inside)]
    }

    /// `256m`, `1g`, `64MiB`, `2G`: Docker's and coreutils' letters are powers of 1024.
    static func size(_ text: String) -> ByteCount? {
        let digits = text.prefix { $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        let unit: Int64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": unit = 1
        case "k", "kb", "kib": unit = 1 << 10
        case "m", "mb", "mib": unit = 1 << 20
        case "g", "gb", "gib": unit = 1 << 30
        case _: return nil
        }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit)
        return isTooMuch ? nil : ByteCount(bytes: bytes)
    }
}
