import Base
import RTMP

// Pictures, in H.264's baseline profile with CAVLC. Clauses are those of ITU-T H.264.
extension Clip {
    private static let profile: UInt8 = 66
    /// Constrained baseline: no flexible macroblock order, arbitrary slices or redundant ones.
    private static let constraints: UInt8 = 0xC0
    private static let sideBlock = 16

    private var columns: Int { (shape.width + Self.sideBlock - 1) / Self.sideBlock }
    private var rows: Int { (shape.height + Self.sideBlock - 1) / Self.sideBlock }
    private var blocks: Int { columns * rows }

    var videoHeader: MediaMessage {
        let (sequence, picture) = (sequenceSet, Self.pictureSet)
        var payload: [UInt8] = [0x17, 0, 0, 0, 0]
        payload += [1, Self.profile, Self.constraints, level, 0xFF, 0xE1]
        for (set, after) in [(sequence, [1] as [UInt8]), (picture, [])] {
            payload += [UInt8(set.count >> 8), UInt8(set.count & 0xFF)] + set + after
        }
        return MediaMessage(kind: .video, timestamp: .zero, payload: payload)
    }

    /// Table A-1: level, macroblocks per second, per frame, thousands of bits per second.
    private static let levels: [(number: UInt8, speed: Int, size: Int, rate: Int)] = [
        (10, 1_485, 99, 64), (11, 3_000, 396, 192), (12, 6_000, 396, 384),
        (13, 11_880, 396, 768), (20, 11_880, 396, 2_000), (21, 19_800, 792, 4_000),
        (22, 20_250, 1_620, 4_000), (30, 40_500, 1_620, 10_000), (31, 108_000, 3_600, 14_000),
        (32, 216_000, 5_120, 20_000), (40, 245_760, 8_192, 20_000),
        (41, 245_760, 8_192, 50_000), (42, 522_240, 8_704, 50_000),
        (50, 589_824, 22_080, 135_000), (51, 983_040, 36_864, 240_000),
        (52, 2_073_600, 36_864, 240_000),
    ]

    static func level(_ shape: Shape) -> UInt8? {
        let columns = (shape.width + sideBlock - 1) / sideBlock
        let rows = (shape.height + sideBlock - 1) / sideBlock
        // No side is longer than the root of eight times the size: A.3.1.
        let side = Swift.max(columns, rows)
        return levels.first { level in
            columns * rows <= level.size && side * side <= 8 * level.size
                && columns * rows * shape.framesPerSecond <= level.speed
                && shape.videoRatePeak <= level.rate * 1000
        }?.number
    }

    /// 7.3.2.1.1 and E.1.1.
    private var sequenceSet: [UInt8] {
        var bits = BitWriter()
        bits.put([Self.profile, Self.constraints, level])
        bits.putGolomb(0)  // seq_parameter_set_id
        bits.putGolomb(0)  // frame_num has four bits
        bits.putGolomb(2)  // pictures are shown in the order of decoding
        bits.putGolomb(1)  // one reference
        bits.put(0, 1)
        bits.putGolomb(UInt32(columns - 1))
        bits.putGolomb(UInt32(rows - 1))
        bits.put(0b11, 2)  // frames only; direct_8x8_inference
        let right = (columns * Self.sideBlock - shape.width) / 2
        let bottom = (rows * Self.sideBlock - shape.height) / 2
        bits.put(right + bottom > 0 ? 1 : 0, 1)
        if right + bottom > 0 {
            for edge in [0, right, 0, bottom] { bits.putGolomb(UInt32(edge)) }
        }
        bits.put(1, 1)  // vui_parameters
        bits.put(0, 4)  // no aspect ratio, overscan, signal type or chroma location
        bits.put(1, 1)  // timing: two ticks a frame
        bits.put(1, 32)
        bits.put(UInt32(2 * shape.framesPerSecond), 32)
        bits.put(0b1000, 4)  // fixed rate; no buffering parameters, no picture structure
        bits.put(0b11, 2)  // bitstream restrictions; vectors over the edge
        for value in [0, 0, 10, 10, 0, 1] as [UInt32] { bits.putGolomb(value) }
        bits.finish()
        return NALUnit.escaped(0x67, bits.bytes)
    }

    /// 7.3.2.2: CAVLC, one slice group, one reference, and slices may switch the filter off.
    private static let pictureSet: [UInt8] = {
        var bits = BitWriter()
        bits.putGolomb(0)
        bits.putGolomb(0)
        bits.put(0, 2)
        for _ in 0..<3 { bits.putGolomb(0) }
        bits.put(0, 3)
        for _ in 0..<3 { bits.putGolomb(0) }  // quantisers and chroma offset: se(0) is ue(0)
        bits.put(0b100, 3)
        bits.finish()
        return NALUnit.escaped(0x68, bits.bytes)
    }()

    // MARK: Frames

