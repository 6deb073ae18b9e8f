import Base
import RTMP

/// Writes FLV, as files hold it and HTTP players get it. Adobe FLV 10.1, E.2 and E.4.1.
public enum FLVTags {
    /// The head of a file and the length of the tag before the first: zero.
    public static func header(hasAudio: Bool, hasVideo: Bool) -> [UInt8] {
        let flags: UInt8 = (hasAudio ? 4 : 0) | (hasVideo ? 1 : 0)
        return [0x46, 0x4C, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]
    }

    /// One tag and its length behind it; times are carried modulo 2^32 milliseconds. The payload
    /// is at most 2^24 - 1 bytes.
    public static func append(_ message: MediaMessage, to bytes: inout [UInt8]) {
        check(message.payload.count < 1 << 24, "a tag's length has 24 bits")
        let length = UInt32(message.payload.count)
        let time = UInt32(truncatingIfNeeded: message.timestamp.milliseconds)
        bytes.append(type(message.kind))
        append24(length, to: &bytes)
        append24(time & 0xFF_FFFF, to: &bytes)
        bytes.append(UInt8(time >> 24))
        append24(0, to: &bytes)
        bytes += message.payload
        let whole = length + 11
        bytes.append(UInt8(whole >> 24))
        append24(whole & 0xFF_FFFF, to: &bytes)
    }

    private static func type(_ kind: MediaMessage.Kind) -> UInt8 {
        switch kind {
        case .audio: 8
        case .video: 9
        case .data: 18
        }
    }

    private static func append24(_ value: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
}
