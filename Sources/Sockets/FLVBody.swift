import NIOConcurrencyHelpers
import NIOCore
import Platform

/// The body of one HTTP-FLV answer, between the loop that fills it and the request that sends it.
final class FLVBody: Sendable {
    private struct State {
        var id: ConnectionID?
        var buffers: [ByteBuffer] = []
        var length = 0
        var isStalled = false
        var isFinished = false
        var decision: Bool?
        var asker: CheckedContinuation<Bool, Never>?
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = NIOLockedValueBox(State())
    private let loop: StreamLoop

    /// Bytes that wait to be sent; the server sends no more until they have gone.
    private static let lengthMax = 1 << 20

    init(loop: StreamLoop) { self.loop = loop }

    var id: ConnectionID? {
        get { state.withLockedValue { $0.id } }
        set { state.withLockedValue { $0.id = newValue } }
    }

    // MARK: The loop's side

    /// True if that is enough for now.
    func append(_ buffer: ByteBuffer) -> Bool {
        let (reader, isStalled) = state.withLockedValue { state in
            state.buffers.append(buffer)
            state.length += buffer.readableBytes
            state.isStalled = state.length >= Self.lengthMax
            return (state.reader.take(), state.isStalled)
        }
        reader?.resume()
        return isStalled
    }

    func decide(_ allowed: Bool) {
        let asker = state.withLockedValue { state in
            if state.decision == nil { state.decision = allowed }
            return state.asker.take()
        }
        asker?.resume(returning: allowed)
    }

    /// Nothing follows.
    func finish() {
        decide(false)
        let reader = state.withLockedValue { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume()
    }

    // MARK: The request's side

    /// Whether the server lets it be watched.
    func decision() async -> Bool {
        await withCheckedContinuation { continuation in
            let known = state.withLockedValue { state in
                if state.decision == nil { state.asker = continuation }
                return state.decision
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// What has gathered since the last call; nil at the end.
    func next() async -> [ByteBuffer]? {
        while true {
            let (buffers, isFinished) = take()
            if !buffers.isEmpty { return buffers }
            if isFinished { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLockedValue { state in
                    guard state.buffers.isEmpty, !state.isFinished else { return true }
                    state.reader = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private func take() -> ([ByteBuffer], Bool) {
        let (buffers, isFinished, flowing) = state.withLockedValue { state in
            let buffers = state.buffers
            let flowing = state.isStalled ? state.id : nil
            state.buffers = []
            state.length = 0
            state.isStalled = false
            return (buffers, state.isFinished, flowing)
        }
        if let flowing { loop.submit(.flowing(flowing)) }
        return (buffers, isFinished)
    }
}
