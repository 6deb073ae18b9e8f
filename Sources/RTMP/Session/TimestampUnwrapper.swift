/// Makes 64-bit times of 32-bit ones: each is taken as the nearest to the last audio or video
/// time, so a wrap in either direction costs nothing.
package struct TimestampUnwrapper: Sendable {
    private var last: Int64?

    package init() {}

    /// `advances` is false for messages whose time may be arbitrary, such as metadata at 0.
    package mutating func unwrap(_ wire: UInt32, advances: Bool) -> Timestamp {
        var time = Int64(wire)
        if let last {
            let step = Int32(bitPattern: wire &- UInt32(truncatingIfNeeded: last))
            // Nothing lies before zero: a step back over it was a step forward.
            if last + Int64(step) >= 0 { time = last + Int64(step) }
        }
        if advances { last = time }
        return Timestamp(milliseconds: time)
    }
}
