import Base
import Cloud

/// What an instance's user data does at its first boot, as far as a reader of shell can tell.
public struct Boot: Sendable, Hashable {
    public var script: String
    /// Whether Docker is told to start with the machine; nil where Docker is not named at all.
    public var enablesDocker: Bool?
    public var startsCompose: Bool
    /// The compose file, where the script writes one itself or it was given beside the templates.
    public var compose: Compose?
    /// Containers that are started one by one.
    public var containers: [Container] = []
    /// Docker's own default, from `daemon.json`.
    public var logDriver: String?
    public var logsAreBounded: Bool
    /// Swap that the script makes.
    public var swap: ByteCount
    /// Commands that fetch something.
    public var downloads: [String]
    /// Names of variables whose value is a secret written out; never the value itself.
    public var secrets: [String]

    /// Every container that is known of, by whichever way it is started.
    public var allContainers: [Container] { (compose?.services ?? []) + containers }

    /// Whether containers are started from a file that cannot be seen.
    public var runsUnseen: Bool { startsCompose && compose == nil }

    static func read(script: String) -> Boot {
        let shell = ShellScript(script)
        let commands = shell.commands
        let usesDocker = commands.contains { $0.contains("docker") }
        let enables = commands.contains {
            $0.starts(with: ["systemctl", "enable"]) && $0.contains { $0.hasPrefix("docker") }
                || $0 == ["chkconfig", "docker", "on"]
        }
        let daemon = shell.files.last { $0.path.hasSuffix("daemon.json") }
            .flatMap { try? SourceNode.read(Array($0.text.utf8)) }
        let compose = shell.files.last { isComposeName($0.path) }
            .flatMap { try? Compose.read(Array($0.text.utf8)) }
        let driver = daemon?["log-driver"]?.scalar
        return Boot(
            script: script, enablesDocker: usesDocker || enables ? enables : nil,
            startsCompose: commands.contains { startsCompose($0) }, compose: compose,
            containers: commands.compactMap { Container(dockerRun: $0) }, logDriver: driver,
            logsAreBounded: driver == "local" || daemon?["log-opts"]?["max-size"] != nil,
            swap: swap(commands), downloads: commands.filter { fetches($0) }.map(\.joinedWords),
            secrets: secrets(shell.lines))
    }

    private static func isComposeName(_ path: String) -> Bool {
        let file = path.split(separator: "/").last ?? ""
        return file.hasSuffix("compose.yml") || file.hasSuffix("compose.yaml")
    }

    private static func startsCompose(_ words: [String]) -> Bool {
        let isCompose =
            words.first?.hasSuffix("docker-compose") == true
            || words.starts(with: ["docker", "compose"])
        return isCompose && words.contains("up")
    }

    private static func fetches(_ words: [String]) -> Bool {
        let tools = [
            "yum", "dnf", "apt-get", "apt", "curl", "wget", "pip", "pip3", "npm",
            "amazon-linux-extras", "snap",
        ]
        guard let tool = words.first else { return false }
        if tools.contains(tool) { return true }
        if tool == "git" { return words.contains("clone") || words.contains("pull") }
        return startsCompose(words)
            || tool == "docker"
                && words.dropFirst().first.map { ["run", "pull"].contains($0) } == true
    }

    /// `fallocate -l 2G /swapfile` or `dd … bs=1M count=2048` before a `mkswap`.
    private static func swap(_ commands: [[String]]) -> ByteCount {
        let none = ByteCount(bytes: 0)
        guard commands.contains(where: { $0.first == "mkswap" }) else { return none }
        for words in commands where words.first == "fallocate" {
            if let at = words.firstIndex(of: "-l"), at + 1 < words.count {
                return Container.size(words[at + 1]) ?? none
            }
        }
        return none
    }

    // MARK: Secrets

    private static func secrets(_ lines: [String]) -> [String] {
        var names: [String] = []
        for line in lines {
            guard let name = secretName(line), !names.contains(name) else { continue }
            names.append(name)
        }
        return names
    }

    /// The variable of this line that is given a secret: a password in an address, or a value for
    /// a name that says so. What is asked of a secret store while booting is not in the text.
    private static func secretName(_ line: String) -> String? {
        guard let equals = line.firstIndex(of: "=") else { return nil }
        let name = line[..<equals].split { !$0.isLetter && !$0.isNumber && $0 != "_" }.last ?? ""
        let value = line[line.index(after: equals)...]
        if value.contains("{{resolve:secretsmanager") || value.contains("{{resolve:ssm-secure") {
            return String(name)
        }
        if let scheme = value.range(ofPlain: "://"), let at = value[scheme...].firstIndex(of: "@") {
            let login = value[value.index(scheme, offsetBy: 3)..<at]
            let password = login.split(separator: ":", omittingEmptySubsequences: false).dropFirst()
            if let password = password.first, isLiteral(password) { return String(name) }
        }
        let words = ["PASSWORD", "SECRET", "TOKEN", "PRIVATE_KEY", "API_KEY", "ACCESS_KEY"]
        let isSecret = words.contains { name.uppercased().hasSuffix($0) }
        return isSecret && isLiteral(value) ? String(name) : nil
    }

    private static func isLiteral(_ text: Substring) -> Bool {
        guard let first = text.first(where: { $0 != "\"" && $0 != "'" }) else { return false }
        return first != "$" && first != " " && first != "`"
    }
}

extension [String] {
    /// At most a line's length of it.
    fileprivate var joinedWords: String {
        let text = joined(separator: " ")
        return text.count > 72 ? text.prefix(71) + "…" : text
    }
}
