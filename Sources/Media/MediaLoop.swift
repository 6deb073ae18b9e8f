import Base
import RTMP

/// Messages over and over, as one live stream: times go on rising, and the description and the
/// codecs' configurations come at the first time only.
public struct MediaLoop: Sendable, Sequence, IteratorProtocol {
    private let messages: [MediaMessage]
    private let period: Int64
    private var index = 0
    private var turn: Int64 = 0

    /// Nil without a frame. The messages are in order of time, as an `FLVReader` gave them.
    public init?(_ messages: [MediaMessage]) {
        let frames = messages.filter { !Self.isHeader($0) }
        guard let first = frames.first, let last = frames.last else { return nil }
        self.messages = messages
        // The next turn begins when the last frame of the main kind has been shown.
        let kind: MediaMessage.Kind =
            frames.contains { $0.kind == .video } ? .video : frames[0].kind
        let times = frames.filter { $0.kind == kind }.map(\.timestamp.milliseconds)
        let span = (times.last ?? 0) - (times.first ?? 0)
        let gaps = Int64(Swift.max(times.count - 1, 1))
        let shown = multiplyDivideUp(Swift.max(span, 0), gaps + 1, gaps)
        let whole = last.timestamp.milliseconds - first.timestamp.milliseconds
        period = Swift.max(shown, whole, 1)
    }

    /// Of each turn, in milliseconds.
    public var periodMilliseconds: Int64 { period }

    public mutating func next() -> MediaMessage? {
        while true {
            if index == messages.count {
                index = 0
                turn += 1
            }
            var message = messages[index]
            index += 1
            if turn > 0, Self.isHeader(message) { continue }
            message.timestamp.milliseconds += turn * period
            return message
        }
    }

    private static func isHeader(_ message: MediaMessage) -> Bool {
        message.kind == .data || MediaRole(message) == .header
    }
}
