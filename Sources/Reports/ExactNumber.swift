import Base
import Foundation

/// A `Fixed` that is a plain JSON number in a file, digit for digit.
///
/// It goes through `Decimal`, which holds 38 digits, and never through a binary fraction.
public struct ExactNumber: Sendable, Hashable, Codable {
    public var value: Fixed

    public init(_ value: Fixed) { self.value = value }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = "\(try container.decode(Decimal.self))"
        guard let value = Fixed(decimal: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) does not fit in whole millionths")
        }
        self.value = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let decimal = Decimal(string: value.description) else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(
                    codingPath: encoder.codingPath, debugDescription: "not a decimal number"))
        }
        try container.encode(decimal)
    }
}

/// A field that a file always has and that says `null` where there is nothing.
///
/// Left to itself Codable leaves the field out, and a reader could not tell "never" from "a
/// version that does not say".
@propertyWrapper
public struct OrNull<Value: Codable & Hashable & Sendable>: Sendable, Hashable, Codable {
    public var wrappedValue: Value?

    public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue {
            try container.encode(wrappedValue)
        } else {
            try container.encodeNil()
        }
    }
}

extension Fixed {
    /// Reads plain decimal digits such as `-0.25` or `1200`; digits past the sixth decimal are
    /// rounded half to even. Nil for anything else, and for what does not fit.
    public init?(decimal text: some StringProtocol) {
        self.init(decimalDigits: text.utf8)
    }

    /// The same from ASCII bytes.
    init?(decimalDigits bytes: some Sequence<UInt8>) {
        var digits: Int128 = 0
        var divisor: Int128 = 1
        var (count, point, negative, digitsAfterPoint) = (0, false, false, 0)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where index == 0:
                negative = true
            case UInt8(ascii: ".") where !point && count > 0:
                point = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                count += 1
                guard count <= Self.digitsMax else { return nil }
                digits = digits * 10 + Int128(byte - UInt8(ascii: "0"))
                if point {
                    divisor *= 10
                    digitsAfterPoint += 1
                }
            case _:
                return nil
            }
        }
        guard count > 0, !point || digitsAfterPoint > 0 else { return nil }
        let magnitude = (digits * 1_000_000).dividedHalfEven(by: divisor)
        guard magnitude <= Fixed.max.millionths else { return nil }
        self.init(millionths: negative ? -magnitude : magnitude)
    }

    /// So many digits times a million still fit in 128 bits.
    private static let digitsMax = 30
}
