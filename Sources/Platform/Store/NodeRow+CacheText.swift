import Base

/// A node's row as it stands in the cache: JSON, the names in order.
extension NodeRow {
    public var cacheText: String {
        """
        {"active":\(isActive),"capacity":\(capacity.millionths),"flagged":\(isFlagged),\
        "heartbeat":\(heartbeatAt.nanoseconds),"host":"\(Self.escaped(address.host))",\
        "http":\(address.httpPort),"name":"\(Self.escaped(name))","node":\(node.raw),\
        "rtmp":\(address.rtmpPort),"stats":"\(Self.escaped(statsURL))","stream":\(stream.raw),\
        "trust":\(trust.millionths),"viewers":\(viewers)}
        """
    }

    /// RFC 8259, 7.
    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: isEscaped) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result += "\\"
                result.unicodeScalars.append(scalar)
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            case _: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    // MARK: How long it is

    /// Bytes of `cacheText`, without making it.
    struct CacheTextLength: Sendable, Hashable {
        /// Of the texts in it, which hardly ever change.
        fileprivate var texts: Int
        private(set) var whole: Int

        private static let namesAndSigns = 132

        init(of row: NodeRow) {
            let all = [row.name, row.address.host, row.statsURL]
            texts = all.reduce(0) { $0 + NodeRow.escaped($1).utf8.count }
            whole = 0
            count(row)
        }

        /// Of another row of the same node.
        mutating func follow(_ row: NodeRow, after old: NodeRow) {
            if row.name != old.name || row.address.host != old.address.host
                || row.statsURL != old.statsURL
            {
                self = Self(of: row)
            } else {
                count(row)
            }
        }

        private mutating func count(_ row: NodeRow) {
            whole =
                Self.namesAndSigns + texts + (row.isActive ? 4 : 5) + (row.isFlagged ? 4 : 5)
                + Self.digits(row.capacity.millionths) + Self.digits(row.heartbeatAt.nanoseconds)
                + Self.digits(Int64(row.address.httpPort)) + Self.digits(Int64(row.node.raw))
                + Self.digits(Int64(row.address.rtmpPort)) + Self.digits(Int64(row.stream.raw))
                + Self.digits(row.trust.millionths) + Self.digits(Int64(row.viewers))
        }

        /// With its sign.
        private static func digits(_ number: Int64) -> Int {
            var count = number < 0 ? 2 : 1
            var rest = number.magnitude
            while rest >= 10_000 {
                rest /= 10_000
                count += 4
            }
            if rest >= 100 {
                rest /= 100
                count += 2
            }
            return rest >= 10 ? count + 1 : count
        }
    }
}
