import Foundation
import Synchronization

/// A PostgreSQL server of our own on a free port of 127.0.0.1, which ends with this process.
///
/// PostgreSQL refuses to run as root, so it runs as the user `postgres` then. A shell between it
/// and us holds the end of a pipe: when we end, however we end, the shell ends the server and
/// removes its folder.
public final class PostgresServer: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    public let port: Int
    private let folder: URL
    private let keeper: Mutex<Process?> = Mutex(nil)

    /// For all tests of a process that leave it running.
    public static let shared = Result { try PostgresServer() }

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "postgres-\(UUID().uuidString)")
        port = try FreePort.any()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.run("chmod 755 \(folder.path)")
        if getuid() == 0 { try Self.run("chown postgres \(folder.path)") }
        try Self.run(
            "\(Self.asUser)\(Self.tool("initdb")) -D \(data) -U tester -A trust -E UTF8 --no-sync "
                + "--locale=C.UTF-8 >/dev/null")
        try makeCertificate()
        try start()
    }

    private var data: String { folder.appending(path: "data").path }
    private var log: String { folder.appending(path: "log").path }
    /// The server's own, and what vouches for it.
    public var certificate: String { folder.appending(path: "root.pem").path }

    private static func tool(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let paths = versions.compactMap(Int.init).sorted(by: >).map { "\(root)/\($0)/bin/\(name)" }
        guard let path = paths.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw Failure(description: "no \(name) in \(root): scripts/setup installs postgresql")
        }
        return path
    }

    /// Words that run a program as `postgres`, where we are root.
    private static let asUser =
        getuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups " : ""

    /// For `localhost` and no other name, so that one that differs is noticed.
    private func makeCertificate() throws {
        try Self.run(
            """
            cd \(folder.path) && openssl req -x509 -newkey rsa:2048 -nodes -days 2 \
            -subj /CN=localhost -addext subjectAltName=DNS:localhost \
            -keyout server.key -out root.pem 2>/dev/null && chmod 600 server.key && \
            chmod 644 root.pem && chown --reference=data server.key root.pem
            """)
    }

    /// Again, after `killAll`.
    public func start() throws {
        let settings = [
            "listen_addresses=127.0.0.1", "unix_socket_directories=", "ssl=on",
            "ssl_cert_file=\(certificate)", "ssl_key_file=\(folder.path)/server.key",
            "max_connections=60", "shared_buffers=64MB", "logging_collector=off",
        ].map { "-c \($0)" }.joined(separator: " ")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [
            "-c",
            """
            \(Self.asUser)\(try Self.tool("postgres")) -D \(data) -p \(port) \(settings) \
                </dev/null >>\(log) 2>&1 &
            server=$!
            said=$(cat)
            kill -QUIT $server 2>/dev/null; wait $server
            [ "$said" = keep ] || rm -rf \(folder.path)
            """,
        ]
        process.standardInput = Pipe()
        try process.run()
        keeper.withLock { $0 = process }
        let ready = "\(try Self.tool("pg_isready")) -q -h 127.0.0.1 -p \(port)"
        do {
            try Self.run("for try in $(seq 600); do \(ready) && exit; sleep 0.05; done; exit 1")
        } catch {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw Failure(description: "PostgreSQL did not start: \(text)")
        }
    }

    public func url(_ database: String, host: String = "127.0.0.1") -> String {
        "postgres://tester@\(host):\(port)/\(database)"
    }

    /// A new and empty database; one that need not outlive the machine may skip waiting for the
    /// disk.
    public func database(isDurable: Bool = true) throws -> String {
        let name = "t" + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
        let later = isDurable ? "" : "-c 'ALTER DATABASE \(name) SET synchronous_commit = off'"
        try Self.run(
            "\(try Self.tool("psql")) -q '\(url("postgres"))' -c 'CREATE DATABASE \(name)' \(later)"
        )
        return url(name)
    }

    /// The server and its children, now.
    public var processes: [Int32] {
        get throws {
            let file = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
            guard let postmaster = file.split(separator: "\n").first.flatMap({ Int32($0) }) else {
                throw Failure(description: "a postmaster.pid without a number")
            }
            let children = try Self.output("pgrep -P \(postmaster) || true")
                .split(separator: "\n").compactMap { Int32($0) }
            return [postmaster] + children
        }
    }

    /// As the kernel's killer does it: no process of the server says goodbye.
    public func killAll() throws {
        let processes = try processes
        for id in processes { kill(id, SIGKILL) }
        endKeeper(keepsFolder: true)
        for id in processes { while kill(id, 0) == 0 { usleep(5_000) } }
    }

    public func stop() { endKeeper(keepsFolder: false) }

    private func endKeeper(keepsFolder: Bool) {
        keeper.withLock { process in
            guard let running = process, let input = running.standardInput as? Pipe else { return }
            let end = input.fileHandleForWriting
            if keepsFolder { try? end.write(contentsOf: Data("keep".utf8)) }
            try? end.close()
            running.waitUntilExit()
            process = nil
        }
    }

    private static func run(_ command: String) throws { _ = try output(command) }

    private static func output(_ command: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(command): exit \(process.terminationStatus)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
