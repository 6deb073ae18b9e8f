/// Names a chunk stream: 2 ... 65,599. Identifiers 0 and 1 announce longer forms on the wire.
///
/// Adobe RTMP 5.3.1.1.
public struct ChunkStreamID: Sendable, Hashable {
    public static let rawMin: UInt32 = 2
    public static let rawMax: UInt32 = 65_599

    public let raw: UInt32

    /// Traps outside `rawMin ... rawMax`.
    public init(_ raw: UInt32) {
        precondition(raw >= Self.rawMin && raw <= Self.rawMax)
        self.raw = raw
    }

    /// Protocol control and user control: always 2.
    public static let control = ChunkStreamID(2)
    /// Commands such as `connect` and `onStatus`.
    public static let command = ChunkStreamID(3)
    public static let audio = ChunkStreamID(4)
    public static let data = ChunkStreamID(5)
    public static let video = ChunkStreamID(6)
    /// A client's `publish` and `play`, which belong to a message stream.
    public static let streamCommand = ChunkStreamID(8)
}

/// Names a message stream inside a connection; the server hands them out with `createStream`.
public struct MessageStreamID: Sendable, Hashable {
    public let raw: UInt32
    public init(_ raw: UInt32) { self.raw = raw }

    /// Protocol control messages and commands of the connection itself.
    public static let connection = MessageStreamID(0)
    /// The first stream of every session, and so the one that shared media is encoded for.
    public static let first = MessageStreamID(1)
}

/// The time of a message in milliseconds since the publisher's own zero, unwrapped.
///
/// The wire carries it modulo 2^32 (49.7 days).
public struct Timestamp: Sendable, Hashable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static let zero = Timestamp(milliseconds: 0)

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        a.milliseconds < b.milliseconds
    }

    /// What the wire carries.
    var wire: UInt32 { UInt32(truncatingIfNeeded: milliseconds) }
}

/// The type byte of a message. Adobe RTMP 5.4, 6.2 and 7.1.
public struct MessageType: Sendable, Hashable {
    public let raw: UInt8
    public init(_ raw: UInt8) { self.raw = raw }

    public static let setChunkSize = MessageType(1)
    public static let abort = MessageType(2)
    public static let acknowledgement = MessageType(3)
    public static let userControl = MessageType(4)
    public static let windowAcknowledgementSize = MessageType(5)
    public static let setPeerBandwidth = MessageType(6)
    public static let audio = MessageType(8)
    public static let video = MessageType(9)
    public static let dataAMF3 = MessageType(15)
    public static let sharedObjectAMF3 = MessageType(16)
    public static let commandAMF3 = MessageType(17)
    public static let dataAMF0 = MessageType(18)
    public static let sharedObjectAMF0 = MessageType(19)
    public static let commandAMF0 = MessageType(20)
    public static let aggregate = MessageType(22)

    var isMedia: Bool { self == .audio || self == .video || self == .dataAMF0 }
}
