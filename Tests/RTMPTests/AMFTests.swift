import Base
import Testing

@testable import RTMP

@Suite struct AMFTests {
    /// AMF 0 specification, section 2.
    static let values: [(AMFValue, String)] = [
        (.number(0), "00 0000000000000000"),
        (.number(3.5), "00 400C000000000000"),
        (.number(-.infinity), "00 FFF0000000000000"),
        (.boolean(true), "01 01"),
        (.boolean(false), "01 00"),
        (.string(""), "02 0000"),
        (.string("live"), "02 0004 6C697665"),
        (.string("é"), "02 0002 C3A9"),
        (.object([]), "03 000009"),
        (
            .object([AMFProperty("b", .null), AMFProperty("a", .boolean(true))]),
            "03 0001 62 05 0001 61 0101 000009"
        ),
        (.object([AMFProperty("", .null)]), "03 0000 05 000009"),
        (.null, "05"),
        (.undefined, "06"),
        (.reference(258), "07 0102"),
        (.ecmaArray([AMFProperty("a", .null)]), "08 00000001 0001 61 05 000009"),
        (.strictArray([]), "0A 00000000"),
        (.strictArray([.null, .boolean(true)]), "0A 00000002 05 0101"),
        (.date(1000, zone: -60), "0B 408F400000000000 FFC4"),
        (.unsupported, "0D"),
        (.xml("<a/>"), "0F 00000004 3C612F3E"),
        (.typedObject("T", [AMFProperty("a", .null)]), "10 0001 54 0001 61 05 000009"),
    ]

    @Test("AMF0 values read as what they were written from", arguments: values)
    func table(value: AMFValue, wire: String) throws {
        #expect(AMF0Writer.all([value]) == hex(wire))
        #expect(try AMF0Reader.all(hex(wire)) == [value])
    }

