import Base
import Platform
import RESP

/// The whole cache, with what its keys hold, fed by up to four connections at once.
///
/// The first byte says what memory and password there are. Each step is an operation, a connection
/// and a length, and that many bytes: raw ones, the words of one command (a zero between two), or
/// time that passes. The driver's side of the contract is kept, the peers' is not.
struct CacheTarget: ~Copyable {
    private static let connections = 4
    private static let stepsMax = 200
    private static let start = Instant(nanoseconds: 1_000_000_000_000)

    private var server: CacheServer
    private var now = start
    private var outbox = CacheOutbox()
    private var isOpen = [Bool](repeating: false, count: connections)
    private var readers = [ReplyReader](repeating: ReplyReader(), count: connections)
    /// What each connection said last, by which too costly a command is told.
    private var tails = [[UInt8]](repeating: [], count: connections)
    private var replies = 0

    private init(_ kind: UInt8) {
        var settings = CacheServer.Settings()
        let policies = CacheEngine.Policy.allCases
        settings.engine.policy = policies[Int(kind >> 2) % policies.count]
        settings.engine.memoryMax = kind & 1 == 0 ? 0 : 900_000
        settings.password = kind & 2 == 0 ? [] : [UInt8(ascii: "p")]
        settings.timeout = 5
        settings.queryMax = 100_000
        server = CacheServer(settings, random: Random(seed: 1), at: now)
    }

    static func feed(_ input: [UInt8]) -> CInt {
        var target = CacheTarget(input.first ?? 0)
        let empty = target.server.engine.usedMemory
        var rest = input.dropFirst()
        for _ in 0..<stepsMax where rest.count >= 3 {
            let head = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            let payload = Array(rest.prefix(Int(head[2])))
            rest = rest.dropFirst(payload.count)
            target.step(head[0] % 8, Int(head[1]) % connections, payload)
        }
        target.flush()
        for index in 0..<connections { target.close(index) }
        let used = target.server.engine.usedMemory
        let isEmpty = target.server.engine.count == 0
        check(used >= empty, "memory was given back twice")
        check(!isEmpty || used == empty, "\(used - empty) bytes are counted for nothing")
        return 0
    }

    private mutating func step(_ operation: UInt8, _ index: Int, _ payload: [UInt8]) {
        switch operation {
        case 0: open(index)
        case 1, 2: receive(payload, from: index)
        case 3, 4, 5: receive(Self.command(payload), from: index)
        case 6: close(index)
        case _: pass(CacheServer.cycle * Int64(payload.first ?? 1))
        }
    }

    private static func command(_ payload: [UInt8]) -> [UInt8] {
        let words = payload.split(separator: 0, omittingEmptySubsequences: false)
        var bytes = [UInt8]("*\(words.count)\r\n".utf8)
        for word in words { bytes += [UInt8]("$\(word.count)\r\n".utf8) + word + [13, 10] }
        return bytes
    }

    private mutating func open(_ index: Int) {
        guard !isOpen[index] else { return }
        isOpen[index] = true
        readers[index] = ReplyReader()
        tails[index] = []
        tell(.opened(ConnectionID(UInt32(index)), address: "192.0.2.1:5"))
    }

    private mutating func receive(_ bytes: [UInt8], from index: Int) {
        open(index)
        tails[index] = (tails[index] + bytes).suffix(2_000)
        guard !Self.isCostly(tails[index]) else { return close(index) }
        server.receive(bytes.span, from: ConnectionID(UInt32(index)), at: now, into: &outbox)
        settle()
    }

    /// One command may ask for a string of 512 MiB, or for so many answers.
    private static func isCostly(_ bytes: [UInt8]) -> Bool {
        var digits = 0
        let hasCount = bytes.contains { byte in
            digits = (0x30...0x39).contains(byte) ? digits + 1 : 0
            return digits > 4
        }
        let text = bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return hasCount
            && ["setrange", "randmember", "randfield"].contains { name in
                text.firstRange(of: [UInt8](name.utf8)) != nil
            }
    }

    private mutating func close(_ index: Int) {
        guard isOpen[index] else { return }
        isOpen[index] = false
        tell(.closed(ConnectionID(UInt32(index))))
    }

    private mutating func pass(_ interval: Interval) {
        now += interval
        tell(.woke)
    }

    /// Everything goes, if no password is asked for.
    private mutating func flush() {
        close(0)
        receive([UInt8]("FLUSHALL\r\n".utf8), from: 0)
    }

    private mutating func tell(_ input: CacheInput) {
        server.handle(input, at: now, into: &outbox)
        settle()
    }

    private mutating func settle() {
        while !outbox.effects.isEmpty {
            let (effects, bytes) = (outbox.effects, outbox.bytes)
            outbox.removeAll()
            for effect in effects { perform(effect, bytes) }
        }
    }

    private mutating func perform(_ effect: CacheEffect, _ bytes: [UInt8]) {
        switch effect {
        case .send(let id, let range): read(Array(bytes[range]), at: Int(id.raw))
        case .stalled(let id):
            check(isOpen[Int(id.raw)], "a closed connection is to be waited for")
            server.handle(.flowing(id), at: now, into: &outbox)
        case .close(let id):
            guard isOpen[Int(id.raw)] else { return }
            isOpen[Int(id.raw)] = false
            server.handle(.closed(id), at: now, into: &outbox)
        }
    }

    /// Whatever is sent are whole replies.
    private mutating func read(_ bytes: [UInt8], at index: Int) {
        readers[index].receive(bytes.span)
        do throws(RESPError) {
            while try readers[index].next() != nil { replies += 1 }
        } catch {
            check(false, "a reply that cannot be read")
        }
    }
}
