import Base
import Packets
import Platform
import RTMP

/// The frames of a window as real messages: each goes through the sessions at both ends of its
/// connection, and what comes out is compared with what went in.
///
/// Every connection that carries media when the window opens, or begins within it, speaks from its
/// handshake on. Frames keep the times that the frame plane gave them: bytes tell what the
/// protocol makes of them, and a capture shows them.
struct WirePlane: Sendable {
    struct Totals: Sendable, Hashable {
        /// RTMP bytes, without TCP and below: as the frame plane counts them, and as they were.
        var ingressCounted: Int64 = 0
        var ingress: Int64 = 0
        var egressCounted: Int64 = 0
        var egress: Int64 = 0
        /// Messages sent, and those of them that came out the same.
        var sent: Int64 = 0
        var equal: Int64 = 0
    }

    private struct Talk: Sendable {
        var conversation: Conversation
        var packets: PacketFile.Connection?
        var stream: Int
        var epoch: Instant
        /// A node that serves; nil is the instance.
        var node: Int?
    }

    private(set) var totals = Totals()
    private(set) var capture: PacketFile?
    private var publishers: [Talk?] = []
    private var players: [Talk?] = []
    private var seed: UInt64 = 0
    private var connections: UInt16 = 0
    /// One way, in the capture's TCP handshakes and control messages.
    private static let delay = Interval.milliseconds(20)

    init(captures: Bool) { capture = captures ? PacketFile() : nil }

    // MARK: Connections

    mutating func beginStream(_ stream: Int, epoch: Instant, at now: Instant) {
        let key = UInt64(stream)
        let talk = talk(
            .publish(StreamID(Int32(stream)), key: key), stream, epoch: epoch, node: nil, at: now)
        Self.put(talk, at: stream, in: &publishers)
        for header in Self.headers { publish(header, stream, counted: 0, at: now) }
    }

    mutating func endStream(_ stream: Int) {
        if stream < publishers.count { publishers[stream] = nil }
    }

    mutating func beginPlayer(
        _ flow: Int, stream: Int, epoch: Instant, node: Int?, at now: Instant
    ) {
        let talk = talk(.play(StreamID(Int32(stream))), stream, epoch: epoch, node: node, at: now)
        Self.put(talk, at: flow, in: &players)
        for header in Self.headers { relay(header, flow, counted: 0, at: now) }
    }

    mutating func endPlayer(_ flow: Int) {
        if flow < players.count { players[flow] = nil }
    }

    private static func put(_ talk: Talk, at index: Int, in talks: inout [Talk?]) {
        while talks.count <= index { talks.append(nil) }
        talks[index] = talk
    }

    /// A connection whose request was granted.
    private mutating func talk(
        _ request: SessionMessage, _ stream: Int, epoch: Instant, node: Int?, at now: Instant
    ) -> Talk {
        seed += 1
        var talk = Talk(
            conversation: Conversation(random: Random(seed: seed), at: now),
            packets: open(node: node, at: now), stream: stream, epoch: epoch, node: node)
        talk.conversation.request(request, random: Random(seed: ~seed), at: now)
        let said = talk.conversation.establish(at: now)
        var at = now + Self.delay + Self.delay
        for (toServer, bytes) in said {
            record(bytes, &talk, toServer: toServer, at: at)
            at += Self.delay
        }
        return talk
    }

    /// 10.0.0.10 is the instance; clients and nodes have addresses for documentation (RFC 5737).
    /// `node` serves in place of the instance.
    private mutating func open(node: Int?, at now: Instant) -> PacketFile.Connection? {
        guard capture != nil else { return nil }
        connections &+= 1
        let client = Endpoint(
            ipv4: 0xCB00_7100 | UInt32(connections % 250 + 1), port: 40_000 + connections % 20_000)
        let server = Endpoint(
            ipv4: node.map { 0xC633_6400 | UInt32($0 % 250 + 1) } ?? 0x0A00_000A, port: 1_935)
        return capture?.open(client: client, server: server, delay: Self.delay, at: now)
    }

