import Hummingbird
import NIOCore

extension Request {
    private static let bodyMax = 64 << 10
    private static let bodyTimeout = TimeAmount.seconds(10)

    /// All of the body, within its size and time. Nothing reads it any more when this returns,
    /// whatever the outcome: the server goes on with what is left of it.
    func wholeBody(_ context: WebContext) async throws(RequestFault) -> ByteBuffer {
        let tooLong = RequestFault(
            status: 413, detail: "a body has at most \(Self.bodyMax) bytes")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > Self.bodyMax {
            throw tooLong
        }
        let reading = Task(executorPreference: EventLoopExecutor(context.eventLoop)) {
            try await body.collect(upTo: Self.bodyMax)
        }
        let timer = context.eventLoop.scheduleTask(in: Self.bodyTimeout) { reading.cancel() }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await reading.value
            } onCancel: {
                reading.cancel()
            }
        } catch is NIOTooManyBytesError {
            throw tooLong
        } catch {
            throw reading.isCancelled
                ? RequestFault(status: 408, detail: "the body did not come")
                : RequestFault(status: 400, detail: "the body did not come whole")
        }
    }
}
