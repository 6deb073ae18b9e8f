import Base

/// Writes AMF0 values one after another.
public struct AMF0Writer: Sendable {
    public private(set) var bytes: [UInt8] = []

    /// Most commands fit.
    private static let usualLength = 240

    public init() {}

    public static func all(_ values: [AMFValue]) -> [UInt8] {
        var writer = AMF0Writer()
        writer.bytes.reserveCapacity(usualLength)
        for value in values { writer.write(value) }
        return writer.bytes
    }

    public mutating func write(_ value: AMFValue) {
        switch value {
        case .number(let number):
            mark(.number)
            bytes.appendBigEndian64(number.bitPattern)
        case .boolean(let boolean):
            mark(.boolean)
            bytes.append(boolean ? 1 : 0)
        case .string(let text): write(text)
        case .object(let pairs):
            mark(.object)
            write(pairs)
        case .null: mark(.null)
        case .undefined: mark(.undefined)
        case .reference(let index):
            mark(.reference)
            bytes.appendBigEndian16(index)
        case .ecmaArray(let pairs):
            mark(.ecmaArray)
            bytes.appendBigEndian32(UInt32(pairs.count))
            write(pairs)
        case .strictArray(let values):
            mark(.strictArray)
            bytes.appendBigEndian32(UInt32(values.count))
            for value in values { write(value) }
        case .date(let milliseconds, let zone):
            mark(.date)
            bytes.appendBigEndian64(milliseconds.bitPattern)
            bytes.appendBigEndian16(UInt16(bitPattern: zone))
        case .unsupported: mark(.unsupported)
        case .xml(let text):
            mark(.xml)
            bytes.appendBigEndian32(UInt32(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        case .typedObject(let name, let pairs):
            mark(.typedObject)
            writeName(name)
            write(pairs)
        case .bytes:
            // AMF0 has no such value.
            mark(.unsupported)
        }
    }

    private mutating func write(_ text: String) {
        if text.utf8.count <= Int(UInt16.max) {
            mark(.string)
            writeName(text)
        } else {
            mark(.longString)
            bytes.appendBigEndian32(UInt32(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }
    }

    private mutating func write(_ pairs: [AMFProperty]) {
        for pair in pairs {
            writeName(pair.name)
            write(pair.value)
        }
        bytes.appendBigEndian16(0)
        mark(.objectEnd)
    }

    private mutating func writeName(_ name: String) {
        check(name.utf8.count <= Int(UInt16.max), "a property name of 64 KiB")
        bytes.appendBigEndian16(UInt16(name.utf8.count))
        bytes.append(contentsOf: name.utf8)
    }

    private mutating func mark(_ marker: AMF0Marker) { bytes.append(marker.rawValue) }
}
