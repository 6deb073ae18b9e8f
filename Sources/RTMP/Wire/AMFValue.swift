/// The only kind of number in AMF0. It is carried and compared; what we count with is converted
/// to an integer first.
public typealias AMFNumber = Double

/// A value in Action Message Format. Objects keep their pairs in wire order.
///
/// Adobe, AMF 0 File Format Specification (2007), and AMF 3 (2013) for what follows marker 0x11.
public enum AMFValue: Sendable, Hashable {
    case number(AMFNumber)
    case boolean(Bool)
    /// Written with the long marker above 65,535 bytes.
    case string(String)
    case object([AMFProperty])
    case null
    case undefined
    /// The n-th object or array of this message; kept as it is, never followed.
    case reference(UInt16)
    case ecmaArray([AMFProperty])
    case strictArray([AMFValue])
    /// Milliseconds since 1970, and a time zone that should be zero.
    case date(AMFNumber, zone: Int16)
    case unsupported
    case xml(String)
    case typedObject(String, [AMFProperty])
    /// AMF3 only; not written.
    case bytes([UInt8])

    /// The value of the first pair with this name, in anything that has pairs.
    public subscript(name: String) -> AMFValue? {
        switch self {
        case .object(let pairs), .ecmaArray(let pairs), .typedObject(_, let pairs):
            return pairs.first { $0.name == name }?.value
        case .number, .boolean, .string, .null, .undefined, .reference, .strictArray, .date,
            .unsupported, .xml, .bytes:
            return nil
        }
    }

    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    public var number: AMFNumber? {
        if case .number(let value) = self { return value }
        return nil
    }

    public var boolean: Bool? {
        if case .boolean(let value) = self { return value }
        return nil
    }

    /// The number, if it is whole and fits.
    public var integer: Int? { number.flatMap { Int(exactly: $0) } }
}

/// One pair of an object or an associative array.
public struct AMFProperty: Sendable, Hashable {
    public var name: String
    public var value: AMFValue

    public init(_ name: String, _ value: AMFValue) {
        self.name = name
        self.value = value
    }

    /// The name as it is, if AMF0 can write it. Repairing UTF-8 makes text up to three times as
    /// long, and AMF3 knows longer names.
    static func checked(name: String) throws(AMFError) -> String {
        guard name.utf8.count <= Int(UInt16.max) else { throw .oversizedName }
        return name
    }
}

/// The one table of AMF0 markers.
enum AMF0Marker: UInt8 {
    case number = 0x00
    case boolean = 0x01
    case string = 0x02
    case object = 0x03
    case null = 0x05
    case undefined = 0x06
    case reference = 0x07
    case ecmaArray = 0x08
    case objectEnd = 0x09
    case strictArray = 0x0A
    case date = 0x0B
    case longString = 0x0C
    case unsupported = 0x0D
    case xml = 0x0F
    case typedObject = 0x10
    case amf3 = 0x11
}
