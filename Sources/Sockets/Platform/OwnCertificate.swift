import Crypto
import Foundation
import NIOCore
import SwiftASN1
import X509

/// A certificate for those who have none: signed by itself, made on the first start and kept in the
/// data folder. Browsers warn of it once.
public enum OwnCertificate {
    private static let days = 397

    /// The folder's certificate; made anew when there is none or it is about to expire.
    public static func load(
        from folder: URL, hosts: [String]
    ) throws -> StreamService.Certificate {
        let chain = folder.appending(path: "certificate.pem")
        let key = folder.appending(path: "certificate-key.pem")
        if !isGood(chain) || !FileManager.default.fileExists(atPath: key.path) {
            let made = try make(hosts)
            try PrivateFile.write(Data(made.key.utf8), to: key)
            try PrivateFile.write(Data(made.certificate.utf8), to: chain)
        }
        return StreamService.Certificate(chain: chain.path, key: key.path)
    }

    private static func isGood(_ file: URL) -> Bool {
        guard let text = try? String(contentsOf: file, encoding: .utf8),
            let certificate = try? Certificate(pemEncoded: text)
        else { return false }
        return certificate.notValidAfter.timeIntervalSinceNow > 7 * 86_400
    }

    private static func make(_ hosts: [String]) throws -> (certificate: String, key: String) {
        let key = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(key)
        let name = try DistinguishedName { CommonName("streamr-sim") }
        let names = hosts.map { host -> GeneralName in
            if let address = try? SocketAddress(ipAddress: host, port: 0) {
                return .ipAddress(ASN1OctetString(contentBytes: address.addressBytes[...]))
            }
            return .dnsName(host)
        }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: signer.publicKey,
            notValidBefore: now.addingTimeInterval(-3_600),
            notValidAfter: now.addingTimeInterval(Double(days) * 86_400),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names)
            }, issuerPrivateKey: signer)
        return (try certificate.serializeAsPEM().pemString, key.pemRepresentation)
    }
}
