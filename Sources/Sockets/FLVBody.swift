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
        var decision: Decision?
        var asker: CheckedContinuation<Decision, Never>?
        var reader: CheckedContinuation<Void, Never>?
    }

    private enum Decision { case begin, refuse(CloseCause) }

    private let state = NIOLockedValueBox(State())
    private let loop: StreamLoop

    /// Bytes that wait to be sent; the server sends no more until they have gone.
    private static let lengthMax = 1 << 20

    init(loop: StreamLoop) { self.loop = loop }

    func enter(as id: ConnectionID) { state.withLockedValue { $0.id = id } }

    /// The identifier, to the first who asks.
    func takeID() -> ConnectionID? { state.withLockedValue { $0.id.take() } }

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

    /// The answer is yes.
    func begin() { decide(.begin) }

    private func decide(_ decision: Decision) {
        let asker = state.withLockedValue { state in
            if state.decision == nil { state.decision = decision }
            return state.asker.take()
        }
        asker?.resume(returning: decision)
    }

    /// Nothing follows; the answer is no if it was not given yet.
    func finish(_ cause: CloseCause) {
        decide(.refuse(cause))
        let reader = state.withLockedValue { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume()
    }

    // MARK: The request's side

    /// Why the server does not let it be watched; nil if it does.
    func refusal() async -> CloseCause? {
        let decision = await withCheckedContinuation { continuation in
            let known = state.withLockedValue { state in
                if state.decision == nil { state.asker = continuation }
                return state.decision
            }
            if let known { continuation.resume(returning: known) }
        }
        switch decision {
        case .begin: return nil
        case .refuse(let cause): return cause
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
