import NIOConcurrencyHelpers
import NIOSSL

/// The certificate of RTMPS, which may be replaced while connections go on.
final class SecureContext: Sendable {
    private let context: NIOLockedValueBox<NIOSSLContext>

    init(_ certificate: StreamService.Certificate) throws {
        context = NIOLockedValueBox(try Self.make(certificate))
    }

    func handler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context.withLockedValue { $0 })
    }

    func load(_ certificate: StreamService.Certificate) throws {
        let fresh = try Self.make(certificate)
        context.withLockedValue { $0 = fresh }
    }

    private static func make(_ certificate: StreamService.Certificate) throws -> NIOSSLContext {
        let configuration = try configuration(certificate)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw StartError.badCertificate(file: certificate.chain, reason: "\(error)")
        }
    }

    /// What the files say, once it is known that they fit together.
    static func usable(_ certificate: StreamService.Certificate) throws -> TLSConfiguration {
        _ = try make(certificate)
        return try configuration(certificate)
    }

    static func configuration(
        _ certificate: StreamService.Certificate
    ) throws -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate.chain)
            let key = try NIOSSLPrivateKey(file: certificate.key, format: .pem)
            return .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        } catch {
            throw StartError.badCertificate(file: certificate.chain, reason: "\(error)")
        }
    }
}