    private mutating func record(
        _ bytes: [UInt8], _ talk: inout Talk, toServer: Bool, at now: Instant
    ) {
        guard var packets = talk.packets else { return }
        capture?.send(bytes, on: &packets, toServer: toServer, at: now)
        talk.packets = packets
    }

    // MARK: Frames

    mutating func published(_ frame: Frame, _ stream: Int, at now: Instant) {
        guard stream < publishers.count, let talk = publishers[stream] else { return }
        publish(Self.message(frame, talk.epoch), stream, counted: frame.messageBytes, at: now)
    }

    mutating func played(_ frame: Frame, _ flow: Int, at now: Instant) {
        guard flow < players.count, let talk = players[flow] else { return }
        relay(Self.message(frame, talk.epoch), flow, counted: frame.messageBytes, at: now)
    }

    private mutating func publish(
        _ message: MediaMessage, _ stream: Int, counted: Int64, at now: Instant
    ) {
        guard var talk = publishers[stream] else { return }
        publishers[stream] = nil
        let (bytes, heard) = talk.conversation.publish(message, at: now)
        record(bytes, &talk, toServer: true, at: now)
        publishers[stream] = talk
        guard counted > 0 else { return }
        totals.ingressCounted += counted
        totals.ingress += Int64(bytes.count)
        note(message, heard)
    }

    private mutating func relay(
        _ message: MediaMessage, _ flow: Int, counted: Int64, at now: Instant
    ) {
        guard var talk = players[flow] else { return }
        players[flow] = nil
        let (bytes, heard) = talk.conversation.relay(message, at: now)
        record(bytes, &talk, toServer: false, at: now)
        players[flow] = talk
        guard counted > 0 else { return }
        if talk.node == nil {
            totals.egressCounted += counted
            totals.egress += Int64(bytes.count)
        }
        note(message, heard)
    }

    private mutating func note(_ sent: MediaMessage, _ heard: [MediaMessage]) {
        totals.sent += 1
        if heard == [sent] { totals.equal += 1 }
    }

    // MARK: Messages

    /// Sequence headers of H.264 at level 3.1 and of AAC-LC at 44.1 kHz in stereo.
    private static let headers = [
        MediaMessage(
            kind: .video, timestamp: .zero,
            payload: [0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x1F, 0xFF, 0xE0, 0]),
        MediaMessage(kind: .audio, timestamp: .zero, payload: [0xAF, 0, 0x12, 0x10]),
    ]

    /// A message as large as the frame: video is one NAL unit of filler data (H.264, 7.3.2.7).
    private static func message(_ frame: Frame, _ epoch: Instant) -> MediaMessage {
        let milliseconds = max(0, (frame.made - epoch).nanoseconds / 1_000_000)
        let timestamp = Timestamp(milliseconds: milliseconds)
        let count = frame.payloadBytes
        guard frame.isVideo else {
            let body = [UInt8](repeating: 0, count: max(1, count - 2))
            return MediaMessage(kind: .audio, timestamp: timestamp, payload: [0xAF, 1] + body)
        }
        let unit = max(1, count - 9)
        var payload: [UInt8] = [frame.isKey ? 0x17 : 0x27, 1, 0, 0, 0]
        for shift in [24, 16, 8, 0] { payload.append(UInt8(unit >> shift & 0xFF)) }
        payload.append(12)
        payload += [UInt8](repeating: 0xFF, count: unit - 1)
        return MediaMessage(kind: .video, timestamp: timestamp, payload: payload)
    }
}

extension Frame {
    /// What the frame's share of the wire leaves for RTMP, without TCP and below.
    var messageBytes: Int64 {
        multiplyDivide(Int64(bytes), TCPResponse.segment, TCPResponse.segmentOnWire)
    }

    /// And of that for the message itself: see `MediaShape` for the chunks.
    var payloadBytes: Int {
        let body = messageBytes - 12
        return Int(max(1, body - body / 4_097))
    }
}
