import Base
import RTMP

/// Reads FLV, from a file or the network. Adobe FLV 10.1, E.2 to E.4.1.
///
/// Bytes may arrive in any pieces. Call `next()` until it returns nil before the next `receive`.
/// Tags of other kinds are passed over, and so are the lengths behind tags, which many writers
/// get wrong. After an error the reader stays failed. Times are unwrapped beyond 2^32
/// milliseconds.
public struct FLVReader: Sendable {
    /// The longest body of a tag that is read.
    public static let tagLengthMax = 8 << 20
    /// The longest head of a file; the standard's has nine bytes.
    public static let headLengthMax = 1024

    private enum Phase { case head, tag, body(length: Int), skip(length: Int), failed }

    private var phase = Phase.head
    private var inbox = ByteQueue()
    private var kind = MediaMessage.Kind.data
    private var timestamp = Timestamp.zero
    private var unwrapper = TimestampUnwrapper()

    private static let lengthBehind = 4

    public init() {}

    public mutating func receive(_ bytes: Span<UInt8>) { inbox.append(bytes) }

    /// Whether what was received ends where a tag does: false of a file that was cut off.
    public var isBetweenTags: Bool {
        if case .tag = phase { return inbox.count == 0 }
        return false
    }

    /// The next message; nil until more was received.
    public mutating func next() throws(FLVError) -> MediaMessage? {
        while true {
            switch phase {
            case .head:
                guard try readHead() else { return nil }
            case .tag:
                guard try readTag() else { return nil }
            case .body(let length):
                guard inbox.count >= length + Self.lengthBehind else { return nil }
                let payload = inbox.take(length)
                inbox.drop(Self.lengthBehind)
                inbox.release()
                phase = .tag
                return MediaMessage(kind: kind, timestamp: timestamp, payload: payload)
            case .skip(let length):
                let skipped = min(length, inbox.count)
                inbox.drop(skipped)
                inbox.release()
                phase = skipped == length ? .tag : .skip(length: length - skipped)
                guard skipped == length else { return nil }
            case .failed:
                return nil
            }
        }
    }

    private mutating func readHead() throws(FLVError) -> Bool {
        guard inbox.count >= 9 else { return false }
        guard inbox[0] == 0x46, inbox[1] == 0x4C, inbox[2] == 0x56 else {
            throw fail(.notFLV)
        }
        guard inbox[3] == 1 else { throw fail(.unknownVersion(inbox[3])) }
        let length = word(at: 5, bytes: 4)
        guard (9...Self.headLengthMax).contains(length) else { throw fail(.badHead(length)) }
        phase = .skip(length: length + Self.lengthBehind)
        return true
    }

    private mutating func readTag() throws(FLVError) -> Bool {
        guard inbox.count >= 11 else { return false }
        let type = inbox[0]
        let length = word(at: 1, bytes: 3)
        guard length <= Self.tagLengthMax else { throw fail(.oversizedTag(length)) }
        let time = UInt32(word(at: 4, bytes: 3)) | UInt32(inbox[7]) << 24
        inbox.drop(11)
        switch type {
        case 8: kind = .audio
        case 9: kind = .video
        case 18: kind = .data
        case _:
            // The sixth bit says that it is encrypted.
            guard type & 0x20 == 0 else { throw fail(.encrypted) }
            phase = .skip(length: length + Self.lengthBehind)
            return true
        }
        timestamp = unwrapper.unwrap(time, advances: kind != .data)
        phase = .body(length: length)
        return true
    }

    private func word(at offset: Int, bytes: Int) -> Int {
        (offset..<offset + bytes).reduce(0) { $0 << 8 | Int(inbox[$1]) }
    }

    private mutating func fail(_ error: FLVError) -> FLVError {
        phase = .failed
        inbox.drop(inbox.count)
        inbox.release()
        return error
    }
}

/// What is wrong with a file.
public enum FLVError: Error, Sendable, Hashable {
    case notFLV
    case unknownVersion(UInt8)
    /// A head of this many bytes.
    case badHead(Int)
    /// A tag of this many bytes.
    case oversizedTag(Int)
    case encrypted
}