    /// The payload of a message with this frame, of `length` bytes or the fewest possible.
    func picture(_ frame: Int64, stamp: Instant?, length: Int) -> [UInt8] {
        let isKey = frame % Int64(shape.groupLength) == 0
        var payload: [UInt8] = []
        payload.reserveCapacity(length)
        payload += [isKey ? 0x17 : 0x27, 1, 0, 0, 0]
        if let stamp { NALUnit.append(Self.stampUnit(stamp), to: &payload) }
        NALUnit.append(isKey ? keySlice(frame) : otherSlice(frame), to: &payload)
        // 7.3.2.7; four bytes of length, the head and the end are the least.
        let missing = length - payload.count - 6
        if missing >= 0 {
            let units = [NALUnit.filler] + [UInt8](repeating: 0xFF, count: missing) + [0x80]
            NALUnit.append(units, to: &payload)
        }
        return payload
    }

    private func keySlice(_ frame: Int64) -> [UInt8] {
        let group = frame / Int64(shape.groupLength)
        var bits = BitWriter()
        bits.putGolomb(0)
        bits.putGolomb(7)  // all slices are I
        bits.putGolomb(0)
        bits.put(0, 4)  // frame_num
        bits.putGolomb(UInt32(group % 2))  // idr_pic_id: differs from its neighbours'
        bits.put(0, 2)
        bits.putGolomb(0)
        bits.putGolomb(1)  // no deblocking
        bits.putGolomb(25)  // I_PCM
        Self.putSamples(frame, &bits)
        for block in 1..<blocks {
            // Table 7-11: 16 x 16 from the mean of the neighbours, no coefficients; the mean for
            // chroma; the same quantiser. Then no coefficients of luma, whose code (table 9-5)
            // depends on the neighbours' and is longer beside plain samples.
            bits.put(0b0010_011, 7)
            if block == 1 || block == columns { bits.put(0b0000_11, 6) } else { bits.put(1, 1) }
        }
        bits.finish()
        return NALUnit.escaped(0x65, bits.bytes)
    }

    private func otherSlice(_ frame: Int64) -> [UInt8] {
        let position = frame % Int64(shape.groupLength)
        var bits = BitWriter()
        bits.putGolomb(0)
        bits.putGolomb(5)  // all slices are P
        bits.putGolomb(0)
        bits.put(UInt32(position % 16), 4)
        bits.put(0, 3)  // the references as they are
        bits.putGolomb(0)
        bits.putGolomb(1)
        bits.putGolomb(0)  // no block is skipped before
        bits.putGolomb(5 + 25)  // I_PCM
        Self.putSamples(frame, &bits)
        bits.putGolomb(UInt32(blocks - 1))  // all others are
        bits.finish()
        return NALUnit.escaped(0x41, bits.bytes)
    }

    /// One macroblock of the frame's own grey. Video range, never zero (7.3.5).
    private static func putSamples(_ frame: Int64, _ bits: inout BitWriter) {
        bits.align()
        bits.put([UInt8](repeating: UInt8(16 + frame * 97 % 219), count: 256))
        bits.put([UInt8](repeating: 128, count: 128))
    }

    // MARK: Stamps

    /// What user data of ours begin with (D.1.6), and sixteen digits follow: neither can look like
    /// a start code, so all stamps have one length.
    private static let stampHead: [UInt8] =
        [NALUnit.enhancement, 5, 32] + Array("streamr-sim send".utf8)
    private static let stampLength = stampHead.count + 17

    private static func stampUnit(_ stamp: Instant) -> [UInt8] {
        stampHead + stampDigits(stamp) + [0x80]
    }

    /// Where a stamped picture's payload has the digits of its stamp.
    public static let stampRange = 9 + stampHead.count..<9 + stampHead.count + 16

    /// What stands there for this instant, so that a picture that was made can be stamped again.
    public static func stampDigits(_ stamp: Instant) -> [UInt8] {
        let word = UInt64(bitPattern: stamp.nanoseconds)
        return (0..<16).map { index in
            let digit = UInt8(word >> UInt64(60 - 4 * index) & 15)
            return digit < 10 ? 0x30 + digit : 0x57 + digit
        }
    }

    /// The instant at which a picture was sent, if it was stamped; for any message of any stream.
    public static func stamp(in message: MediaMessage) -> Instant? {
        let body = message.payload
        guard message.kind == .video, body.count > 5, body[0] & 0x8F == 7, body[1] == 1 else {
            return nil
        }
        var offset = 5
        // It stands before the picture, behind a delimiter and parameter sets at most.
        for _ in 0..<8 {
            guard offset + 5 <= body.count else { return nil }
            let length = body[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let start = offset + 4
            guard length >= 1, start + length <= body.count else { return nil }
            if length == stampLength,
                body[start..<start + stampHead.count].elementsEqual(stampHead)
            {
                return digits(body[(start + stampHead.count)..<(start + stampLength - 1)])
            }
            offset = start + length
        }
        return nil
    }

    /// The same of one unit of a byte stream.
    static func stamp(inUnit unit: ArraySlice<UInt8>) -> Instant? {
        let start = unit.startIndex
        guard unit.count >= stampLength,
            unit[start..<start + stampHead.count].elementsEqual(stampHead)
        else { return nil }
        return digits(unit[(start + stampHead.count)..<(start + stampLength - 1)])
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Instant? {
        var word: UInt64 = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39: word = word << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: word = word << 4 | UInt64(byte - 0x57)
            case _: return nil
            }
        }
        return Instant(nanoseconds: Int64(bitPattern: word))
    }
}
