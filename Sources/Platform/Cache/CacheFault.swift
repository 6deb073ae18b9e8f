import RESP

/// Why a command was not carried out, in the words that Redis 7 has for it.
public struct CacheFault: Error, Sendable, Hashable {
    /// Bytes, because some repeat what a stranger wrote.
    let bytes: [UInt8]

    init(_ text: String) { bytes = [UInt8](text.utf8) }

    /// Text with a stranger's word in it.
    init(_ before: String, _ word: Word, _ after: String, _ rest: [UInt8] = []) {
        bytes = Self.echo(before, word, after) + rest
    }

    /// As C prints a string: up to its end or 128 bytes.
    private static func echo(_ before: String, _ word: Word, _ after: String) -> [UInt8] {
        before.utf8 + word.prefix(echoMax).prefix { $0 != 0 } + after.utf8
    }

    private static let echoMax = 128

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    static let wrongType = CacheFault(
        "WRONGTYPE Operation against a key holding the wrong kind of value")
    static let syntax = CacheFault("ERR syntax error")
    static let notInteger = CacheFault("ERR value is not an integer or out of range")
    static let notPositive = CacheFault("ERR value is out of range, must be positive")
    static let notNumber = CacheFault("ERR value is not a valid float")
    static let overflow = CacheFault("ERR increment or decrement would overflow")
    static let noSuchKey = CacheFault("ERR no such key")
    static let indexOutOfRange = CacheFault("ERR index out of range")
    static let tooLong = CacheFault(
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    public static let outOfMemory = CacheFault(
        "OOM command not allowed when used memory > 'maxmemory'.")

    static func arity(_ name: String) -> CacheFault {
        CacheFault("ERR wrong number of arguments for '\(name)' command")
    }

    static func unknown(_ words: Words) -> CacheFault {
        var rest: [UInt8] = []
        for index in 1..<max(words.count, 1) where rest.count < echoMax {
            rest += echo("'", words[index].prefix(echoMax - rest.count), "' ")
        }
        return CacheFault(
            "ERR unknown command '", words[0], "', with args beginning with: ", rest)
    }

    static func unknownSubcommand(_ words: Words) -> CacheFault {
        let parent = String(decoding: words[0], as: UTF8.self).uppercased()
        return CacheFault("ERR unknown subcommand '", words[1], "'. Try \(parent) HELP.")
    }

    static func expiry(_ name: String) -> CacheFault {
        CacheFault("ERR invalid expire time in '\(name)' command")
    }
}
