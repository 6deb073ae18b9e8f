import Media
import Platform
import RTMP

/// What the API says about a stream's codecs: from their configurations, or from the tags.
enum CodecRows {
    static func video(_ stream: StreamReport.Stream) -> JSONObject? {
        guard let message = stream.video, let first = message.payload.first else { return nil }
        let metadata = try? AMF0Reader.all(stream.metadata).dropFirst().first
        let configuration = AVCConfiguration(tag: message.payload)
        // What decoders go by, and what the publisher says where that cannot be read.
        let parameters = configuration?.parameters
        var row: JSONObject = [
            "codec": EnhancedTag(message)?.codec ?? videoCodec(first & 0x0F),
            "width": parameters?.width ?? metadata?["width"]?.integer ?? 0,
            "height": parameters?.height ?? metadata?["height"]?.integer ?? 0,
        ]
        if let configuration {
            row["profile"] = profile(configuration.profile)
            row["level"] = "\(configuration.level / 10).\(configuration.level % 10)"
        }
        return row
    }

    static func audio(_ stream: StreamReport.Stream) -> JSONObject? {
        guard let message = stream.audio, let first = message.payload.first else { return nil }
        if let tag = EnhancedTag(message) { return ["codec": tag.codec] }
        guard first >> 4 == 10 else { return plainAudio(first) }
        guard let configuration = AACConfiguration(tag: message.payload) else {
            return ["codec": "AAC"]
        }
        return [
            "codec": "AAC", "sample_rate": configuration.sampleRate,
            "channel": Int(configuration.channels), "profile": profile(configuration),
        ]
    }

    /// Adobe FLV 10.1, E.4.2.1: a codec's number, its rate and its channels in one byte.
    private static func plainAudio(_ first: UInt8) -> JSONObject {
        let names: [UInt8: String] = [2: "MP3", 7: "PCMA", 8: "PCMU", 11: "Speex", 14: "MP3"]
        let rates = [5512, 11_025, 22_050, 44_100]
        return [
            "codec": names[first >> 4] ?? "FLV\(first >> 4)",
            "sample_rate": rates[Int(first >> 2 & 3)], "channel": Int(first & 1) + 1,
        ]
    }

    private static func videoCodec(_ number: UInt8) -> String {
        switch number {
        case 7: "H264"
        case 12: "HEVC"
        case _: "FLV\(number)"
        }
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

    private static func profile(_ configuration: AACConfiguration) -> String {
        if configuration.hasParametricStereo { return "HEv2" }
        if configuration.hasBandReplication { return "HE" }
        switch configuration.coreType {
        case 1: return "Main"
        case 2: return "LC"
        case _: return "Other"
        }
    }
}
