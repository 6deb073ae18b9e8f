import Foundation

/// Signals that end a program or have it read its settings again, as they come, instead of what
/// they would do.
struct SignalStream {
    private let raised: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    /// SIGTERM and SIGINT, and SIGHUP where it means something.
    init(hangUp: Bool = false) {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        raised = stream
        sources = ([SIGTERM, SIGINT] + (hangUp ? [SIGHUP] : [])).map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    /// Until the program is to end; tells of every SIGHUP before.
    func wait(hungUp: () -> Void = {}) async {
        for await signal in raised {
            guard signal == SIGHUP else { return }
            hungUp()
        }
    }
}
