/// What a server session tells the program that owns it.
public enum ServerEvent: Sendable, Hashable {
    /// Answer with `accept()`, `reject(_:)` or `redirect(to:)`.
    case connect(ConnectRequest)
    /// Answer with `accept()` or `reject(_:)`.
    case publish(PublishRequest)
    /// Answer with `accept()` or `reject(_:)`. After `accept()` send the bytes of
    /// `EncodedMessage`s behind those of `takeOutput()`.
    case play(PlayRequest)
    /// From an accepted publish, in the order sent.
    case media(MessageStreamID, MediaMessage)
    /// The client stopped publishing on this stream. A closed connection does not say so.
    case unpublished(MessageStreamID)
    /// The client stopped playing on this stream.
    case stopped(MessageStreamID)
    /// The client paused (true) or went on; it has been answered.
    case paused(MessageStreamID, Bool)
    /// The client wants or does not want this kind of media from now on.
    case wants(MessageStreamID, MediaMessage.Kind, Bool)
}
