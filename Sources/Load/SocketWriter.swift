import Glibc
import NIOCore

/// A connection's way out: straight into its socket for as long as that takes all, and through the
/// channel from then on until it has taken what was left.
///
/// A write through the channel's pipeline costs as much again as the system call, and publishers
/// have tens of thousands a second.
final class SocketWriter {
    private let context: ChannelHandlerContext
    private let channel: any Channel
    /// Nil where TLS lies between.
    private let descriptor: Int32?
    /// Writes that the channel has not done yet. Nothing may pass them.
    private var waiting = 0

    init(_ context: ChannelHandlerContext, isSecure: Bool) {
        self.context = context
        channel = context.channel
        let handle = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        descriptor = isSecure ? nil : handle
    }

    /// Whether the connection takes more.
    var isTaken: Bool { waiting == 0 || channel.isWritable }

    func write(_ bytes: Span<UInt8>) {
        let sent = waiting == 0 ? send(bytes) : 0
        guard sent < bytes.count else { return }
        waiting += 1
        var rest = ByteBuffer()
        rest.writeBytes(bytes.extracting(sent...).bytes)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.waiting -= 1 }
        context.writeAndFlush(NIOAny(rest), promise: promise)
    }

    /// How many of the bytes the socket took: none where it takes nothing now, or is at its end, of
    /// which the channel will say more.
    private func send(_ bytes: Span<UInt8>) -> Int {
        // A closed channel's descriptor may be another's by now.
        guard let descriptor, channel.isActive else { return 0 }
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        return bytes.withUnsafeBytes {
            max(0, Glibc.send(descriptor, $0.baseAddress, $0.count, flags))
        }
    }
}
