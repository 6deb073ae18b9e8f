import Base
import Packets

/// The contents of a capture's `summary.json`.
///
/// The names of the fields are a contract with whoever reads the file; a change of meaning needs
/// another `schema`. Times are UTC, numbers exact decimals; the unit is the end of a name.
public struct CaptureSummary: Sendable, Hashable, Codable {
    public static let schema = "streamr-sim/capture/1"

    public var schema = CaptureSummary.schema
    /// The file or the interface.
    public var source: String
    @OrNull public var filter: String?
    /// Null when the capture was read to its end; otherwise why it was not.
    @OrNull public var partial: String?
    public var start: Moment
    public var lengthSeconds: ExactNumber
    public var packets: Int64
    public var bytes: Int64
    /// Packets that the kernel, or whoever made the capture, lost.
    public var droppedPackets: Int64
    public var fragments: Int64
    public var otherPackets: Int64
    public var malformedPackets: Int64
    public var cutShortSegments: Int64
    public var connections: Int64
    public var evictedConnections: Int64
    public var connectionsLetGo: Int64
    /// TCP that carried no RTMP.
    public var otherConnections: Int64
    public var otherBytes: Int64
    public var streams: [Stream]
    public var series: Summary.SeriesHeading

    public struct Stream: Sendable, Hashable, Codable {
        public var label: String
        public var app: String
        public var name: String
        public var role: String
        public var client: String
        public var server: String
        public var statuses: [String]
        public var from: Moment
        public var until: Moment
        public var isClosed: Bool
        public var remarks: [String]
        public var media: Media
        public var network: Network
    }

    public struct Media: Sendable, Hashable, Codable {
        public var videoCodec: String
        public var audioCodec: String
        public var videoMbit: ExactNumber
        public var audioMbit: ExactNumber
        public var videoBytes: Int64
        public var audioBytes: Int64
        public var framesPerSecond: ExactNumber
        public var frames: Int64
        public var keyFrameBytes: Spread
        public var frameBytes: Spread
        public var audioFrameBytes: Spread
        public var groupSeconds: Spread
        public var groupFrames: Spread
        public var lagMs: Spread
        public var stallSeconds: ExactNumber
        public var stallLongestSeconds: ExactNumber
        public var stallsByReceiver: Int64
        public var stallsByNetwork: Int64
        public var stallsBySender: Int64
        public var framesSkippedByEncoder: Int64
        @OrNull public var framesDroppedByServer: Int64?
        public var framesOutOfOrder: Int64
    }

    public struct Network: Sendable, Hashable, Codable {
        @OrNull public var handshakeMs: ExactNumber?
        public var roundTripMs: Spread
        public var segments: Int64
        public var payloadBytes: Int64
        public var retransmissions: Int64
        public var lostBeforeCapture: Int64
        public var lostAfterCapture: Int64
        public var reordered: Int64
        public var missedBytes: Int64
        public var unreadBytes: Int64
        public var protocolErrors: Int64
        public var zeroWindows: Int64
        public var zeroWindowSeconds: ExactNumber
    }

    /// A percentile is at most an eighth too high.
    public struct Spread: Sendable, Hashable, Codable {
        public var count: Int64
        public var least: ExactNumber
        public var mean: ExactNumber
        public var p95: ExactNumber
        public var most: ExactNumber
    }
}

extension CaptureSummary.Spread {
    /// `divisor` turns a value into the unit of the name.
    init(_ spread: Packets.Spread, divisor: Int128 = 1) {
        func number(_ value: Int64) -> ExactNumber {
            ExactNumber(Fixed.ratio(Int128(value), divisor))
        }
        self.init(
            count: spread.count, least: number(spread.least), mean: number(spread.mean),
            p95: number(spread.percentile(95)), most: number(spread.most))
    }
}

extension CaptureSummary.Stream {
    init(_ stream: StreamReport) {
        self.init(
            label: stream.label, app: stream.app, name: stream.name, role: stream.role.rawValue,
            client: stream.client.description, server: stream.server.description,
            statuses: stream.statuses, from: Moment(stream.openedAt),
            until: Moment(stream.lastAt), isClosed: stream.isClosed, remarks: stream.remarks,
            media: CaptureSummary.Media(stream), network: CaptureSummary.Network(stream))
    }
}

extension CaptureSummary.Media {
    init(_ stream: StreamReport) {
        let media = stream.media
        self.init(
            videoCodec: media.videoCodec, audioCodec: media.audioCodec,
            videoMbit: ExactNumber(stream.rate(of: media.videoBytes)),
            audioMbit: ExactNumber(stream.rate(of: media.audioBytes)),
            videoBytes: media.videoBytes, audioBytes: media.audioBytes,
            framesPerSecond: ExactNumber(Fixed.ratio(Int128(media.framesPerKilosecond), 1_000)),
            frames: media.videoFrames, keyFrameBytes: .init(media.keyFrames),
            frameBytes: .init(media.otherFrames), audioFrameBytes: .init(media.audioFrames),
            groupSeconds: .init(media.groupLength, divisor: 1_000),
            groupFrames: .init(media.groupFrames), lagMs: .init(media.lag),
            stallSeconds: ExactNumber(seconds: media.stalls.total),
            stallLongestSeconds: ExactNumber(seconds: media.stalls.longest),
            stallsByReceiver: media.stalls[.receiver], stallsByNetwork: media.stalls[.network],
            stallsBySender: media.stalls[.sender],
            framesSkippedByEncoder: media.framesSkipped,
            framesDroppedByServer: stream.droppedByServer,
            framesOutOfOrder: media.outOfOrder)
    }
}

extension CaptureSummary.Network {
    init(_ stream: StreamReport) {
        let (sent, received) = (stream.sent, stream.received)
        self.init(
            handshakeMs: stream.handshake.map {
                ExactNumber(Fixed.ratio(Int128($0.nanoseconds), 1_000_000))
            },
            roundTripMs: .init(sent.roundTrip, divisor: 1_000_000), segments: sent.segments,
            payloadBytes: sent.payloadBytes, retransmissions: sent.retransmissions,
            lostBeforeCapture: sent.lostBefore, lostAfterCapture: sent.lostAfter,
            reordered: sent.reordered, missedBytes: sent.missedBytes,
            unreadBytes: stream.unreadBytes, protocolErrors: stream.protocolErrors,
            zeroWindows: received.zeroWindows,
            zeroWindowSeconds: ExactNumber(seconds: received.zeroWindowTime))
    }
}

extension StreamReport {
    /// Tells the streams of a report apart: `live/film from 127.0.0.1:40000`.
    public var label: String {
        switch role {
        case .publisher: "\(title) from \(client)"
        case .player: "\(title) to \(client)"
        case .unknown: "\(title), \(client) with \(server)"
        }
    }

    /// Mbit/s over the time in which media came.
    public func rate(of bytes: Int64) -> Fixed {
        guard let first = media.first, let last = media.last, last > first else { return .zero }
        return Fixed.ratio(Int128(bytes) * 8_000, Int128((last - first).nanoseconds))
    }
}
