import Base

/// (placeholder to be replaced below)
struct FramePlane: Sendable { 
    var handled: Int64 { 0 }
    mutating func beginStream(_ s: Int, shape: MediaShape, at: Instant) {}
    mutating func endStream(_ s: Int, at: Instant) {}
    mutating func setUplink(_ s: Int, _ r: Int64, at: Instant) {}
    mutating func setShape(_ s: Int, _ x: MediaShape, at: Instant) {}
    mutating func beginPlayer(_ f: Int32, feeder: Int32, stream: Int, phase: Interval, buffer: Interval?, fromServer: Bool, at: Instant) {}
    mutating func setRate(_ f: Int32, _ r: Int64, at: Instant) {}
    mutating func endPlayer(_ f: Int32, at: Instant) {}
}
