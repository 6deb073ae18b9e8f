/// What an AAC decoder must know before the first frame. ISO/IEC 14496-3, 1.6.2.1.
public struct AACConfiguration: Sendable, Hashable {
    /// As announced: 5 and 29 are HE-AAC in its explicit form.
    public private(set) var objectType: UInt8
    /// Of the AAC that is extended: 1 ... 4.
    public private(set) var coreType: UInt8
    /// Index in the table of sample rates, of the core.
    public private(set) var rateIndex: UInt8
    /// Hertz, with the upper half that spectral band replication adds.
    public private(set) var sampleRate: Int
    /// 1 ... 7, of the core: parametric stereo makes two of one.
    public private(set) var channels: UInt8
    public private(set) var hasBandReplication: Bool
    public private(set) var hasParametricStereo: Bool

    /// ISO/IEC 14496-3, table 1.18. Hertz.
    public static let rates = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ]

    /// From the body of an FLV audio tag; nil if it is no configuration of AAC that ADTS can
    /// carry: object types 1 to 4, rates of the table, a channel layout of the table, frames of
    /// 1024 samples.
    public init?(tag: [UInt8]) {
        guard tag.count >= 4, tag[0] >> 4 == 10, tag[1] == 0 else { return nil }
        var bits = BitReader(Array(tag[2...]))
        guard let type = Self.type(&bits), let rate = Self.rate(&bits), let layout = bits.take(4),
            let index = Self.rates.firstIndex(of: rate), (1...7).contains(layout)
        else { return nil }
        objectType = type
        coreType = type
        rateIndex = UInt8(index)
        sampleRate = rate
        channels = UInt8(layout)
        hasParametricStereo = type == 29
        hasBandReplication = type == 5 || type == 29
        if hasBandReplication {
            guard let outer = Self.rate(&bits), let core = Self.type(&bits) else { return nil }
            sampleRate = outer
            coreType = core
        }
        guard (1...4).contains(coreType), Self.skipGeneral(&bits) else { return nil }
        if !hasBandReplication { readExtension(&bits) }
    }

    /// GASpecificConfig, 4.4.1; false for frames of 960 samples.
    private static func skipGeneral(_ bits: inout BitReader) -> Bool {
        guard bits.flag() == false, let hasCore = bits.flag(), !hasCore || bits.take(14) != nil
        else { return false }
        return bits.take(1) != nil
    }

    /// The form that decoders without the extensions pass over.
    private mutating func readExtension(_ bits: inout BitReader) {
        guard bits.take(11) == 0x2B7, Self.type(&bits) == 5, bits.flag() == true,
            let outer = Self.rate(&bits)
        else { return }
        hasBandReplication = true
        sampleRate = outer
        if bits.take(11) == 0x548, bits.flag() == true { hasParametricStereo = true }
    }

    private static func type(_ bits: inout BitReader) -> UInt8? {
        guard let short = bits.take(5) else { return nil }
        guard short == 31 else { return UInt8(short) }
        return bits.take(6).map { UInt8($0) + 32 }
    }

    /// An index in the table, or 15 and the rate itself.
    private static func rate(_ bits: inout BitReader) -> Int? {
        guard let index = bits.take(4) else { return nil }
        if index == 15 { return bits.take(24).map(Int.init) }
        return index < rates.count ? rates[Int(index)] : nil
    }

    private static let lengthMax = 1 << 13

    /// The seven bytes before a frame. ISO/IEC 13818-7, 6.2. Nil if it is too long for them.
    public func adtsHeader(frameLength: Int) -> [UInt8]? {
        let length = frameLength + 7
        guard length < Self.lengthMax else { return nil }
        // HE-AAC is announced as the plain AAC it is built on.
        let profile = coreType - 1
        return [
            0xFF, 0xF1, profile << 6 | rateIndex << 2 | channels >> 2,
            (channels & 3) << 6 | UInt8(length >> 11), UInt8(length >> 3 & 0xFF),
            UInt8(length & 7) << 5 | 0x1F, 0xFC,
        ]
    }
}
