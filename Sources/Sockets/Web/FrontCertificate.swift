import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// The front's certificate, which may be replaced while connections go on: each handshake takes the
/// one that is there.
struct FrontCertificate: Sendable {
    private let current: NIOLockedValueBox<NIOSSLContextConfigurationOverride>
    private let first: TLSConfiguration

    init(_ certificate: StreamService.Certificate) throws {
        first = try SecureContext.configuration(certificate)
        current = NIOLockedValueBox(Self.change(to: first))
    }

    func configuration() -> TLSConfiguration {
        var configuration = first
        configuration.sslContextCallback = { [current] _, promise in
            promise.succeed(current.withLockedValue { $0 })
        }
        return configuration
    }

    /// A certificate that cannot be used leaves the one before.
    func load(_ certificate: StreamService.Certificate) throws {
        let fresh = try SecureContext.usable(certificate)
        current.withLockedValue { $0 = Self.change(to: fresh) }
    }

    private static func change(
        to configuration: TLSConfiguration
    ) -> NIOSSLContextConfigurationOverride {
        var change = NIOSSLContextConfigurationOverride()
        change.certificateChain = configuration.certificateChain
        change.privateKey = configuration.privateKey
        return change
    }
}
