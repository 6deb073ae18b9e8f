import Glibc
import Packets

/// A capture file, or a pipe that one comes through, read in large pieces.
///
/// Read and not mapped: a file that another program cuts short must not end this one, and a pipe
/// can be read as well.
public struct CaptureFile: PacketSource, ~Copyable {
    /// Larger than the largest block of a packet, so that every one becomes whole.
    private static let bufferLength = 4 << 20

    public let path: String
    private let descriptor: Int32
    private var reader = CaptureReader()
    private var filter: PacketFilter?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: bufferLength, alignment: 16)
    private var count = 0  // Invariant: bytes before it are not read yet

    /// `-` is standard input.
    public init(path: String, filter: String?) throws(CaptureFailure) {
        self.path = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        if let filter { self.filter = try PacketFilter(filter) }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    /// Packets that the capture says it lost.
    public var dropped: Int64 { Int64(clamping: reader.dropped) }

    /// The packets of one more piece.
    public mutating func read(
        _ body: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFailure) -> ReadOutcome {
        let free = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        let more = Glibc.read(descriptor, free.baseAddress, free.count)
        guard more >= 0 else {
            if errno == EINTR { return .packets(0) }
            throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
        }
        guard more > 0 else { return .ended }
        count += more
        let (packets, consumed) = try handOver(body)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[consumed..<count]))
        count -= consumed
        return .packets(packets)
    }

    /// Whether the file ended in the middle of a packet; asked at its end.
    public var isCutOff: Bool { !reader.isWhole(leftOver: count) }

    private mutating func handOver(
        _ body: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFailure) -> (packets: Int, consumed: Int) {
        var packets = 0
        var offset = 0
        let filled = UnsafeRawBufferPointer(rebasing: buffer[..<count]).bindMemory(to: UInt8.self)
        let bytes = filled.span
        do throws(CaptureError) {
            while let packet = try reader.next(bytes, &offset) {
                guard filter?.matches(packet, bytes) ?? true else { continue }
                body(packet, bytes)
                packets += 1
            }
        } catch {
            throw .malformed(path: path, error)
        }
        return (packets, offset)
    }
}
