import Packets

/// Where packets come from: an interface or a file.
public protocol PacketSource: ~Copyable {
    /// Hands over some packets, each with the bytes it lies in.
    mutating func read(
        _ body: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFailure) -> ReadOutcome

    /// Packets that the capture lost, as far as it says so.
    var dropped: Int64 { get }
}

public enum ReadOutcome: Sendable, Hashable {
    /// So many packets were handed over; more may come.
    case packets(Int)
    case ended
}
