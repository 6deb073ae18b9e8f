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
        do {
            return try NIOSSLContext(configuration: try configuration(certificate))
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError.badCertificate(file: certificate.chain, reason: "\(error)")
        }
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
