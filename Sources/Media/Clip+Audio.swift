import RTMP

// Silence in AAC-LC, stereo at 48 kHz. Clauses are those of ISO/IEC 14496-3, subpart 4.
extension Clip {
    static let sampleRate: Int64 = 48_000
    static let soundSamples: Int64 = 1024

    /// 1.6.2.1: object type 2, rate 3 of the table, two channels.
    static let audioHeader = MediaMessage(
        kind: .audio, timestamp: .zero, payload: [0xAF, 0, 0x11, 0x90])

    /// The payload of a message with one silent frame, of `length` bytes or the fewest possible.
    static func silence(length: Int) -> [UInt8] {
        var bits = BitWriter()
        bits.put(0b001, 3)  // a pair of channels
        bits.put(0, 4)
        bits.put(1, 1)  // common window: long, of sines, no bands
        bits.put(0, 11)
        bits.put(0, 2)
        for _ in 0..<2 {
            bits.put(100, 8)  // global_gain, of nothing
            bits.put(0, 3)  // no pulses, noise shaping or gain control
        }
        let end = 3
        fill(8 * (length - 2) - bits.count - end, &bits)
        bits.put(0b111, 3)
        bits.align()
        return [0xAF, 1] + bits.bytes
    }

    /// Fill elements (4.4.2.7) with room for fewer than 7 of the `count` bits left.
    private static func fill(_ count: Int, _ bits: inout BitWriter) {
        var left = count
        while left >= 7 {
            bits.put(0b110, 3)
            let isLong = left >= 15 + 8 * 15
            let bytes = isLong ? Swift.min((left - 15) / 8, 269) : Swift.min((left - 7) / 8, 14)
            bits.put(isLong ? 15 : UInt32(bytes), 4)
            if isLong { bits.put(UInt32(bytes - 14), 8) }
            if bytes > 0 { bits.put(0b0001_0000, 8) }  // EXT_FILL_DATA
            for _ in 0..<Swift.max(bytes - 1, 0) { bits.put(0b1010_0101, 8) }
            left -= (isLong ? 15 : 7) + 8 * bytes
        }
    }
}
