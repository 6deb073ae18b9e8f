/// Reads one AMF3 value where an AMF0 message switches over (marker 0x11), as Flash encoders do.
///
/// Values come out as their AMF0 likes: integers as numbers, dense arrays as strict arrays,
/// vectors as strict arrays, dictionaries as strict arrays of key and value in turn. References to
/// strings and traits are followed; references to objects are not (`.reference`), so that nothing
/// can grow by being repeated. Source: Adobe, AMF 3 Specification (2013).
struct AMF3Reader {
    private enum Marker: UInt8 {
        case undefined, null, isFalse, isTrue, integer, double, string, xmlDocument, date, array
        case object, xml, byteArray, vectorInt, vectorUInt, vectorNumber, vectorObject, dictionary
    }

    private struct Traits {
        var className: String
        var isDynamic: Bool
        var names: [String]
    }

    private let bytes: [UInt8]
    private(set) var offset: Int
    private let depthStart: Int
    private(set) var valuesLeft: Int
    private var strings: [String] = []
    /// Bytes of text that stand here for a reference of one or two.
    private var repeatedText = 0
    private static let repeatedTextMax = 1 << 20
    private var traits: [Traits] = []

    init(_ bytes: [UInt8], at offset: Int, depth: Int, valuesLeft: Int) {
        self.bytes = bytes
        self.offset = offset
        depthStart = depth
        self.valuesLeft = valuesLeft
    }

    mutating func next() throws(AMFError) -> AMFValue { try value(depth: depthStart) }

    private mutating func value(depth: Int) throws(AMFError) -> AMFValue {
        try admit(depth: depth)
        let byte = try take()
        guard let marker = Marker(rawValue: byte) else { throw .unknownMarker(byte) }
        switch marker {
        case .undefined: return .undefined
        case .null: return .null
        case .isFalse: return .boolean(false)
        case .isTrue: return .boolean(true)
        case .integer: return .number(AMFNumber(signed(try word29())))
        case .double: return .number(try double())
        case .string: return .string(try text())
        case .xmlDocument, .xml, .date, .array, .object, .byteArray, .vectorInt, .vectorUInt,
            .vectorNumber, .vectorObject, .dictionary:
            return try complex(marker, depth: depth)
        }
    }

    /// Everything that begins with a length whose low bit tells a value from a reference.
    private mutating func complex(_ marker: Marker, depth: Int) throws(AMFError) -> AMFValue {
        let word = try word29()
        guard word & 1 == 1 else { return .reference(UInt16(truncatingIfNeeded: word >> 1)) }
        let length = word >> 1
        switch marker {
        case .date: return .date(try double(), zone: 0)
        case .xmlDocument, .xml: return .xml(try text(length))
        case .byteArray: return .bytes(Array(try slice(length)))
        case .array: return try array(length, depth: depth)
        case .object: return try object(word, depth: depth)
        case .vectorInt, .vectorUInt, .vectorNumber, .vectorObject:
            return try vector(marker, length, depth: depth)
        case .dictionary:
            _ = try take()
            return try list(length * 2, depth: depth)
        case .undefined, .null, .isFalse, .isTrue, .integer, .double, .string:
            throw .unexpectedType
        }
    }

    private mutating func array(_ length: Int, depth: Int) throws(AMFError) -> AMFValue {
        var pairs = try dynamicPairs(depth: depth)
        if pairs.isEmpty { return try list(length, depth: depth) }
        guard length <= bytes.count - offset else { throw .truncated }
        for index in 0..<length {
            pairs.append(AMFProperty(String(index), try value(depth: depth + 1)))
        }
        return .ecmaArray(pairs)
    }

    private mutating func list(_ length: Int, depth: Int) throws(AMFError) -> AMFValue {
        guard length <= bytes.count - offset else { throw .truncated }
        var values: [AMFValue] = []
        for _ in 0..<length { values.append(try value(depth: depth + 1)) }
        return .strictArray(values)
    }

    private mutating func object(_ word: Int, depth: Int) throws(AMFError) -> AMFValue {
        let traits = try objectTraits(word)
        var pairs: [AMFProperty] = []
        for name in traits.names {
            pairs.append(AMFProperty(name, try value(depth: depth + 1)))
        }
        if traits.isDynamic { pairs += try dynamicPairs(depth: depth) }
        return traits.className.isEmpty ? .object(pairs) : .typedObject(traits.className, pairs)
    }

