import Crypto
import Foundation
import Platform

/// What a platform keeps from everybody: the key of its tokens, and the RTMP server's password.
///
/// Made on the first start and kept in the data folder, for its owner's eyes only.
public struct Secrets: Sendable, Codable {
    /// Signs access and refresh tokens.
    var tokenKey: Data
    /// Stands in the addresses of the RTMP server's callbacks.
    public var callback: String

    public static func drawn() -> Secrets {
        Secrets(
            tokenKey: Data(Self.bytes(32)),
            callback: Self.bytes(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    /// Those of the folder; drawn and kept if there are none.
    public static func load(from folder: URL) throws -> Secrets {
        let file = folder.appending(path: "secrets.json")
        if let data = FileManager.default.contents(atPath: file.path) {
            do {
                return try JSONDecoder().decode(Secrets.self, from: data)
            } catch {
                throw StartError.badFile(file: file.path, reason: "\(error)")
            }
        }
        let secrets = drawn()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try PrivateFile.write(encoder.encode(secrets), to: file)
        return secrets
    }

    static func bytes(_ count: Int) -> [UInt8] {
        var system = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &system) }
    }

    /// Whether `text` is the callback's secret; the time says nothing about where they differ.
    func isCallback(_ text: String) -> Bool {
        let key = SymmetricKey(data: tokenKey)
        let code = HMAC<SHA256>.authenticationCode(for: Data(callback.utf8), using: key)
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: Data(text.utf8), using: key)
    }
}

/// API keys: `ssk_` and 64 hexadecimal digits. Only the digest is kept.
enum APIKey {
    static let prefix = "ssk_"

    static func drawn() -> String {
        prefix
            + Secrets.bytes(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func digest(_ text: String) -> SecretDigest {
        var words: [4 of UInt64] = [0, 0, 0, 0]
        for (index, byte) in SHA256.hash(data: Data(text.utf8)).enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        return SecretDigest(words: words)
    }
}

/// Files that nobody else may read.
enum PrivateFile {
    /// Whole or not at all: written to one side first.
    static func write(_ data: Data, to file: URL) throws {
        let draft = file.path + ".\(ProcessInfo.processInfo.processIdentifier)"
        let isWritten = FileManager.default.createFile(
            atPath: draft, contents: data, attributes: [.posixPermissions: 0o600])
        guard isWritten, rename(draft, file.path) == 0 else {
            throw StartError.badFile(file: file.path, reason: "it cannot be written")
        }
    }
}
