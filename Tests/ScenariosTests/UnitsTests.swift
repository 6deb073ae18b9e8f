import Testing

@testable import Scenarios

@Suite("Quantities with units")
struct UnitsTests {
    @Test(
        "texts become exact integers",
        arguments: [
            ("2.5 Mbit/s", 2_500_000), ("128kbit/s", 128_000), ("1 bit/s", 1),
            ("0.001 kbit/s", 1), ("10 Gbit/s", 10_000_000_000),
        ] as [(String, Int64)])
    func rates(text: String, bits: Int64) throws {
        #expect(try Units.rate.parse(text) == bits)
    }

    @Test(
        "lengths of time may be sums",
        arguments: [
            ("30 d", 2_592_000_000_000_000), ("14 d 3 h 20 min", 1_221_600_000_000_000),
            ("20 ms", 20_000_000), ("0 s", 0), ("1.5 h", 5_400_000_000_000), ("7 ns", 7),
            ("1d2h", 93_600_000_000_000),
        ] as [(String, Int64)])
    func times(text: String, nanoseconds: Int64) throws {
        #expect(try Units.time.parse(text) == nanoseconds)
    }

    @Test(
        "decimal and binary sizes differ",
        arguments: [
            ("8 GiB", 8_589_934_592), ("113 GB", 113_000_000_000), ("1.5 KiB", 1_536), ("0 B", 0),
        ] as [(String, Int64)])
    func bytes(text: String, count: Int64) throws {
        #expect(try Units.bytes.parse(text) == count)
    }

    @Test(
        "shares are millionths",
        arguments: [("0.01 %", 100), ("100 %", 1_000_000), ("5 ppm", 5)] as [(String, Int64)])
    func shares(text: String, millionths: Int64) throws {
        #expect(try Units.share.parse(text) == millionths)
    }

    @Test(
        "what is no exact quantity is refused",
        arguments: [
            "", " ", "5", "Mbit/s", "-1 bit/s", "+1 bit/s", "1e3 bit/s", ".5 Mbit/s", "1. kbit/s",
            "0.5 bit/s", "1 Mb/s", "1 bit/s 1 bit/s", "99999999999999999999 Gbit/s", "1,5 Mbit/s",
            "999999999999999999999 bit/s", "１ bit/s", "10000000000 Gbit/s",
        ])
    func refused(text: String) {
        #expect(throws: Mismatch.self) { try Units.rate.parse(text) }
    }

    @Test("written quantities are short, and are read back the same")
    func written() throws {
        #expect(Units.rate.text(2_500_000) == "2.5 Mbit/s")
        #expect(Units.rate.text(0) == "0 bit/s")
        #expect(Units.time.text(0) == "0 s")
        #expect(Units.bytes.text(8 << 30) == "8 GiB")
        for units in [Units.rate, .bytes, .time, .share] {
            for value: Int64 in [0, 1, 7, 100, 999, 1_001, 86_400_000_000_000, .max] {
                #expect(try units.parse(units.text(value)) == value)
            }
        }
    }
}
