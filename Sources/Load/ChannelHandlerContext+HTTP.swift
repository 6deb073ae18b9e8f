import NIOCore
import NIOHTTP1

extension ChannelHandlerContext {
    /// From now on the channel speaks HTTP to this context's handler, as a client does.
    func speakHTTP() {
        do {
            try pipeline.syncOperations.addHTTPClientHandlers(position: .before(handler))
        } catch {
            fireErrorCaught(error)
        }
    }
}
