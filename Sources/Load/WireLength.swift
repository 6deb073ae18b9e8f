import NIOHTTP1

// How many bytes the heads of HTTP/1.1 take on the wire: RFC 9112, 2.1.
extension HTTPRequestHead {
    var wireLength: Int64 {
        // The method, a space, the target, a space, the version.
        Int64(method.rawValue.utf8.count + uri.utf8.count + " ".utf8.count * 2)
            + versionLength + headers.wireLength
    }
}

extension HTTPResponseHead {
    var wireLength: Int64 {
        // The version, a space, three digits, a space, the phrase.
        versionLength + 5 + Int64(status.reasonPhrase.utf8.count) + headers.wireLength
    }
}

/// `HTTP/1.1`, and the end of its line.
private let versionLength = Int64("HTTP/1.1\r\n".utf8.count)

extension HTTPHeaders {
    /// With a colon, a space and the end of the line for each, and the empty line.
    fileprivate var wireLength: Int64 {
        reduce(2) { $0 + Int64($1.name.utf8.count + $1.value.utf8.count + 4) }
    }
}
