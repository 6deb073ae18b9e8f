/// What a sequence parameter set says about pictures. ITU-T H.264, 7.3.2.1.1 and E.1.1.
public struct SequenceParameters: Sendable, Hashable {
    public let profile: UInt8
    /// The flags of 7.4.2.1.1, the first in the highest bit.
    public let constraints: UInt8
    /// Ten times the level's number.
    public let level: UInt8
    /// Samples of luma that are shown, after cropping.
    public let width: Int
    public let height: Int
    /// Frames per 1,000 seconds; nil if the set does not say.
    public let framesPerKilosecond: Int64?

    /// More than any level has: A.3.1.
    private static let sideMax: UInt32 = 1 << 10  // macroblocks

    /// Profiles that say how colours are sampled.
    private static let extended: [UInt8] = [
        44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244,
    ]

    /// From a NAL unit with its head byte; nil if it is none, or cannot be read.
    public init?(_ unit: [UInt8]) {
        guard unit.count >= 4, unit[0] & 0x1F == 7 else { return nil }
        var bits = BitReader(NALUnit.payload(unit))
        guard bits.take(24) != nil, bits.golomb() != nil else { return nil }
        profile = unit[1]
        constraints = unit[2]
        level = unit[3]
        guard let chroma = Self.chroma(profile, &bits), Self.skipOrder(&bits),
            let size = Self.size(chroma, &bits), let hasUsability = bits.flag()
        else { return nil }
        width = size.width
        height = size.height
        // What follows is about use; a set that ends early still has its size.
        framesPerKilosecond = hasUsability ? Self.rate(&bits) : nil
    }

    /// The format of chroma; 4:2:0 where the profile has no other.
    private static func chroma(_ profile: UInt8, _ bits: inout BitReader) -> UInt32? {
        guard extended.contains(profile) else { return 1 }
        guard let format = bits.golomb(), format <= 3 else { return nil }
        // Apart from chroma 3's separate planes: depths, the transform's bypass, matrices.
        if format == 3, bits.take(1) == nil { return nil }
        guard bits.golomb() != nil, bits.golomb() != nil, bits.take(1) != nil,
            let hasMatrices = bits.flag()
        else { return nil }
        if hasMatrices {
            for list in 0..<(format == 3 ? 12 : 8) {
                guard let isPresent = bits.flag() else { return nil }
                if isPresent, !skipList(list < 6 ? 16 : 64, &bits) { return nil }
            }
        }
        return format
    }

    /// 7.3.2.1.1.1.
    private static func skipList(_ length: Int, _ bits: inout BitReader) -> Bool {
        var last: Int32 = 8
        for _ in 0..<length {
            guard let delta = bits.signedGolomb() else { return false }
            last = (last &+ delta) & 0xFF
            if last == 0 { return true }
        }
        return true
    }

    /// Frame numbers, the order of output, references.
    private static func skipOrder(_ bits: inout BitReader) -> Bool {
        guard bits.golomb() != nil, let type = bits.golomb() else { return false }
        if type == 0, bits.golomb() == nil { return false }
        if type == 1 {
            guard bits.take(1) != nil, bits.golomb() != nil, bits.golomb() != nil,
                let count = bits.golomb(), count <= 255
            else { return false }
            for _ in 0..<count where bits.golomb() == nil { return false }
        }
        return bits.golomb() != nil && bits.take(1) != nil
    }

    private static func size(
        _ chroma: UInt32, _ bits: inout BitReader
    ) -> (width: Int, height: Int)? {
        guard let columns = bits.golomb(), columns < sideMax, let rows = bits.golomb(),
            rows < sideMax, let hasFramesOnly = bits.flag(),
            hasFramesOnly || bits.take(1) != nil, bits.take(1) != nil,
            let isCropped = bits.flag()
        else { return nil }
        let fields = hasFramesOnly ? 1 : 2
        var width = Int(columns + 1) * 16
        var height = Int(rows + 1) * 16 * fields
        guard isCropped else { return (width, height) }
        var edges: [Int] = []
        for _ in 0..<4 {
            guard let edge = bits.golomb() else { return nil }
            edges.append(Int(edge))
        }
        // Equations 7-19 to 7-22.
        width -= (edges[0] + edges[1]) * (chroma == 1 || chroma == 2 ? 2 : 1)
        height -= (edges[2] + edges[3]) * (chroma == 1 ? 2 : 1) * fields
        return width > 0 && height > 0 ? (width, height) : nil
    }

    /// From the usability information, as far as its timing.
    private static func rate(_ bits: inout BitReader) -> Int64? {
        guard let hasAspect = bits.flag() else { return nil }
        if hasAspect {
            guard let ratio = bits.take(8) else { return nil }
            if ratio == 255, bits.take(32) == nil { return nil }
        }
        guard let hasOverscan = bits.flag(), !hasOverscan || bits.take(1) != nil,
            let hasSignal = bits.flag()
        else { return nil }
        if hasSignal {
            guard bits.take(4) != nil, let hasColours = bits.flag(),
                !hasColours || bits.take(24) != nil
            else { return nil }
        }
        guard let hasLocation = bits.flag() else { return nil }
        if hasLocation, bits.golomb() == nil || bits.golomb() == nil { return nil }
        guard bits.flag() == true, let units = bits.take(32), let scale = bits.take(32),
            units > 0, scale > 0
        else { return nil }
        // A frame has two ticks: E.2.1.
        return Int64(scale) * 1000 / (2 * Int64(units))
    }
}

extension AVCConfiguration {
    /// What the first sequence parameter set says; nil if it cannot be read.
    public var parameters: SequenceParameters? {
        sequenceSets.first.flatMap(SequenceParameters.init)
    }
}
