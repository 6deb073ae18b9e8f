import Base
import Glibc
import RESP
import Testing

/// Commands and replies in pieces, hostile ones, and lines of words.
@Suite struct RESPTests {
    private struct Reading: Equatable {
        var commands: [[String]] = []
        var error: RESPError?
    }

    private func read(_ pieces: [ArraySlice<UInt8>], _ limits: RequestReader.Limits = .init())
        -> Reading
    {
        var reader = RequestReader(limits: limits)
        var reading = Reading()
        for piece in pieces where reading.error == nil {
            reader.receive(Array(piece).span)
            do throws(RESPError) {
                while try reader.next() {
                    let words = reader.words
                    reading.commands.append(
                        (0..<words.count).map { String(decoding: words[$0], as: UTF8.self) })
                }
            } catch {
                reading.error = error
            }
        }
        return reading
    }

    private func read(_ text: String) -> Reading { read([Array(text.utf8)[...]]) }

    @Test("wherever bytes are cut, the commands are the same")
    func everySplit() {
        let text =
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\na\r\nb\r\n\r\n*0\r\nGET  \"a b\\x41\\n\" 'c'\r\n\n"
            + "*-1\r\n*1\r\n$0\r\n\r\nPING\n*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n"
        let bytes = Array(text.utf8)
        let whole = read([bytes[...]])
        #expect(whole.error == nil)
        #expect(
            whole.commands == [
                ["SET", "k", "a\r\nb\r\n"], [], ["GET", "a bA\n", "c"], [], [], [""], ["PING"],
                ["ECHO", "\r\n"],
            ])
        for first in 0...bytes.count {
            #expect(read([bytes[..<first], bytes[first...]]) == whole, "cut at \(first)")
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                if read(pieces) != whole { Issue.record("cut at \(first) and \(second)") }
            }
        }
    }

    @Test(
        "what is wrong is said as Redis says it",
        arguments: [
            ("*x\r\n", RESPError.badCount), ("*1048577\r\n", .badCount), ("*+1\r\n", .badCount),
            ("*1\r\nx\r\n", .expectedLength(found: 0x78)), ("*1\r\n$-1\r\n", .badLength),
            ("*1\r\n$536870913\r\n", .badLength), ("*1\r\n$1 \r\n", .badLength),
            ("GET \"a\r\n", .unbalancedQuotes), ("GET \"a\"b\r\n", .unbalancedQuotes),
            ("GET 'a'b\r\n", .unbalancedQuotes),
            (String(repeating: "a", count: 65_537), .inlineTooLong),
            ("*" + String(repeating: "1", count: 65_537), .countTooLong),
            ("*1\r\n$" + String(repeating: "1", count: 65_537), .lengthTooLong),
        ])
    func errors(text: String, error: RESPError) {
        #expect(read(text).error == error)
    }

    @Test("before a password little is read")
    func unauthenticated() {
        var limits = RequestReader.Limits()
        limits.isAuthenticated = false
        #expect(read([Array("*11\r\n".utf8)[...]], limits).error == .unauthenticatedCount)
        #expect(
            read([Array("*1\r\n$16385\r\n".utf8)[...]], limits).error == .unauthenticatedLength)
        #expect(read([Array("*1\r\n$4\r\nPING\r\n".utf8)[...]], limits).commands == [["PING"]])
    }

    /// Twenty times the bytes, a byte at a time, take twenty times the CPU time of this thread, or
    /// somewhat more; four hundred times if they are looked at again and again.
    @Test("a long command byte by byte costs its length, not its square")
    func linear() {
        func cost(_ count: Int) -> Int {
            var reader = RequestReader()
            let head = Array("*1\r\n$\(count)\r\n".utf8)
            let byte: [UInt8] = [1]
            let start = threadTime()
            reader.receive(head.span)
            for _ in 0..<count {
                reader.receive(byte.span)
                _ = try? reader.next()
            }
            return threadTime() - start
        }
        _ = cost(10_000)
        let short = (0..<3).map { _ in cost(20_000) }.min()!
        let long = (0..<3).map { _ in cost(400_000) }.min()!
        #expect(long < short * 100)
    }

    /// Nanoseconds of CPU time.
    private func threadTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    @Test("replies in pieces of any size are the same, and nest")
    func replies() throws {
        let text =
            "+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n*1\r\n:1\r\n$0\r\n\r\n"
        let bytes = Array(text.utf8)
        let expected: [RESPReply] = [
            .simple(Array("OK".utf8)), .error(Array("ERR no".utf8)), .integer(-7),
            .bulk(Array("a\r\n".utf8)), .null, .null, .array([]),
            .array([.array([.integer(1)]), .bulk([])]),
        ]
        for size in 1...bytes.count {
            var reader = ReplyReader()
            var found: [RESPReply] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                reader.receive(bytes.span.extracting(start..<min(start + size, bytes.count)))
                while let reply = try reader.next() { found.append(reply) }
            }
            #expect(found == expected, "pieces of \(size)")
        }
    }

    @Test(
        "replies that make no sense are refused",
        arguments: [
            "?\r\n", "+OK\n", ":x\r\n", "$-2\r\n", "*1048577\r\n", "\r\n",
            String(repeating: "*1\r\n", count: 9), String(repeating: "a", count: 70_000),
        ])
    func badReplies(text: String) {
        var reader = ReplyReader()
        let bytes = Array(text.utf8)
        reader.receive(bytes.span)
        #expect(throws: RESPError.badReply) { while try reader.next() != nil {} }
    }

    @Test("what a writer writes a reader reads")
    func roundTrip() throws {
        var writer = ReplyWriter()
        writer.array(2)
        writer.bulk(Int64.min)
        writer.integer(Int64.max)
        writer.error(Array("ERR a\r\nb".utf8))
        let place = writer.bytes.count
        writer.bulk("x")
        writer.array(1, at: place)
        writer.null()
        writer.nullArray()
        var reader = ReplyReader()
        reader.receive(writer.bytes.span)
        var found: [RESPReply] = []
        while let reply = try reader.next() { found.append(reply) }
        #expect(
            found == [
                .array([.bulk(Array("-9223372036854775808".utf8)), .integer(.max)]),
                .error(Array("ERR a  b".utf8)), .array([.bulk(Array("x".utf8))]), .null, .null,
            ])
    }

    @Test("numbers are those that are written so, and no others")
    func decimals() {
        for value in [0, 1, -1, 9, 10, 99, 100, Int64.max, .min, 12_345_678_901] {
            #expect(Decimal.parse(Decimal.text(value)[...]) == value)
            #expect(Decimal.text(value).count == Decimal.length(value))
        }
        for text in ["", "-", "+1", "01", "-0", " 1", "1 ", "9223372036854775808", "1.0", "0x1"] {
            #expect(Decimal.parse(Array(text.utf8)[...]) == nil, "\(text)")
        }
    }
}
