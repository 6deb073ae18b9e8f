import Base
import Media
import NIOCore
import NIOPosix
import RTMP
import Sockets

/// Publishes a clip as an encoder would: 30 pictures a second at 2.5 Mb/s and sound.
struct Publisher {
    private let client: RTMPClient
    private let task: Task<Void, any Error>

    /// `percent` of the video's rate: what a message costs apart from its bytes shows at few.
    static func start(
        port: Int, percent: Int, on group: MultiThreadedEventLoopGroup
    ) async throws -> Publisher {
        var shape = Clip.Shape()
        shape.videoRate = shape.videoRate * percent / 100
        let clip = try Clip(shape)
        let (started, sink) = AsyncStream<Void>.makeStream()
        let client = try await RTMPClient.connect(
            .publish, StreamURL("rtmp://127.0.0.1:\(port)/live/bench")!, on: group.next()
        ) { event, _ in
            if case .session(.started) = event { sink.finish() }
        }.get()
        for await _ in started {}
        return Publisher(client: client, task: Task { try await client.publish(clip) })
    }

    func stop() async {
        task.cancel()
        await client.leave()
    }
}
