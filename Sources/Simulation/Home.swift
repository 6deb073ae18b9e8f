import Base
import Scenarios

/// A home's connection at one moment: what its kind promises, less the evening and the outages.
struct Home: Sendable {
    var name: String
    /// Index into the scenario's kinds.
    var kind: Int
    var uplinkCapacity: Int32
    var downlinkCapacity: Int32
    var isUp = true
    var isEvening = false
    /// Bumped when the home gets another address: old connections are gone.
    var outages: Int64 = 0
    /// When two outages overlap, the later end counts.
    var awayUntil: Instant
    /// Draws how long the router stays up.
    var random: Random
}

extension HomeKind {
    /// Wire bytes a second up, as the evening leaves them.
    func uplinkBytes(evening: Bool) -> Int64 { left(uplink, evening) }
    func downlinkBytes(evening: Bool) -> Int64 { left(downlink, evening) }

    private func left(_ rate: Rate, _ isEvening: Bool) -> Int64 {
        guard isEvening, let evening else { return rate.bytesPerSecond }
        return max(1, evening.left.of(rate.bytesPerSecond))
    }

    /// The path goes on through a sender's home: its delay and loss add up, and the sender's
    /// congestion control is in use.
    mutating func crossAlso(_ sender: HomeKind) {
        delay += sender.delay
        loss = Share(millionths: loss.millionths + sender.loss.of(1_000_000 - loss.millionths))
        congestion = sender.congestion
    }

    /// What one TCP connection over this home's path can carry, in wire bytes a second.
    func pathCeiling(line: Int64) -> Int64 {
        TCPResponse.ceiling(line: line, roundTrip: delay + delay, loss: loss, control: congestion)
    }
}

/// How fast one TCP connection can be on a lossy path, in steady state.
///
/// Reno: MSS/RTT · sqrt(3/2p) (Mathis, Semke, Mahdavi, Ott, "The Macroscopic Behavior of the TCP
/// Congestion Avoidance Algorithm", 1997). CUBIC: RFC 9438 section 5.2 with C = 0.4 and β = 0.7,
/// MSS/RTT · 1.054 · (RTT/p)^(3/4) with RTT in seconds, and Reno's where that is more. BBR: what
/// the line leaves after loss, up to 15 % (Cardwell et al., "BBR", 2016, figure 8), a twentieth of
/// the line above it. Integers only: fourth roots are square roots twice.
enum TCPResponse {
    /// Payload bytes in a full segment, and that segment's bytes on an Ethernet wire.
    static let segment: Int64 = 1_448
    static let segmentOnWire: Int64 = 1_514
    private static let bbrLossMax = Share(millionths: 150_000)

    static func ceiling(
        line: Int64, roundTrip: Interval, loss: Share, control: CongestionControl
    ) -> Int64 {
        check(line > 0 && roundTrip > .zero, "a path of no length or width")
        guard loss > .zero else { return line }
        let bound: Int64
        switch control {
        case .reno: bound = reno(roundTrip, loss)
        case .cubic: bound = max(reno(roundTrip, loss), cubic(roundTrip, loss))
        case .bbr:
            bound =
                loss <= bbrLossMax
                ? line - loss.of(line) : max(1, line / 20)
        }
        return max(1, min(line, bound))
    }

    /// segment / RTT · sqrt(1.5 / p): with p in millionths, sqrt(1.5e6 / p) scaled by 1e6.
    private static func reno(_ roundTrip: Interval, _ loss: Share) -> Int64 {
        let window = squareRoot(UInt128(1_500_000) * 1_000_000_000_000 / UInt128(loss.millionths))
        return perSecond(windowMillionths: window, roundTrip)
    }

    /// 1.054 · RTT^(3/4) / p^(3/4) segments: the fourth root of (RTT/p)³.
    private static func cubic(_ roundTrip: Interval, _ loss: Share) -> Int64 {
        // RTT/p in thousandths of a second: RTT ns · 1e6 / (p millionths · 1e6).
        let ratio = UInt128(roundTrip.nanoseconds) / UInt128(loss.millionths)
        let cubed = ratio * ratio * ratio  // thousandths cubed: 1e9 too large
        // ·1e15, which is 1e6 after the roots; between the roots where it would not fit before.
        let (scaled, isTooLarge) = cubed.multipliedReportingOverflow(by: 1_000_000_000_000_000)
        let root = isTooLarge ? squareRoot(cubed * 1_000) * 1_000_000 : squareRoot(scaled)
        return perSecond(windowMillionths: squareRoot(root) * 1_054 / 1_000, roundTrip)
    }

    private static func perSecond(windowMillionths: UInt128, _ roundTrip: Interval) -> Int64 {
        let bytes = windowMillionths * UInt128(segmentOnWire) * 1_000
        return Int64(min(bytes / UInt128(roundTrip.nanoseconds), UInt128(Int64.max)))
    }

    /// The whole part of the square root (Newton).
    static func squareRoot(_ value: UInt128) -> UInt128 {
        guard value > 1 else { return value }
        var guess = UInt128(1) << UInt128((129 - value.leadingZeroBitCount) / 2)
        while true {
            let next = (guess + value / guess) / 2
            if next >= guess { return guess }
            guess = next
        }
    }
}
