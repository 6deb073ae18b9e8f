import Base

/// What one connection may use. A peer that asks for more is cut off.
public struct Limits: Sendable, Hashable {
    /// The longest message once a publish goes ahead: a key frame at 100 Mb/s fits.
    public var messageLengthMax = 8 << 20
    /// The longest message before that: commands only, so a stranger can hold little memory.
    public var commandLengthMax = 64 << 10
    /// Bytes of unfinished messages over all chunk streams, once a publish goes ahead.
    public var assemblyMax = 12 << 20
    /// The same, before that.
    public var commandAssemblyMax = 128 << 10
    /// Of the payload of each audio or video message so much is kept; the rest is counted and let
    /// go, for those who only measure.
    public var mediaKeptMax = Int.max
    /// Chunk streams in use; encoders seen in the wild use fewer than ten.
    public var chunkStreamsMax = 64
    /// Adobe RTMP 5.4.1 asks for 128 or more; a smaller size only costs the receiver time.
    public var chunkSizeMin = 128
    /// Bytes that may wait while a request is being decided on.
    public var pendingMax = 256 << 10
    /// Bytes of replies that the driver has not taken yet.
    public var unsentMax = 1 << 20
    /// Message streams created and not deleted.
    public var streamsMax = 8
    /// From the opened connection to the end of the handshake.
    public var handshakeTimeout = Interval.seconds(10)
    /// From the handshake to `connect`, and from there to the first publish or play.
    public var requestTimeout = Interval.seconds(20)
    /// Without a byte from the peer. After half of it a ping is sent.
    public var idleTimeout = Interval.seconds(60)

    public init() {}
}
