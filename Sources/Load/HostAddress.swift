import Glibc

/// What a host's spelling says of where packets to it would go.
enum HostAddress {
    static let localName = "localhost"

    /// Whether these are this machine's own addresses. Throws for what is no single host, and for
    /// spellings of addresses (decimal, octal, hexadecimal, shortened, IPv4 in IPv6) that one
    /// resolver takes for an address of loopback and another for somebody else's.
    static func isLoopback(_ host: String) throws(LoadRefusal) -> Bool {
        if host.lowercased() == localName { return true }
        if host.contains(":") { return try isLoopbackSix(host) }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard let parts = plain(labels) else {
            // WHATWG URL, 3.5: a host whose last label is a number is meant as an address.
            let last = (labels.last?.isEmpty ?? true ? labels.dropLast() : labels[...]).last ?? ""
            guard !isNumber(last) else { throw .strangeSpelling(host) }
            return false
        }
        // RFC 1122, 3.2.1.3; RFC 5771; RFC 1112, 4; RFC 919, 7.
        switch parts[0] {
        case 127: return true
        case 0, 224...: throw .notOneHost(host)
        case _: return false
        }
    }

    private static func isLoopbackSix(_ host: String) throws(LoadRefusal) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard inet_pton(AF_INET6, host, &bytes) == 1 else { throw .strangeSpelling(host) }
        // RFC 4291, 2.5.5: the last 32 bits are an IPv4 address; 2.5.2 and 2.5.3 begin alike.
        let head = bytes[..<10].allSatisfy { $0 == 0 }
        if head, bytes[10...].elementsEqual([0, 0, 0, 0, 0, 1]) { return true }
        if head, bytes[10...].elementsEqual([0, 0, 0, 0, 0, 0]) { throw .notOneHost(host) }
        if head, bytes[10] == bytes[11], bytes[10] == 0 || bytes[10] == 0xFF {
            throw .strangeSpelling(host)
        }
        if bytes[0] == 0xFF { throw .notOneHost(host) }  // RFC 4291, 2.7
        return false
    }

    private static func plain(_ labels: [Substring]) -> [UInt8]? {
        guard labels.count == 4 else { return nil }
        let parts = labels.compactMap { label in
            UInt8(label).flatMap { String($0) == label ? $0 : nil }
        }
        return parts.count == 4 ? parts : nil
    }

    private static func isNumber(_ label: Substring) -> Bool {
        if label.lowercased().hasPrefix("0x") { return label.dropFirst(2).allSatisfy(\.isHexDigit) }
        return !label.isEmpty && label.allSatisfy { $0.isASCII && $0.isNumber }
    }
}
