import Base
import Media
import RTMP

// Files, what becomes of media in HLS, and addresses.
extension Targets {
    /// Addresses of streams, as users, files and redirects give them: none traps.
    static func url(_ input: [UInt8]) -> CInt {
        _ = StreamURL(String(decoding: input, as: UTF8.self))
        return 0
    }

    /// A file, in two pieces; what was read is written, and read again.
    static func flv(_ input: [UInt8]) -> CInt {
        let cut = min(Int(input.first ?? 0), input.count)
        let whole = readFLV([input[...]])
        let halves = readFLV([input[..<cut], input[cut...]])
        check(whole.messages == halves.messages, "a cut at \(cut) made a difference")
        check(whole.error == halves.error, "a cut at \(cut) made another error")
        var written = FLVTags.header(hasAudio: true, hasVideo: true)
        for message in whole.messages { FLVTags.append(message, to: &written) }
        check(readFLV([written[...]]).messages == whole.messages, "writing lost something")
        return 0
    }

    private static func readFLV(
        _ pieces: [ArraySlice<UInt8>]
    ) -> (messages: [MediaMessage], error: FLVError?) {
        var reader = FLVReader()
        var messages: [MediaMessage] = []
        for piece in pieces {
            reader.receive(Array(piece).span)
            do throws(FLVError) {
                while let message = try reader.next() { messages.append(message) }
            } catch {
                return (messages, error)
            }
        }
        return (messages, nil)
    }

    /// A publisher's messages through configurations, transport stream and playlist. Each is told
    /// by four bytes (kind and role, length, time) and its payload.
    static func media(_ input: [UInt8]) -> CInt {
        var options = HLSWindow.Options()
        options.bytesMax = 100_000
        var window = HLSWindow(options)
        var headers = StreamHeaders()
        var rest = input[...]
        var time: Int64 = 0
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            let kind = MediaMessage.Kind.allCases[Int(head[0] & 3) % 3]
            let payload = Array(rest.prefix(Int(head[1])))
            rest = rest.dropFirst(payload.count)
            // Times leap either way, as a hostile publisher's do.
            time += Int64(Int16(bitPattern: UInt16(head[2]) << 8 | UInt16(head[3])))
            time = max(time, 0)
            let message = MediaMessage(
                kind: kind, timestamp: Timestamp(milliseconds: time), payload: payload)
            window.append(message, isKey: head[0] & 4 != 0, isHeader: head[0] & 8 != 0)
            headers.note(message, MediaRole(message))
            _ = Clip.stamp(in: message)
            _ = AVCConfiguration(tag: payload)?.parameters
            if head[0] & 16 != 0 { window.discontinue() }
        }
        check(headers.messages(at: .zero).count <= 33, "headers without a bound")
        _ = window.playlist(prefix: "a-", suffix: "")
        for segment in window.segments {
            check(segment.bytes.count % 188 == 0, "a segment of broken packets")
        }
        return 0
    }
}
