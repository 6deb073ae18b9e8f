/// What is measured as a delay, by the names that thresholds use.
public enum LoadMetric: String, Sendable, Hashable, CaseIterable {
    case connect
    case handshake
    case publishAccepted = "publish_accepted"
    case playAccepted = "play_accepted"
    case firstFrame = "first_frame"
    case firstKeyFrame = "first_key_frame"
    case deliveryDelay = "delivery_delay"
    case hlsDelay = "hls_delay"
    case jitter
    case stall
    case drift
    case segment
    case httpCall = "http_call"
    case httpRaw = "http_raw"
    case sendLateness = "send_lateness"
    case loopLag = "loop_lag"
    case targetAnswer = "target_answer"
    case targetHealth = "target_health"

    public var meaning: String {
        switch self {
        case .connect: "from the call for a connection to having it"
        case .handshake: "from the call to the end of RTMP's handshake"
        case .publishAccepted: "from the call to the target's leave to publish"
        case .playAccepted: "from the call to the target's leave to play"
        case .firstFrame: "from the call to a player's first picture"
        case .firstKeyFrame: "from the call to the first picture that needs no other"
        case .deliveryDelay:
            "from the time a picture was due to be sent to a player's having it, by one clock"
        case .hlsDelay: "the same to a player by HLS; without our stamps, by the playlist's dates"
        case .jitter: "how far the distance of two pictures differs from that of their times"
        case .stall: "how long a player that holds a second in reserve stood still"
        case .drift: "how far sound and picture that come together are apart"
        case .segment: "from a player's request for a segment of HLS to its end"
        case .httpCall: "from the time a call was due to its answer's end"
        case .httpRaw: "from the time a call was really sent to its answer's end"
        case .sendLateness: "how late the generator sent what the target was ready to take"
        case .loopLag: "how late the generator's own timers were"
        case .targetAnswer: "from a look at the target from outside to its first word"
        case .targetHealth: "from a look at the target's health to its answer"
        }
    }

    /// The place of its distribution in a tally.
    var index: Int {
        switch self {
        case .connect: 0
        case .handshake: 1
        case .publishAccepted: 2
        case .playAccepted: 3
        case .firstFrame: 4
        case .firstKeyFrame: 5
        case .deliveryDelay: 6
        case .jitter: 7
        case .stall: 8
        case .drift: 9
        case .sendLateness: 10
        case .loopLag: 11
        case .httpCall: 12
        case .httpRaw: 13
        case .segment: 14
        case .targetAnswer: 15
        case .targetHealth: 16
        case .hlsDelay: 17
        }
    }
}
