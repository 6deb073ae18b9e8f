import Base
import NIOCore
import NIOPosix
import RTMP

/// Many connections of one kind that misbehave.
struct Attack: Sendable, CustomStringConvertible {
    /// What each does once it has sent its first bytes.
    enum Conduct: Sendable {
        /// Reads nothing, says nothing more.
        case stalls
        /// Reads this many bytes a second.
        case reads(Int)
        /// Says a byte of nothing every so often.
        case drips(every: TimeAmount)
    }

    var description: String
    var count: Int
    /// Of each, by its number: streams have one publisher.
    var bytes: @Sendable (Int) -> [UInt8]
    var conduct: Conduct

    init(
        _ description: String, _ count: Int, _ conduct: Conduct = .stalls,
        _ bytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.description = description
        self.count = count
        self.bytes = bytes
        self.conduct = conduct
    }

    /// `stream` is what is played; `connections` are idle.
    static func all(stream: String, connections: Int) -> [Attack] {
        [
            Attack("slow readers", 50, .reads(20_000)) { _ in playing(stream) },
            Attack("stalled readers", 100) { _ in playing(stream) },
            Attack("half a command, then silence", 200) { _ in playing(stream).dropLast(7) },
            Attack("idle connections", connections) { _ in [] },
            Attack("slow-loris handshakes", 300, .drips(every: .milliseconds(50))) { _ in [3] },
            Attack("a chunk size of 0", 200) { _ in greeting + chunkSize(0) },
            Attack("a chunk size of 2^31-1", 200) {
                publishing($0, chunkSize(0x7FFF_FFFF) + declared(0x7F_FFFF))
            },
            Attack("objects 10,000 deep", 200) { _ in greeting + nested },
            Attack("16 MiB declared", 1_000) { publishing($0, declared(0xFF_FFFF)) },
            Attack("8 MiB declared, as is allowed", 1_000) { publishing($0, declared(0x7F_FFFF)) },
            Attack("another protocol", 200) { _ in Array("GET / HTTP/1.1\r\n\r\n".utf8) },
        ]
    }

    // MARK: What they say

    /// C0, C1 and C2 of a client that waits for nothing.
    private static let greeting: [UInt8] = [3] + [UInt8](repeating: 0, count: 2 * 1536)

    private static func publishing(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
        asking(Command("publish", [.null, .string("hostile-\(number)")])) + bytes
    }

    static func playing(_ stream: String) -> [UInt8] {
        asking(Command("play", [.null, .string(stream)]))
    }

    private static func asking(_ command: Command) -> [UInt8] {
        var writer = ChunkWriter()
        var wire = greeting
        let connect = Command(
            "connect", transaction: 1, [.object([AMFProperty("app", .string("live"))])])
        for command in [connect, command] {
            writer.write(command.message(on: .first), on: .command, into: &wire)
        }
        return wire
    }

    private static func chunkSize(_ size: UInt32) -> [UInt8] {
        [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) }
    }

    /// The header of a video message of this length, and a little of it.
    private static func declared(_ length: UInt32) -> [UInt8] {
        [6, 0, 0, 0] + [16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
            + [9, 1, 0, 0, 0] + [UInt8](repeating: 1, count: 64)
    }

    /// A connect whose object holds an object that holds one …
    private static var nested: [UInt8] {
        var payload: [UInt8] = [2, 0, 7] + Array("connect".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 0]
        for _ in 0..<10_000 { payload += [3, 0, 1, 0x61] }
        var wire: [UInt8] = []
        var writer = ChunkWriter()
        writer.write(
            Message(type: .commandAMF0, stream: .connection, timestamp: 0, payload: payload),
            on: .command, into: &wire)
        return wire
    }

    // MARK: What they do

    /// Opens the connections, and holds them for the body.
    func run(port: Int, _ body: () async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let channels = try await open(port, group)
            try await body()
            for channel in channels { channel.close(promise: nil) }
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func open(
        _ port: Int, _ group: MultiThreadedEventLoopGroup
    ) async throws -> [any Channel] {
        var channels: [any Channel] = []
        while channels.count < count {
            let some = (0..<min(200, count - channels.count)).map { _ in
                ClientBootstrap(group: group)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.socketOption(.so_rcvbuf), value: 16 << 10)
                    .channelOption(
                        .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2000)
                    )
                    .connect(host: "127.0.0.1", port: port)
            }
            for future in some {
                let channel = try await future.get()
                channel.writeAndFlush(ByteBuffer(bytes: bytes(channels.count)), promise: nil)
                follow(channel)
                channels.append(channel)
            }
        }
        return channels
    }

    private func follow(_ channel: any Channel) {
        switch conduct {
        case .stalls: break
        case .reads(let rate):
            let every = TimeAmount.nanoseconds(2000 * 1_000_000_000 / Int64(rate))
            channel.eventLoop.scheduleRepeatedTask(initialDelay: every, delay: every) { task in
                if channel.isActive { channel.read() } else { task.cancel() }
            }
        case .drips(let every):
            channel.eventLoop.scheduleRepeatedTask(initialDelay: every, delay: every) { task in
                guard channel.isActive else { return task.cancel() }
                channel.writeAndFlush(ByteBuffer(bytes: [0]), promise: nil)
            }
        }
    }
}
