import Base
import Foundation
import RESP
import Testing

/// Random sequences of commands of all families, sent to a real Redis and to ours: every reply must
/// be the same, errors to the letter.
@Suite struct DifferentialTests {
    @Test(
        "every reply is that of Redis 7, in both versions of the protocol",
        arguments: [UInt64](1...8), ["2", "3"])
    func sameReplies(seed: UInt64, version: String) throws {
        let redis = try RealRedis()
        let links = [try Link(port: redis.port), try Link(port: redis.port)]
        var ours = LocalServer()
        for client in 0..<2 {
            _ = ours.connect()
            let theirs = try links[client].command("HELLO \(version)")
            let reply = try ours.command("HELLO \(version)", from: UInt32(client))
            #expect(theirs.withoutNumbers == reply.withoutNumbers)
        }
        var grammar = CommandGrammar(CommandGrammar.templates, seed: seed)
        var random = Random(seed: seed, entity: "differential", purpose: "client")
        for number in 0..<2_500 {
            ours.now = Instant(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))
            let command = grammar.next()
            // A second client disturbs the transactions of the first.
            let isStateful = ["MULTI", "WATCH", "SELECT"].contains(command.name)
            let client = random.below(25) == 0 && !isStateful ? 1 : 0
            let theirs = try links[client].command(command.words)
            let reply = try ours.command(command.words, from: UInt32(client))
            let isSame =
                command.isUnordered || command.name == "EXEC"
                ? theirs.sorted == reply.sorted : theirs == reply
            guard isSame else {
                Issue.record(
                    """
                    RESP\(version), seed \(seed), command \(number), client \(client):
                    \(command.text)
                    Redis: \(theirs)
                    ours:  \(reply)
                    """)
                return
            }
        }
    }

    /// Keys that expire soon, some of which are asked for while they do; waited for in real time.
    @Test("keys expire as in Redis")
    func expiry() throws {
        let redis = try RealRedis()
        let link = try Link(port: redis.port)
        var ours = LocalServer()
        _ = ours.connect()
        func both(_ text: String) throws -> (RESPReply, RESPReply) {
            ours.now = Instant(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))
            return (try link.command(text), try ours.command(text))
        }
        let commands = [
            "SET a 1 PX 60", "SET b 1 EXAT 100", "SET c 1 PX 60", "PERSIST c", "HSET h f v",
            "PEXPIRE h 60", "RPUSH l 1", "PEXPIREAT l 100", "SET d 1 PX 60", "SET d 2 KEEPTTL",
            "SET e 1 PX 60", "SET e 2", "SET f 1 PX 60", "INCR f", "SET g 1 PX 60", "RENAME g g2",
            "SET i 1 PX 60", "COPY i i2", "SET j 1 PX 60", "GETEX j PERSIST", "GET b",
            "SET k 1 PX 60", "APPEND k 2", "WATCH a", "MULTI", "PING",
        ]
        for command in commands {
            let (theirs, reply) = try both(command)
            #expect(theirs == reply, "\(command)")
        }
        usleep(90_000)
        let questions = [
            "EXEC", "EXISTS a b c d e f g g2 i i2 j k h l", "GET d", "GET e", "INCR f", "TTL f",
            "GET g2", "GET i2", "TTL j", "APPEND k 3", "HGETALL h", "LLEN l", "TTL c", "PTTL none",
            "TYPE a", "DBSIZE",
        ]
        for question in questions {
            let (theirs, reply) = try both(question)
            #expect(theirs == reply, "\(question)")
        }
    }
}
