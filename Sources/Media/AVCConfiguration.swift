/// What an H.264 decoder must know before the first frame. ISO/IEC 14496-15, 5.3.3.1.
public struct AVCConfiguration: Sendable, Hashable {
    public var profile: UInt8
    public var level: UInt8
    /// Bytes of the length before each NAL unit in a frame: 1, 2 or 4.
    public var lengthSize: Int
    public var sequenceSets: [[UInt8]]
    public var pictureSets: [[UInt8]]

    /// From the body of an FLV video tag; nil if it is no configuration of H.264.
    public init?(tag: [UInt8]) {
        guard tag.count >= 11, tag[0] & 0x8F == 7, tag[1] == 0, tag[5] == 1 else { return nil }
        profile = tag[6]
        level = tag[8]
        lengthSize = Int(tag[9] & 3) + 1
        sequenceSets = []
        pictureSets = []
        var offset = 11
        guard let sequence = Self.sets(tag, Int(tag[10] & 0x1F), &offset), offset < tag.count
        else { return nil }
        let count = Int(tag[offset])
        offset += 1
        guard let picture = Self.sets(tag, count, &offset) else { return nil }
        sequenceSets = sequence
        pictureSets = picture
    }

    private static func sets(_ tag: [UInt8], _ count: Int, _ offset: inout Int) -> [[UInt8]]? {
        var sets: [[UInt8]] = []
        for _ in 0..<count {
            guard offset + 2 <= tag.count else { return nil }
            let length = Int(tag[offset]) << 8 | Int(tag[offset + 1])
            offset += 2
            guard length > 0, offset + length <= tag.count else { return nil }
            sets.append(Array(tag[offset..<offset + length]))
            offset += length
        }
        return sets
    }

    private static let startCode: [UInt8] = [0, 0, 0, 1]
    /// An access unit delimiter that allows every slice type. ITU-T H.264, 7.3.2.4.
    private static let delimiter: [UInt8] = [0, 0, 0, 1, 0x09, 0xF0]

    /// The frame of an FLV video tag as a byte stream (ITU-T H.264, annex B): a delimiter, the
    /// parameter sets before a key frame that has none, the NAL units. Nil if lengths do not fit.
    public func accessUnit(_ tag: [UInt8], isKey: Bool) -> [UInt8]? {
        var units: [UInt8] = []
        units.reserveCapacity(tag.count + 64)
        var hasSets = false
        var offset = 5
        while offset < tag.count {
            guard offset + lengthSize <= tag.count else { return nil }
            let length = tag[offset..<offset + lengthSize].reduce(0) { $0 << 8 | Int($1) }
            offset += lengthSize
            guard offset + length <= tag.count else { return nil }
            if length > 0 {
                let type = tag[offset] & 0x1F
                if type == 7 { hasSets = true }
                if type != 9 {
                    units += Self.startCode
                    units += tag[offset..<offset + length]
                }
            }
            offset += length
        }
        var whole = Self.delimiter
        if isKey, !hasSets {
            for set in sequenceSets + pictureSets { whole += Self.startCode + set }
        }
        return whole + units
    }
}
