/// Reads AMF0 values one after another. After an error the reader is of no more use.
///
/// Nesting and the number of values in all are bounded, so a hostile message costs neither stack
/// nor, at up to 48 bytes a value, more than 3 MiB beyond its own length.
public struct AMF0Reader: Sendable {
    /// Real metadata nests two or three deep.
    public static let depthMax = 32
    /// Real metadata has some dozens.
    public static let valuesMax = 65_536

    private let bytes: [UInt8]
    public private(set) var offset: Int
    private var values = 0

    public init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        self.offset = min(offset, bytes.count)
    }

    public var isAtEnd: Bool { offset == bytes.count }

    /// The next value; throws `.truncated` at the end.
    public mutating func next() throws(AMFError) -> AMFValue { try value(depth: 0) }

    /// All values to the end.
    public static func all(_ bytes: [UInt8], at offset: Int = 0) throws(AMFError) -> [AMFValue] {
        var reader = AMF0Reader(bytes, at: offset)
        var values: [AMFValue] = []
        while !reader.isAtEnd { values.append(try reader.next()) }
        return values
    }

    private mutating func value(depth: Int) throws(AMFError) -> AMFValue {
        guard depth < Self.depthMax else { throw .tooDeep(limit: Self.depthMax) }
        values += 1
        guard values <= Self.valuesMax else { throw .tooManyValues(limit: Self.valuesMax) }
        let byte = try take()
        guard let marker = AMF0Marker(rawValue: byte) else { throw .unknownMarker(byte) }
        switch marker {
        case .number: return .number(try double())
        case .boolean: return .boolean(try take() != 0)
        case .string: return .string(try text(Int(try word16())))
        case .object: return .object(try pairs(depth: depth))
        case .null: return .null
        case .undefined: return .undefined
        case .reference: return .reference(try word16())
        case .ecmaArray:
            // The count is a hint: encoders write 0, or too much, and the end marker rules.
            _ = try word32()
            return .ecmaArray(try pairs(depth: depth))
        case .objectEnd: throw .unknownMarker(byte)
        case .strictArray: return .strictArray(try elements(depth: depth))
        case .date: return .date(try double(), zone: Int16(bitPattern: try word16()))
        case .longString: return .string(try text(Int(try word32())))
        case .unsupported: return .unsupported
        case .xml: return .xml(try text(Int(try word32())))
        case .typedObject:
            let name = try AMFProperty.checked(name: text(Int(try word16())))
            return .typedObject(name, try pairs(depth: depth))
        case .amf3: return try amf3(depth: depth)
        }
    }

    private mutating func pairs(depth: Int) throws(AMFError) -> [AMFProperty] {
        var pairs: [AMFProperty] = []
        while true {
            let length = Int(try word16())
            if length == 0, offset < bytes.count,
                bytes[offset] == AMF0Marker.objectEnd.rawValue
            {
                offset += 1
                return pairs
            }
            let name = try AMFProperty.checked(name: text(length))
            pairs.append(AMFProperty(name, try value(depth: depth + 1)))
        }
    }

    private mutating func elements(depth: Int) throws(AMFError) -> [AMFValue] {
        let count = Int(try word32())
        guard count <= bytes.count - offset else { throw .truncated }
        guard count <= Self.valuesMax - values else {
            throw .tooManyValues(limit: Self.valuesMax)
        }
        var elements: [AMFValue] = []
        for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
        return elements
    }

    private mutating func amf3(depth: Int) throws(AMFError) -> AMFValue {
        var reader = AMF3Reader(
            bytes, at: offset, depth: depth, valuesLeft: Self.valuesMax - values)
        let value = try reader.next()
        offset = reader.offset
        values = Self.valuesMax - reader.valuesLeft
        return value
    }

    private mutating func take() throws(AMFError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        offset += 1
        return bytes[offset - 1]
    }

    private mutating func word16() throws(AMFError) -> UInt16 {
        guard bytes.count - offset >= 2 else { throw .truncated }
        offset += 2
        return bytes.bigEndian16(at: offset - 2)
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

    private mutating func text(_ count: Int) throws(AMFError) -> String {
        guard count <= bytes.count - offset else { throw .truncated }
        offset += count
        return String(decoding: bytes[offset - count..<offset], as: UTF8.self)
    }
}
