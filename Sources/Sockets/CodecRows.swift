import Media
import Platform
import RTMP

/// What the API says about a stream's codecs, from their configurations.
enum CodecRows {
    static func video(_ stream: StreamReport.Stream) -> JSONObject? {
        guard let first = stream.videoHeader.first else { return nil }
        let metadata = properties(stream)
        var row: JSONObject = ["codec": videoCodec(first, stream.videoHeader)]
        // What decoders go by, and what the publisher says where that cannot be read.
        let parameters = AVCConfiguration(tag: stream.videoHeader)?.parameters
        row["width"] = parameters?.width ?? metadata?["width"]?.integer ?? 0
        row["height"] = parameters?.height ?? metadata?["height"]?.integer ?? 0
        // An AVCDecoderConfigurationRecord follows five bytes of tag: version, profile,
        // compatibility, level. ISO/IEC 14496-15, 5.3.3.1.
        if first & 0x8F == 7, stream.videoHeader.count >= 9 {
            row["profile"] = profile(stream.videoHeader[6])
            row["level"] = "\(stream.videoHeader[8] / 10).\(stream.videoHeader[8] % 10)"
        }
        return row
    }

    static func audio(_ stream: StreamReport.Stream) -> JSONObject? {
        guard stream.audioHeader.count >= 4, stream.audioHeader[0] >> 4 == 10 else { return nil }
        // ISO/IEC 14496-3, 1.6.2.1: five bits of object type, four of rate, four of channels.
        let word = UInt16(stream.audioHeader[2]) << 8 | UInt16(stream.audioHeader[3])
        let rates = AACConfiguration.rates
        let rate = Int(word >> 7 & 0x0F)
        let types: [UInt16: String] = [1: "Main", 2: "LC", 5: "HE", 29: "HEv2"]
        return [
            "codec": "AAC", "sample_rate": rate < rates.count ? rates[rate] : 0,
            "channel": Int(word >> 3 & 0x0F), "profile": types[word >> 11] ?? "Other",
        ]
    }

    /// The pairs of `onMetaData`.
    private static func properties(_ stream: StreamReport.Stream) -> AMFValue? {
        try? AMF0Reader.all(stream.metadata).dropFirst().first
    }

    private static func videoCodec(_ first: UInt8, _ header: [UInt8]) -> String {
        guard first & 0x80 != 0 else {
            switch first & 0x0F {
            case 7: return "H264"
            case 12: return "HEVC"
            case let id: return "FLV\(id)"
            }
        }
        guard header.count >= 5 else { return "Other" }
        return String(decoding: header[1..<5], as: UTF8.self)
    }

    private static func profile(_ number: UInt8) -> String {
        switch number {
        case 66: "Baseline"
        case 77: "Main"
        case 88: "Extended"
        case 100: "High"
        case 110: "High 10"
        case 122: "High 422"
        case 244: "High 444"
        case _: "Other"
        }
    }
}
