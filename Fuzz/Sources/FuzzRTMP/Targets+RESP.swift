import Base
import RESP

extension Targets {
    /// Commands as clients send them, or (first byte odd) replies as servers do.
    static func resp(_ input: [UInt8]) -> CInt {
        guard input.count >= 2 else { return 0 }
        let rest = Array(input[2...])
        let cut = min(Int(input[1]), rest.count)
        if input[0] & 1 == 0 {
            let isAuthenticated = input[0] & 2 == 0
            let whole = requests([rest[...]], isAuthenticated)
            let halves = requests([rest[..<cut], rest[cut...]], isAuthenticated)
            check(whole == halves, "a cut at \(cut) made a difference")
        } else {
            let whole = replies([rest[...]])
            check(whole == replies([rest[..<cut], rest[cut...]]), "a cut at \(cut)")
            readAgain(whole.replies)
        }
        return 0
    }

    private struct Requests: Equatable {
        var words: [[[UInt8]]] = []
        var error: RESPError?
    }

    private static func requests(
        _ pieces: [ArraySlice<UInt8>], _ isAuthenticated: Bool
    ) -> Requests {
        var limits = RequestReader.Limits()
        limits.isAuthenticated = isAuthenticated
        var reader = RequestReader(limits: limits)
        var found = Requests()
        for piece in pieces where found.error == nil {
            reader.receive(Array(piece).span)
            do throws(RESPError) {
                while try reader.next() {
                    let kept = reader.words.kept
                    found.words.append((0..<kept.count).map { [UInt8](kept[$0]) })
                }
            } catch {
                found.error = error
            }
        }
        return found
    }

    private struct Replies: Equatable {
        var replies: [RESPReply] = []
        var error: RESPError?
    }

    private static func replies(_ pieces: [ArraySlice<UInt8>]) -> Replies {
        var reader = ReplyReader()
        var found = Replies()
        for piece in pieces where found.error == nil {
            reader.receive(Array(piece).span)
            do throws(RESPError) {
                while let reply = try reader.next() { found.replies.append(reply) }
            } catch {
                found.error = error
            }
        }
        return found
    }

    /// What was read is written and read again.
    private static func readAgain(_ replies: [RESPReply]) {
        var bytes: [UInt8] = []
        for reply in replies { write(reply, &bytes) }
        let again = self.replies([bytes[...]])
        check(again == Replies(replies: replies, error: nil), "reading lost something")
    }

    private static func write(_ reply: RESPReply, _ bytes: inout [UInt8]) {
        switch reply {
        case .simple(let text): bytes += [0x2B] + text + [13, 10]
        case .error(let text): bytes += [0x2D] + text + [13, 10]
        case .integer(let number): bytes += [UInt8](":\(number)\r\n".utf8)
        case .bulk(let value): bytes += [UInt8]("$\(value.count)\r\n".utf8) + value + [13, 10]
        case .null: bytes += [UInt8]("$-1\r\n".utf8)
        case .double(let text): bytes += [0x2C] + text + [13, 10]
        case .verbatim(let text): bytes += [UInt8]("=\(text.count)\r\n".utf8) + text + [13, 10]
        case .array(let replies): write("*\(replies.count)", replies, &bytes)
        case .map(let replies): write("%\(replies.count / 2)", replies, &bytes)
        case .set(let replies): write("~\(replies.count)", replies, &bytes)
        case .push(let replies): write(">\(replies.count)", replies, &bytes)
        }
    }

    private static func write(_ head: String, _ replies: [RESPReply], _ bytes: inout [UInt8]) {
        bytes += [UInt8]("\(head)\r\n".utf8)
        for reply in replies { write(reply, &bytes) }
    }
}
