import Base
import Foundation
import FoundationNetworking
import Logging
import NIOConcurrencyHelpers
import Platform
import TestServers
import Testing

@testable import Sockets

/// The coordinator on a free port of 127.0.0.1, over tables in memory and a real Redis.
struct TestPlatform: Sendable {
    let service: PlatformService
    let tables: NIOLockedValueBox<Tables>
    let secrets: Secrets

    static func with<Value>(
        _ change: (inout PlatformService.Options) -> Void = { _ in },
        _ body: (TestPlatform) async throws -> Value
    ) async throws -> Value {
        let redis = try await Redis.start()
        defer { redis.stop() }
        let secrets = Secrets.drawn()
        var options = PlatformService.Options(
            certificate: try OwnCertificate.load(
                from: Scratch.folder, hosts: ["localhost", "127.0.0.1"]), secrets: secrets)
        options.address = "127.0.0.1"
        options.coordinatorPort = 0
        options.httpsPort = 0
        options.cache = "redis://127.0.0.1:\(redis.port)"
        options.coordinator.signInsMax = 10_000
        options.coordinator.changesMax = 10_000
        options.coordinator.pagesMax = 10_000
        change(&options)
        let tables = NIOLockedValueBox(Tables(trustRule: .spotChecks))
        let service = try await PlatformService.start(
            options,
            store: { transaction, now, answer in
                answer(.success(tables.withLockedValue { $0.execute(transaction, at: now) }))
            }, logger: Self.logger)
        let platform = TestPlatform(service: service, tables: tables, secrets: secrets)
        do {
            #expect(try await wait { await service.isHealthy() })
            let value = try await body(platform)
            await service.stop()
            return value
        } catch {
            await service.stop()
            throw error
        }
    }

    static var logger: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    var url: String { "http://127.0.0.1:\(service.ports.coordinator)" }

    func ask(
        _ method: String, _ path: String, token: String? = nil, body: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> HTTPAnswer {
        var headers = headers
        if let token { headers["Authorization"] = "Bearer \(token)" }
        return try await HTTPAnswer.of(method, url + path, body: body, headers: headers)
    }

    /// A new account's pair of tokens.
    func account(_ name: String) async throws -> (access: String, refresh: String, user: String) {
        let answer = try await ask(
            "POST", "/api/v1/auth/register-streamer",
            body: #"{"name":"\#(name)","password":"correct horse"}"#)
        #expect(answer.status == 201, "\(answer.text)")
        return (
            try answer.text("access_token"), try answer.text("refresh_token"),
            try answer.text("user_id")
        )
    }

    /// A new stream of an account.
    func stream(_ token: String, _ title: String = "A stream") async throws -> (
        id: String, key: String
    ) {
        let answer = try await ask(
            "POST", "/streams", token: token, body: #"{"title":"\#(title)"}"#)
        #expect(answer.status == 201, "\(answer.text)")
        return (try answer.text("stream_id"), try answer.text("stream_key"))
    }
}

struct HTTPAnswer: Sendable {
    var status: Int
    var body: Data
    var headers: [String: String]

    static func of(
        _ method: String, _ url: String, body: String? = nil, headers: [String: String] = [:]
    ) async throws -> HTTPAnswer {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.httpMethod = method
        request.timeoutInterval = 20
        if let body {
            request.httpBody = Data(body.utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await session.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        var fields: [String: String] = [:]
        for (name, value) in http.allHeaderFields {
            fields["\(name)".lowercased()] = "\(value)"
        }
        return HTTPAnswer(status: http.statusCode, body: data, headers: fields)
    }

    /// Without cookies and caches, which would tie tests together.
    private static let session = URLSession(configuration: .ephemeral)

    var json: JSON? { JSON(body) }
    var string: String { String(decoding: body, as: UTF8.self) }
    var text: String { "\(status) \(string)" }

    func text(_ name: String) throws -> String {
        guard case .object(let object)? = json, case .text(let text)? = object[name] else {
            throw Missing(name: name, answer: self.text)
        }
        return text
    }

    struct Missing: Error {
        var name: String
        var answer: String
    }
}

/// Waits until it is so; false after these seconds.
func wait(_ seconds: Int = 10, until isSo: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<seconds * 20 {
        if try await isSo() { return true }
        try await Task.sleep(for: .milliseconds(50))
    }
    return false
}

/// A program that others wrote, or ours.
final class Tool: Sendable {
    let process: Process
    let output: URL

    convenience init(_ words: String...) throws { try self.init(words: words) }

    /// Starts it; both outputs go to a file.
    init(words: [String]) throws {
        output = Scratch.folder.appending(path: UUID().uuidString + ".out")
        try Data().write(to: output)
        let file = try FileHandle(forWritingTo: output)
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        process.currentDirectoryURL = Scratch.folder
        try process.run()
    }

    var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// Its exit status; nil if it had to be stopped.
    func finish(within seconds: Int) async throws -> Int32? {
        guard try await wait(seconds, until: { !process.isRunning }) else {
            stop()
            return nil
        }
        return process.terminationStatus
    }

    func stop() {
        process.terminate()
        for _ in 0..<100 where process.isRunning { usleep(50_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    func kill9() async throws {
        kill(process.processIdentifier, SIGKILL)
        _ = try await wait(5) { !process.isRunning }
    }

    static func isInstalled(_ name: String) -> Bool {
        ["/usr/bin", "/usr/sbin", "/usr/local/bin"].contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }
}

/// Debian's Redis, on a free port.
struct Redis: Sendable {
    let port: Int
    private let tool: Tool

    static func start(_ more: String...) async throws -> Redis {
        try await start(on: try FreePort.any(), more)
    }

    static func start(on port: Int, _ more: [String]) async throws -> Redis {
        let tool = try Tool(
            words: [
                "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", Scratch.folder.path,
            ] + more)
        guard try await wait(10, until: { tool.text.contains("Ready to accept") }) else {
            tool.stop()
            throw HTTPAnswer.Missing(name: "redis-server", answer: tool.text)
        }
        return Redis(port: port, tool: tool)
    }

    func stop() { tool.stop() }
}

/// A folder for the files of this run.
enum Scratch {
    static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "serve-tests-\(ProcessInfo.processInfo.processIdentifier)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }()
}