    @Test("an AMF0 value cut short is refused at every length", arguments: values)
    func truncated(value: AMFValue, wire: String) {
        let whole = hex(wire)
        for count in 1..<whole.count {
            #expect(throws: AMFError.truncated) {
                try AMF0Reader.all(Array(whole[..<count]))
            }
        }
    }

    @Test("text of 64 KiB and more takes the long form")
    func longString() throws {
        for length in [65_535, 65_536] {
            let text = String(repeating: "x", count: length)
            let wire = AMF0Writer.all([.string(text)])
            #expect(wire[0] == (length == 65_535 ? 0x02 : 0x0C))
            #expect(wire.count == length + (length == 65_535 ? 3 : 5))
            #expect(try AMF0Reader.all(wire) == [.string(text)])
        }
    }

    @Test("an associative array's count is a hint, its end marker the rule")
    func wrongCount() throws {
        for count in ["00000000", "00000002", "FFFFFFFF"] {
            let wire = hex("08 \(count) 0001 61 05 000009")
            #expect(try AMF0Reader.all(wire) == [.ecmaArray([AMFProperty("a", .null)])])
        }
    }

    @Test("nesting of 10,000 is refused, of the limit's depth read")
    func nesting() throws {
        let levels: [(String, String)] = [
            ("0A 00000001", ""), ("03 0001 61", "000009"), ("08 00000001 0001 61", "000009"),
            ("10 0001 54 0001 61", "000009"),
        ]
        for (open, close) in levels {
            func nested(_ depth: Int) -> [UInt8] {
                (0..<depth).flatMap { _ in hex(open) } + hex("05")
                    + (0..<depth).flatMap { _ in hex(close) }
            }
            #expect(throws: AMFError.tooDeep(limit: 32)) { try AMF0Reader.all(nested(10_000)) }
            #expect(throws: AMFError.tooDeep(limit: 32)) { try AMF0Reader.all(nested(32)) }
            #expect(try AMF0Reader.all(nested(31)).count == 1)
        }
    }

    @Test("declared sizes cost nothing until their bytes are there")
    func declaredSizes() {
        for wire in ["0A FFFFFFFF 05", "0C FFFFFFFF 41", "0F 7FFFFFFF 41", "02 FFFF 41"] {
            #expect(throws: AMFError.truncated) { try AMF0Reader.all(hex(wire)) }
        }
    }

    @Test("more values than the limit are refused")
    func tooMany() {
        let count = AMF0Reader.valuesMax + 1
        let flat = [UInt8](repeating: 0x05, count: count)
        var reader = AMF0Reader(flat)
        #expect(throws: AMFError.tooManyValues(limit: AMF0Reader.valuesMax)) {
            while !reader.isAtEnd { _ = try reader.next() }
        }
        var array: [UInt8] = [0x0A]
        array.appendBigEndian32(UInt32(count))
        #expect(throws: AMFError.tooManyValues(limit: AMF0Reader.valuesMax)) {
            try AMF0Reader.all(array + flat)
        }
    }

    @Test("markers nobody may send are refused", arguments: [0x04, 0x09, 0x0E, 0x12, 0xFF])
    func unknown(marker: Int) {
        #expect(throws: AMFError.unknownMarker(UInt8(marker))) {
            try AMF0Reader.all([UInt8(marker), 0, 0, 0, 0])
        }
    }

    /// AMF 3 specification, sections 1.3 and 3; each behind AMF0's marker 0x11.
    static let values3: [(String, AMFValue)] = [
        ("00", .undefined), ("01", .null), ("02", .boolean(false)), ("03", .boolean(true)),
        ("04 7F", .number(127)), ("04 8100", .number(128)), ("04 BFFFFFFF", .number(268_435_455)),
        ("04 FFFFFFFF", .number(-1)), ("04 C0808000", .number(-268_435_456)),
        ("05 400C000000000000", .number(3.5)),
        ("06 01", .string("")), ("06 05 6869", .string("hi")),
        ("07 09 3C612F3E", .xml("<a/>")), ("0B 09 3C612F3E", .xml("<a/>")),
        ("08 01 408F400000000000", .date(1000, zone: 0)),
        ("09 05 01 0401 0402", .strictArray([.number(1), .number(2)])),
        (
            "09 03 03 61 0401 01 0402",
            .ecmaArray([AMFProperty("a", .number(1)), AMFProperty("0", .number(2))])
        ),
        ("0C 05 0102", .bytes([1, 2])),
        ("0A 0B 01 03 61 0401 01", .object([AMFProperty("a", .number(1))])),
        ("0A 13 03 54 03 61 0401", .typedObject("T", [AMFProperty("a", .number(1))])),
        // The second object refers to the first one's traits, the second name to the first.
        (
            "09 05 01 0A 13 03 54 03 61 0603 78 0A 01 0604",
            .strictArray([
                .typedObject("T", [AMFProperty("a", .string("x"))]),
                .typedObject("T", [AMFProperty("a", .string("x"))]),
            ])
        ),
        ("0D 03 00 FFFFFFFF", .strictArray([.number(-1)])),
        ("0E 03 00 FFFFFFFF", .strictArray([.number(4_294_967_295)])),
        ("0F 03 00 400C000000000000", .strictArray([.number(3.5)])),
        ("10 03 00 01 0401", .strictArray([.number(1)])),
        ("11 03 00 0603 61 0401", .strictArray([.string("a"), .number(1)])),
        ("09 02", .reference(1)),
    ]

    @Test("AMF3 values are read behind AMF0's switch, and AMF0 goes on", arguments: values3)
    func table3(wire: String, value: AMFValue) throws {
        #expect(try AMF0Reader.all(hex("11" + wire + "0101")) == [value, .boolean(true)])
    }

    @Test("an AMF3 value cut short is refused at every length", arguments: values3)
    func truncated3(wire: String, value: AMFValue) {
        let whole = hex("11" + wire)
        for count in 1..<whole.count {
            #expect(throws: AMFError.truncated) {
                try AMF0Reader.all(Array(whole[..<count]))
            }
        }
    }

    @Test("hostile AMF3 is refused: nesting, dangling references, foreign encodings")
    func hostile3() {
        let level = hex("09 03 01")
        let nested = [0x11] + [[UInt8]](repeating: level, count: 10_000).flatMap(\.self)
        #expect(throws: AMFError.tooDeep(limit: 32)) { try AMF0Reader.all(nested) }
        #expect(throws: AMFError.badReference) { try AMF0Reader.all(hex("11 06 00")) }
        #expect(throws: AMFError.badReference) { try AMF0Reader.all(hex("11 0A 05")) }
        #expect(throws: AMFError.unexpectedType) { try AMF0Reader.all(hex("11 0A 07 03 54")) }
        #expect(throws: AMFError.truncated) { try AMF0Reader.all(hex("11 09 FFFFFFFF 01")) }
        #expect(throws: AMFError.unknownMarker(0x12)) { try AMF0Reader.all(hex("11 12")) }
    }

    /// Found by fuzzing: numbers in a vector were not counted as deep as in the array they become.
    @Test("what AMF3 reads at the last depth AMF0 can write and read again")
    func deepVector() throws {
        func nested(_ depth: Int) -> [UInt8] {
            [0x11] + [[UInt8]](repeating: hex("09 03 01"), count: depth).flatMap(\.self)
                + hex("0D 03 00 00000001")
        }
        let value = try AMF0Reader.all(nested(30))
        #expect(try AMF0Reader.all(AMF0Writer.all(value)) == value)
        #expect(throws: AMFError.tooDeep(limit: 32)) { try AMF0Reader.all(nested(31)) }
    }

    @Test("a name that could not be written again is refused")
    func longName() throws {
        for (length, byte, fits) in [
            (65_535, 0x61, true), (21_845, 0xFF, true), (21_846, 0xFF, false),
        ] {
            var wire: [UInt8] = [0x03]
            wire.appendBigEndian16(UInt16(length))
            wire += [UInt8](repeating: UInt8(byte), count: length) + hex("05 000009")
            if fits {
                let values = try AMF0Reader.all(wire)
                #expect(try AMF0Reader.all(AMF0Writer.all(values)) == values)
            } else {
                #expect(throws: AMFError.oversizedName) { try AMF0Reader.all(wire) }
            }
        }
        // AMF3: a dynamic object with one name of 65,536 letters.
        let name = [UInt8](repeating: 0x61, count: 65_536)
        #expect(throws: AMFError.oversizedName) {
            try AMF0Reader.all(hex("11 0A 0B 01 888001") + name + hex("01 01"))
        }
    }

    @Test("references cannot multiply a text without bound")
    func repeatedText() throws {
        let text = [UInt8](repeating: 0x61, count: 16_383)
        func array(_ count: UInt8) -> [UInt8] {
            hex("11 09") + [count << 1 | 1, 0x01] + hex("06 81FF7F") + text
                + [[UInt8]](repeating: hex("06 00"), count: Int(count) - 1).flatMap(\.self)
        }
        #expect(try AMF0Reader.all(array(63)).count == 1)
        let long =
            hex("11 09 8201 01 06 81FF7F") + text
            + [[UInt8]](repeating: hex("06 00"), count: 127).flatMap(\.self)
        #expect(throws: AMFError.tooMuchText(limit: 1 << 20)) { try AMF0Reader.all(long) }
    }

    @Test("random values survive writing and reading; random bytes never crash a reader")
    func random() throws {
        for seed in UInt64(0)..<300 {
            var random = Random(seed: seed)
            let value = Self.value(&random, depth: 0)
            let wire = AMF0Writer.all([value])
            #expect(try AMF0Reader.all(wire) == [value], "seed \(seed)")
            var broken = wire
            for _ in 0..<20 {
                broken[Int(random.below(UInt64(broken.count)))] = UInt8(random.below(256))
                _ = try? AMF0Reader.all(broken)
                _ = try? AMF0Reader.all([0x11] + broken)
            }
        }
    }

    private static func value(_ random: inout Random, depth: Int) -> AMFValue {
        func pairs() -> [AMFProperty] {
            (0..<random.below(4)).map { AMFProperty("p\($0)", value(&random, depth: depth + 1)) }
        }
        switch random.below(depth > 4 ? 8 : 12) {
        case 0: return .number(Double(random.within(-1000...1000)))
        case 1: return .boolean(random.below(2) == 0)
        case 2: return .string(String(repeating: "ü", count: Int(random.below(40))))
        case 3: return .null
        case 4: return .undefined
        case 5: return .date(Double(random.below(1 << 40)), zone: 0)
        case 6: return .xml("<x/>")
        case 7: return .reference(UInt16(random.below(65_536)))
        case 8: return .object(pairs())
        case 9: return .ecmaArray(pairs())
        case 10: return .typedObject("T", pairs())
        default:
            return .strictArray(
                (0..<random.below(4)).map { _ in value(&random, depth: depth + 1) })
        }
    }
}
