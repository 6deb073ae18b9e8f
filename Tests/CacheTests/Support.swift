import Base
import Foundation
import Glibc
import Platform
import RESP
import TestServers
import Testing

/// A client that waits for its answers.
final class Link {
    private let descriptor: Int32
    private var reader = ReplyReader()

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw POSIXError(.ECONNREFUSED)
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw POSIXError(.EPIPE) }
            sent += count
        }
    }

    /// The next reply; nil when the server has closed.
    func reply() throws -> RESPReply? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let reply = try reader.next() { return reply }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            reader.receive(buffer.span.extracting(0..<count))
        }
    }

    func command(_ words: [[UInt8]]) throws -> RESPReply {
        try send(wire(words))
        return try #require(try reply())
    }

    func command(_ text: String) throws -> RESPReply { try command(words(text)) }
}

func words(_ text: String) -> [[UInt8]] {
    text.split(separator: " ", omittingEmptySubsequences: true).map { Array($0.utf8) }
}

/// A command as clients send it.
func wire(_ words: [[UInt8]]) -> [UInt8] {
    var wire = Array("*\(words.count)\r\n".utf8)
    for word in words { wire += Array("$\(word.count)\r\n".utf8) + word + [0x0D, 0x0A] }
    return wire
}

extension RESPReply {
    /// Arrays in the order of what they hold, for replies whose order means nothing.
    var sorted: RESPReply {
        let inOrder: ([RESPReply]) -> [RESPReply] = {
            $0.map(\.sorted).sorted { "\($0)" < "\($1)" }
        }
        return switch self {
        case .array(let replies): .array(inOrder(replies))
        case .set(let replies): .set(inOrder(replies))
        case .map(let replies): .map(inOrder(replies))
        case .push(let replies): .push(inOrder(replies))
        case .simple, .error, .integer, .bulk, .null, .double, .verbatim: self
        }
    }

    /// What two servers say of themselves differs in the numbers of their clients alone.
    var withoutNumbers: RESPReply {
        switch self {
        case .integer: .integer(0)
        case .array(let replies): .array(replies.map(\.withoutNumbers))
        case .map(let replies): .map(replies.map(\.withoutNumbers))
        case .simple, .error, .bulk, .null, .double, .verbatim, .set, .push: self
        }
    }

    var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return Int(value)
    }

    static func text(_ text: String) -> RESPReply { .bulk(Array(text.utf8)) }
    static let ok = RESPReply.simple(Array("OK".utf8))
    static func refused(_ text: String) -> RESPReply { .error(Array(text.utf8)) }
}

/// A server in this process, without sockets. Time is told.
struct LocalServer {
    var server: CacheServer
    var now: Instant
    private var outbox = CacheOutbox()
    private var readers: [ReplyReader] = []
    /// Those whose end the server has asked for.
    private(set) var closed: [UInt32] = []

    init(
        _ settings: CacheServer.Settings = .init(),
        at now: Instant = Instant(nanoseconds: 1_700_000_000_000_000_000)
    ) {
        self.now = now
        server = CacheServer(settings, random: Random(seed: 42), at: now)
    }

    mutating func connect() -> UInt32 {
        let raw = UInt32(readers.count)
        readers.append(ReplyReader())
        server.handle(.opened(ConnectionID(raw), address: "1.2.3.4:\(raw)"), at: now, into: &outbox)
        settle()
        return raw
    }

    mutating func send(_ bytes: [UInt8], from raw: UInt32 = 0) {
        server.receive(bytes.span, from: ConnectionID(raw), at: now, into: &outbox)
        settle()
    }

    mutating func end(_ raw: UInt32) {
        server.handle(.closed(ConnectionID(raw)), at: now, into: &outbox)
        settle()
    }

    mutating func reply(_ raw: UInt32 = 0) throws -> RESPReply? { try readers[Int(raw)].next() }

    mutating func command(_ words: [[UInt8]], from raw: UInt32 = 0) throws -> RESPReply {
        send(wire(words), from: raw)
        return try #require(try reply(raw))
    }

    mutating func command(_ text: String, from raw: UInt32 = 0) throws -> RESPReply {
        try command(words(text), from: raw)
    }

    mutating func wait(_ interval: Interval) {
        now += interval
        server.handle(.woke, at: now, into: &outbox)
        settle()
    }

    private mutating func settle() {
        while !outbox.effects.isEmpty {
            var stalled: [ConnectionID] = []
            for effect in outbox.effects {
                switch effect {
                case .send(let id, let range):
                    let bytes = Array(outbox.bytes[range])
                    readers[Int(id.raw)].receive(bytes.span)
                case .close(let id): closed.append(id.raw)
                case .stalled(let id): stalled.append(id)
                }
            }
            outbox.removeAll()
            for id in stalled { server.handle(.flowing(id), at: now, into: &outbox) }
        }
    }
}

/// The real one, started for a test and stopped with it.
final class RealRedis {
    static let path = "/usr/bin/redis-server"

    let port: Int
    private let process = Process()
    private let folder: URL

    init(_ arguments: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "cache-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try FreePort.any()
        process.executableURL = URL(filePath: Self.path)
        process.arguments =
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", folder.path,
            ] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<200 {
            if let link = try? Link(port: port), (try? link.command("PING")) != nil { return }
            usleep(25_000)
        }
        throw POSIXError(.ETIMEDOUT)
    }

    deinit {
        // The threads of tests block SIGTERM, and what they start inherits that.
        kill(process.processIdentifier, SIGKILL)
        awaitEnd(of: process)
        try? FileManager.default.removeItem(at: folder)
    }
}

/// `waitUntilExit` needs a run loop, which the threads of tests do not have.
func awaitEnd(of process: Process) {
    for _ in 0..<400 where process.isRunning { usleep(10_000) }
}

/// Runs a program that others wrote to its end.
func output(_ path: String, _ arguments: [String], input: String? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    if let input {
        let source = Pipe()
        process.standardInput = source
        try process.run()
        source.fileHandleForWriting.write(Data(input.utf8))
        try source.fileHandleForWriting.close()
    } else {
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    awaitEnd(of: process)
    return String(decoding: data, as: UTF8.self)
}
