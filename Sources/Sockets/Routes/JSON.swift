import Foundation
import NIOConcurrencyHelpers

/// A JSON value, as bodies bring it and answers take it. Keys are written in sorted order, so that
/// the same answer has the same bytes.
enum JSON: Sendable, Hashable {
    case null
    case flag(Bool)
    case integer(Int64)
    case decimal(Decimal)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    /// A stranger's: more values than this, or deeper, are refused.
    private static let valuesMax = 2_000
    private static let depthMax = 16
    private static let valuesLeft = CodingUserInfoKey(rawValue: "values left")!

    private struct TooMuch: Error {}

    /// Nil if the bytes are not JSON, or too much of it.
    init?(_ bytes: some DataProtocol) {
        let (decoder, data) = (JSONDecoder(), Data(bytes))
        decoder.userInfo[Self.valuesLeft] = NIOLockedValueBox(Self.valuesMax)
        // Nearly all are objects, and finding that out as anything else would cost errors.
        if let object = try? decoder.decode([String: JSON].self, from: data) {
            self = .object(object)
        } else if let value = try? decoder.decode(JSON.self, from: data) {
            self = value
        } else {
            return nil
        }
    }

    var data: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(self)
        } catch {
            preconditionFailure("a value of ours that is no JSON: \(error)")
        }
    }
}

extension JSON: Codable {
    /// What bodies have most is tried first: a value that is something else costs a thrown error.
    init(from decoder: any Decoder) throws {
        if let left = decoder.userInfo[Self.valuesLeft] as? NIOLockedValueBox<Int> {
            let count = left.withLockedValue { left in
                left -= 1
                return left
            }
            guard count >= 0, decoder.codingPath.count <= Self.depthMax else { throw TooMuch() }
        }
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let fields = try? decoder.container(keyedBy: Name.self) {
            var object: [String: JSON] = [:]
            for key in fields.allKeys {
                object[key.stringValue] = try fields.decode(JSON.self, forKey: key)
            }
            self = .object(object)
        } else if value.decodeNil() {
            self = .null
        } else if let decimal = try? value.decode(Decimal.self) {
            self = .decimal(decimal)
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if var rows = try? decoder.unkeyedContainer() {
            var list: [JSON] = []
            while !rows.isAtEnd { list.append(try rows.decode(JSON.self)) }
            self = .list(list)
        } else {
            // Beyond what is exact: JSON still, but no field of ours takes it.
            _ = try value.decode(Double.self)
            self = .decimal(.nan)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .flag(let flag): try value.encode(flag)
        case .integer(let integer): try value.encode(integer)
        case .decimal(let decimal): try value.encode(decimal)
        case .text(let text): try value.encode(text)
        case .list(let list): try value.encode(list)
        case .object(let object): try value.encode(object)
        }
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral text: String) { self = .text(text) }
    init(integerLiteral integer: Int64) { self = .integer(integer) }
    init(booleanLiteral flag: Bool) { self = .flag(flag) }
    init(arrayLiteral values: JSON...) { self = .list(values) }
    init(dictionaryLiteral pairs: (String, JSON)...) {
        self = .object(Dictionary(uniqueKeysWithValues: pairs))
    }
}

/// Wire forms of what the contract has as integers.
extension JSON {
    static func identifier(_ raw: Int32) -> JSON { .text(String(raw)) }

    /// Dollars as a decimal string, without trailing zeros.
    static func dollars(_ nanodollars: Int64) -> JSON { .text(WireText.dollars(nanodollars)) }

    /// A share of one as a number of at most six decimals.
    static func share(_ millionths: Int64) -> JSON {
        .decimal(Decimal(sign: .plus, exponent: -6, significand: Decimal(millionths)))
    }
}
