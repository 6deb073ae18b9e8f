import Crypto
import CryptoExtras
import Foundation
import NIOConcurrencyHelpers
import NIOPosix
import Platform

/// Hashes passwords with scrypt, off the event loops.
///
/// N = 2^14, r = 8, p = 5 is the setting that OWASP's Password Storage Cheat Sheet gives for 16 MiB
/// of memory: what a small machine can spare while people sign in. Costs stand in the hash, so they
/// may be raised later. Two are computed at once, and few may wait: signing in is rare, and
/// a crowd of attempts must not take the CPU from streams.
final class Passwords: Sendable {
    private struct Costs: Hashable {
        var log2N = 14
        var r = 8
        var p = 5

        /// 128 · N · r; more is not computed, whatever the store says.
        static let memoryMax = 256 << 20
        var isBearable: Bool {
            (1...20).contains(log2N) && (1...32).contains(r) && (1...16).contains(p)
                && 128 << log2N * r <= Self.memoryMax
        }
    }

    private struct Hash {
        var costs = Costs()
        var salt: [UInt8]
        var key: [UInt8]
    }

    private static let lengthOfKey = 32
    private static let lengthOfSalt = 16
    private static let threads = 2
    /// Under way and waiting.
    private static let workMax = 32

    private let pool = NIOThreadPool(numberOfThreads: threads)
    private let underWay = NIOLockedValueBox(0)

    init() { pool.start() }

    func stop() async { try? await pool.shutdownGracefully() }

    /// Nil where too many wait. The answer comes on any thread.
    func perform(_ work: Work, then answer: @escaping @Sendable (WorkAnswer?) -> Void) {
        let isAdmitted = underWay.withLockedValue { count in
            guard count < Self.workMax else { return false }
            count += 1
            return true
        }
        guard isAdmitted else { return answer(nil) }
        pool.submit { state in
            let result = state == .active ? Self.answer(work) : nil
            self.underWay.withLockedValue { $0 -= 1 }
            answer(result)
        }
    }

    private static func answer(_ work: Work) -> WorkAnswer? {
        switch work {
        case .hash(let password):
            return hash(password).map { .hashed($0) }
        case .verify(let password, let known):
            return .verified(verify(password, known))
        }
    }

    static func hash(_ password: String) -> PasswordHash? {
        var hash = Hash(salt: Secrets.bytes(lengthOfSalt), key: [])
        guard let key = derive(password, hash) else { return nil }
        hash.key = key
        return PasswordHash(text(hash))
    }

    /// Costs as much for an account that does not exist.
    static func verify(_ password: String, _ known: PasswordHash) -> Bool {
        let hash = parse(known.text)
        let salt = hash?.salt ?? [UInt8](repeating: 0, count: lengthOfSalt)
        let tried = Hash(costs: hash?.costs ?? Costs(), salt: salt, key: [])
        guard let key = derive(password, tried), let hash else { return false }
        return zip(key, hash.key).reduce(UInt8(0)) { $0 | $1.0 ^ $1.1 } == 0
    }

    private static func derive(_ password: String, _ hash: Hash) -> [UInt8]? {
        // The same letters may be typed as different code points.
        let text = password.precomposedStringWithCompatibilityMapping
        return try? KDF.Scrypt.deriveKey(
            from: Array(text.utf8), salt: hash.salt, outputByteCount: lengthOfKey,
            rounds: 1 << hash.costs.log2N, blockSize: hash.costs.r, parallelism: hash.costs.p
        ).withUnsafeBytes { Array($0) }
    }

    // MARK: As text: $scrypt$ln=14,r=8,p=5$salt$key

    private static func text(_ hash: Hash) -> String {
        let costs = hash.costs
        return "$scrypt$ln=\(costs.log2N),r=\(costs.r),p=\(costs.p)"
            + "$\(base64(hash.salt))$\(base64(hash.key))"
    }

    private static func parse(_ text: String) -> Hash? {
        let parts = text.split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", let costs = costs(parts[1]),
            let salt = bytes(parts[2]), let key = bytes(parts[3]), key.count == lengthOfKey
        else { return nil }
        return Hash(costs: costs, salt: salt, key: key)
    }

    private static func costs(_ text: Substring) -> Costs? {
        var costs = Costs()
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=")
            guard parts.count == 2, let value = Int(parts[1]) else { return nil }
            switch parts[0] {
            case "ln": costs.log2N = value
            case "r": costs.r = value
            case "p": costs.p = value
            case _: return nil
            }
        }
        return costs.isBearable ? costs : nil
    }

    /// Base 64 without padding, as the PHC string format has it.
    private static func base64(_ bytes: [UInt8]) -> String {
        var text = Data(bytes).base64EncodedString()
        while text.last == "=" { text.removeLast() }
        return text
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text + padding).map { Array($0) }
    }
}
