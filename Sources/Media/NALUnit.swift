/// Units of an H.264 stream: a head byte, and a payload that never looks like a start code.
/// ITU-T H.264, 7.3.1 and 7.4.1.1.
enum NALUnit {
    static let enhancement: UInt8 = 6
    static let filler: UInt8 = 12

    /// A 3 after every two zeros that a byte of at most 3 follows.
    static func escaped(_ head: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var unit: [UInt8] = [head]
        unit.reserveCapacity(payload.count + 8)
        var zeros = 0
        for byte in payload {
            if zeros == 2, byte <= 3 {
                unit.append(3)
                zeros = 0
            }
            unit.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return unit
    }

    /// The payload behind the head byte, without the threes.
    static func payload(_ unit: some Collection<UInt8>) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(unit.count)
        var zeros = 0
        for byte in unit.dropFirst() {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            payload.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return payload
    }

    /// A length of four bytes and the unit. ISO/IEC 14496-15, 5.3.4.2.
    static func append(_ unit: [UInt8], to body: inout [UInt8]) {
        let length = UInt32(unit.count)
        for shift in [24, 16, 8, 0] as [UInt32] { body.append(UInt8(length >> shift & 0xFF)) }
        body += unit
    }
}