    /// U29O-traits: bit 1 tells new traits from a reference, bit 2 externalizable, bit 3 dynamic.
    private mutating func objectTraits(_ word: Int) throws(AMFError) -> Traits {
        if word & 2 == 0 {
            guard word >> 2 < traits.count else { throw .badReference }
            return traits[word >> 2]
        }
        // Only the class itself knows how an externalizable object goes on.
        guard word & 4 == 0 else { throw .unexpectedType }
        let count = word >> 4
        guard count <= bytes.count - offset else { throw .truncated }
        var new = Traits(className: try name(), isDynamic: word & 8 != 0, names: [])
        for _ in 0..<count {
            try spend()
            new.names.append(try name())
        }
        traits.append(new)
        return new
    }

    private mutating func dynamicPairs(depth: Int) throws(AMFError) -> [AMFProperty] {
        var pairs: [AMFProperty] = []
        while true {
            let name = try name()
            if name.isEmpty { return pairs }
            pairs.append(AMFProperty(name, try value(depth: depth + 1)))
        }
    }

    private mutating func vector(
        _ marker: Marker, _ length: Int, depth: Int
    ) throws(AMFError) -> AMFValue {
        _ = try take()  // whether its length is fixed
        if marker == .vectorObject {
            _ = try text()  // the class of its elements
            return try list(length, depth: depth)
        }
        guard length <= bytes.count - offset else { throw .truncated }
        var values: [AMFValue] = []
        for _ in 0..<length {
            try admit(depth: depth + 1)
            values.append(.number(try element(marker)))
        }
        return .strictArray(values)
    }

    private mutating func element(_ marker: Marker) throws(AMFError) -> AMFNumber {
        switch marker {
        case .vectorInt: AMFNumber(Int32(bitPattern: try word32()))
        case .vectorUInt: AMFNumber(try word32())
        case .vectorNumber: try double()
        case .undefined, .null, .isFalse, .isTrue, .integer, .double, .string, .xmlDocument,
            .date, .array, .object, .xml, .byteArray, .vectorObject, .dictionary:
            throw .unexpectedType
        }
    }

    private mutating func name() throws(AMFError) -> String {
        try AMFProperty.checked(name: text())
    }

    private mutating func text() throws(AMFError) -> String {
        let word = try word29()
        if word & 1 == 0 {
            guard word >> 1 < strings.count else { throw .badReference }
            let text = strings[word >> 1]
            repeatedText += text.utf8.count
            guard repeatedText <= Self.repeatedTextMax else {
                throw .tooMuchText(limit: Self.repeatedTextMax)
            }
            return text
        }
        let text = try text(word >> 1)
        if !text.isEmpty { strings.append(text) }
        return text
    }

    private mutating func text(_ count: Int) throws(AMFError) -> String {
        String(decoding: try slice(count), as: UTF8.self)
    }

    /// One to four bytes, seven bits each but for the last of four, which gives eight.
    private mutating func word29() throws(AMFError) -> Int {
        var word = 0
        for _ in 0..<3 {
            let byte = Int(try take())
            word = word << 7 | byte & 0x7F
            if byte & 0x80 == 0 { return word }
        }
        return word << 8 | Int(try take())
    }

    private func signed(_ word: Int) -> Int { word >= 1 << 28 ? word - (1 << 29) : word }

    /// One more value, this deep.
    private mutating func admit(depth: Int) throws(AMFError) {
        guard depth < AMF0Reader.depthMax else { throw .tooDeep(limit: AMF0Reader.depthMax) }
        try spend()
    }

    private mutating func spend() throws(AMFError) {
        guard valuesLeft > 0 else { throw .tooManyValues(limit: AMF0Reader.valuesMax) }
        valuesLeft -= 1
    }

    private mutating func take() throws(AMFError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        offset += 1
        return bytes[offset - 1]
    }

    private mutating func slice(_ count: Int) throws(AMFError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else { throw .truncated }
        offset += count
        return bytes[offset - count..<offset]
    }

    private mutating func word32() throws(AMFError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw .truncated }
        offset += 4
        return bytes.bigEndian32(at: offset - 4)
    }

    private mutating func double() throws(AMFError) -> AMFNumber {
        let high = UInt64(try word32())
        return AMFNumber(bitPattern: high << 32 | UInt64(try word32()))
    }
}
