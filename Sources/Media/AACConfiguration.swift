/// What an AAC decoder must know before the first frame. ISO/IEC 14496-3, 1.6.2.1.
public struct AACConfiguration: Sendable, Hashable {
    public var objectType: UInt8
    /// Index in the table of sample rates.
    public var rateIndex: UInt8
    public var channels: UInt8

    /// From the body of an FLV audio tag; nil if it is no configuration of AAC that ADTS can
    /// carry.
    public init?(tag: [UInt8]) {
        guard tag.count >= 4, tag[0] >> 4 == 10, tag[1] == 0 else { return nil }
        let word = UInt16(tag[2]) << 8 | UInt16(tag[3])
        objectType = UInt8(word >> 11)
        rateIndex = UInt8(word >> 7 & 0x0F)
        channels = UInt8(word >> 3 & 0x0F)
        guard objectType >= 1, rateIndex <= 12, channels <= 7 else { return nil }
    }

    private static let lengthMax = 1 << 13

    /// The seven bytes before a frame. ISO/IEC 13818-7, 6.2. Nil if it is too long for them.
    public func adtsHeader(frameLength: Int) -> [UInt8]? {
        let length = frameLength + 7
        guard length < Self.lengthMax else { return nil }
        // HE-AAC is announced as the plain AAC it is built on.
        let profile = objectType <= 4 ? objectType - 1 : 1
        return [
            0xFF, 0xF1, profile << 6 | rateIndex << 2 | channels >> 2,
            channels << 6 | UInt8(length >> 11), UInt8(length >> 3 & 0xFF),
            UInt8(length & 7) << 5 | 0x1F, 0xFC,
        ]
    }
}
