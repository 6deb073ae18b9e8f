import RESP

/// SCAN, HSCAN, SSCAN and ZSCAN.
extension Keyspace {
    /// What all four are told after the cursor.
    struct ScanOptions {
        var pattern: Word?
        var count = 10
        var type: Word?

        init(_ words: Words, from start: Int, takesType: Bool) throws(CacheFault) {
            var index = start
            while index < words.count {
                if words.matches(index, "COUNT") {
                    let value = try words.integer(words.value(after: index))
                    guard value >= 1 else { throw .syntax }
                    count = Int(value)
                } else if words.matches(index, "MATCH") {
                    pattern = words[try words.value(after: index)]
                } else if takesType, words.matches(index, "TYPE") {
                    type = words[try words.value(after: index)]
                } else {
                    throw .syntax
                }
                index += 2
            }
        }

        func wants(_ name: [UInt8]) -> Bool {
            pattern.map { Glob(pattern: $0).matches(name) } ?? true
        }

        /// Buckets at most, for tables that are almost empty.
        var bucketsMax: Int { count.multipliedReportingOverflow(by: 10).partialValue }
    }

    mutating func scan(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        var cursor = try words.cursor(1)
        let options = try ScanOptions(words, from: 2, takesType: true)
        var slots: [Int] = []
        var passed = 0
        repeat {
            cursor = scan(cursor) { slots.append($0) }
            passed += 1
        } while cursor != 0 && slots.count < options.count && passed < options.bucketsMax
        let names = slots.filter { wants($0, options) }.map { key($0) }
        reply.array(2)
        reply.bulk(String(cursor))
        reply.array(names.count)
        for name in names { reply.bulk(name) }
    }

    private func wants(_ slot: Int, _ options: ScanOptions) -> Bool {
        guard !hasExpired(slot), options.wants(key(slot)) else { return false }
        guard let type = options.type else { return true }
        return type.lowercasedText == typeName(slot).description
    }

    /// The same for the elements of one collection, by what visits a bucket of it.
    func scanElements(
        _ start: UInt64, _ options: ScanOptions, _ reply: inout ReplyWriter,
        _ visit: (UInt64, (_ name: [UInt8], _ value: [UInt8]?) -> Void) -> UInt64
    ) {
        var cursor = start
        var found: [(name: [UInt8], value: [UInt8]?)] = []
        var visited = 0
        var passed = 0
        repeat {
            cursor = visit(cursor) { name, value in
                visited += 1
                if options.wants(name) { found.append((name, value)) }
            }
            passed += 1
        } while cursor != 0 && visited < options.count && passed < options.bucketsMax
        reply.array(2)
        reply.bulk(String(cursor))
        let hasValues = found.first?.value != nil
        reply.array(found.count * (hasValues ? 2 : 1))
        for (name, value) in found {
            reply.bulk(name)
            if let value { reply.bulk(value) }
        }
    }
}

extension Words {
    /// As `strtoul` reads one, which takes a sign and makes nothing zero.
    func cursor(_ index: Int) throws(CacheFault) -> UInt64 {
        let refusal = CacheFault("ERR invalid cursor")
        var digits = self[index]
        let sign = digits.first
        let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
        if isSigned { digits.removeFirst() }
        guard !digits.isEmpty else {
            guard !isSigned else { throw refusal }
            return 0
        }
        var value: UInt64 = 0
        for digit in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit &- 0x30))
            guard digit &- 0x30 < 10, !overflow, !carry else { throw refusal }
            value = sum
        }
        return sign == UInt8(ascii: "-") ? 0 &- value : value
    }
}

extension Word {
    var lowercasedText: String { String(decoding: self, as: UTF8.self).lowercased() }
}
