import NIOHTTP1

extension HTTPRequestHead {
    /// How many bytes it takes on the wire: RFC 9112, 2.1 and 3.
    var wireLength: Int {
        // The method, a space, the target, a space, the version; the empty line.
        let line = method.rawValue.utf8.count + uri.utf8.count + "  HTTP/1.1\r\n\r\n".utf8.count
        // With a colon, a space and the end of the line for each.
        return headers.reduce(line) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    }
}
