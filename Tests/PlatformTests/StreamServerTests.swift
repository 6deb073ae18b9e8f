import Base
import RTMP
import Testing

@testable import Platform

/// The streaming server as a value: every test is a conversation without sockets or clocks.
@Suite struct StreamServerTests {
    @Test("a player begins at the last key frame, after the codecs' configurations")
    func start() {
        var world = StreamHarness()
        let publisher = world.connect(.publish, "a")
        #expect(world.clients[publisher].isStarted)
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<3))
        world.publish(publisher, Array(TestStream.seconds(3..<4).prefix(20)))
        let player = world.connect(.play, "a")
        let media = world.clients[player].media
        #expect(media.prefix(2).map(\.kind) == [.video, .audio])
        #expect(media.prefix(2).allSatisfy { $0.payload[1] == 0 })
        #expect(world.videoTimes(player).first == 3000)
        world.publish(publisher, Array(TestStream.seconds(3..<5).dropFirst(20)))
        #expect(world.videoTimes(player) == Array(stride(from: 3000, to: 5000, by: 40)))
    }

    @Test("without the cache a player begins at the next key frame")
    func noCache() {
        var world = StreamHarness { $0.cachesGOP = false }
        let publisher = world.connect(.publish, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<2))
        let player = world.connect(.play, "a")
        #expect(world.clients[player].media.isEmpty)
        world.publish(publisher, TestStream.seconds(2..<3))
        #expect(world.videoTimes(player).first == 2000)
    }

    @Test("messages are gathered for the latency, and key frames begin a batch")
    func latency() {
        var world = StreamHarness { $0.latency = .milliseconds(350) }
        let publisher = world.connect(.publish, "a")
        let player = world.connect(.play, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
        #expect(world.clients[player].media.isEmpty)
        world.pass(.milliseconds(349))
        #expect(world.clients[player].media.isEmpty)
        world.pass(.milliseconds(1))
        #expect(world.videoTimes(player).count == 25)
    }

    @Test("a slow player loses whole groups of pictures, and it is counted")
    func slow() {
        var world = StreamHarness { $0.queueTimeMax = .seconds(2) }
        let publisher = world.connect(.publish, "a")
        let slow = world.connect(.play, "a")
        let prompt = world.connect(.play, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
        world.stall(slow)
        for second in 1..<10 {
            world.publish(publisher, TestStream.seconds(Int64(second)..<Int64(second) + 1))
        }
        world.flow(slow)
        world.publish(publisher, TestStream.seconds(10..<11))
        let times = world.videoTimes(slow)
        #expect(world.videoTimes(prompt).count == 11 * 25)
        #expect(times == times.sorted())
        // What is left begins at key frames only.
        for (a, b) in zip(times, times.dropFirst()) where b != a + 40 {
            #expect(b % 1000 == 0, "\(b) after \(a)")
        }
        let dropped = world.server.report(at: world.now).tally.dropped
        #expect(dropped.video == 11 * 25 - Int64(times.count))
        #expect(dropped.video > 0 && dropped.video % 25 == 0)
    }

    @Test("a stalled player costs no more than its bound, however long it lasts")
    func bounded() {
        var world = StreamHarness {
            $0.queueBytesMax = 200_000
            $0.cacheMax = 200_000
        }
        let publisher = world.connect(.publish, "a")
        let slow = world.connect(.play, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
        world.stall(slow)
        for second in 1..<60 {
            world.publish(
                publisher, TestStream.seconds(Int64(second)..<Int64(second) + 1, length: 4000))
            #expect(world.server.report(at: world.now).streams[0].bytesKept < 500_000)
        }
        world.flow(slow)
        #expect(world.videoTimes(slow).last == 59_960)
    }

    @Test("a player that takes nothing for too long is cut off")
    func stallTimeout() {
        var world = StreamHarness { $0.stallTimeout = .seconds(5) }
        let publisher = world.connect(.publish, "a")
        let slow = world.connect(.play, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
        world.stall(slow)
        world.pass(.seconds(4))
        #expect(world.clients[slow].cause == nil)
        world.pass(.seconds(3))
        #expect(world.clients[slow].cause == .stallTimedOut)
    }

    @Test("a publisher that goes silent is cut off, and its players hear of it")
    func publishTimeout() {
        var world = StreamHarness { $0.publishTimeout = .seconds(5) }
        let publisher = world.connect(.publish, "a")
        let player = world.connect(.play, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
        world.pass(.seconds(7))
        #expect(world.clients[publisher].cause == .publishTimedOut)
        #expect(world.clients[player].cause == nil)
        let report = world.server.report(at: world.now)
        #expect(report.streams.count == 1 && report.streams[0].publishedAt == nil)
    }

    @Test("time never runs backwards for a player when a publisher comes back")
    func republish() {
        var world = StreamHarness()
        let player = world.connect(.play, "a")
        for _ in 0..<3 {
            let publisher = world.connect(.publish, "a")
            world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
            world.publish(publisher, TestStream.seconds(1..<2))
            world.leave(publisher)
            world.pass(.seconds(3))
        }
        let times = world.videoTimes(player)
        #expect(times.count == 150 && times == times.sorted() && Set(times).count == 150)
        #expect(times[50] - times[49] >= 3000)
    }

    @Test("a player may leave out video, and play on any message stream")
    func own() {
        var world = StreamHarness()
        let publisher = world.connect(.publish, "a")
        world.publish(publisher, TestStream.headers + TestStream.seconds(0..<1))
        let player = world.connect(.play, "a")
        var writer = ChunkWriter()
        var bytes: [UInt8] = []
        let command = Command("receiveVideo", [.null, .boolean(false)])
        writer.write(command.message(on: .first), on: .streamCommand, into: &bytes)
        let before = world.videoTimes(player).count
        world.receive(bytes, from: player)
        world.publish(publisher, TestStream.seconds(1..<3))
        #expect(world.videoTimes(player).count == before)
        #expect(world.clients[player].media.count { $0.kind == .audio } > 60)
    }

    @Test("a hook decides, once, and only while the client is there")
    func hooks() throws {
        var world = StreamHarness { $0.hooks = .init(Hook.Kind.allCases) }
        let publisher = world.connect(.publish, "a?key=k")
        let connect = try #require(world.hooks.last)
        #expect(connect.hook.kind == .connect)
        world.tell(.answered(try #require(connect.id), allowed: true))
        let publish = try #require(world.hooks.last)
        #expect(publish.hook.kind == .publish && publish.hook.query == "key=k")
        #expect(!world.clients[publisher].isStarted)
        world.tell(.answered(try #require(publish.id), allowed: true))
        #expect(world.clients[publisher].isStarted)
        world.tell(.answered(try #require(publish.id), allowed: false))
        #expect(world.clients[publisher].cause == nil)
        world.leave(publisher)
        #expect(world.hooks.suffix(2).map(\.hook.kind) == [.unpublish, .close])
        let late = world.connect(.play, "a")
        let question = try #require(world.hooks.last?.id)
        world.leave(late)
        let next = world.connect(.play, "a")
        world.tell(.answered(question, allowed: false))
        #expect(world.clients[next].cause == nil)
    }

    @Test("connections above the limits are refused, and room comes back")
    func limits() {
        var world = StreamHarness {
            $0.connectionsMax = 3
            $0.connectionsPerAddressMax = 2
        }
        let first = world.connect(.play, "a")
        _ = world.connect(.play, "a")
        #expect(world.clients[world.connect(.play, "a")].cause == .full)
        _ = world.connect(.play, "a", from: "192.0.2.2")
        #expect(world.clients[world.connect(.play, "a", from: "192.0.2.3")].cause == .full)
        world.leave(first)
        #expect(world.clients[world.connect(.play, "a")].cause == nil)
    }

    @Test("nobody new begins while more is sent than the limit")
    func bandwidth() {
        var world = StreamHarness { $0.rateMax = .kilobits(400) }
        let publisher = world.connect(.publish, "a")
        _ = world.connect(.play, "a")
        world.publish(publisher, TestStream.headers)
        for second in 0..<40 {
            world.publish(
                publisher, TestStream.seconds(Int64(second)..<Int64(second) + 1, length: 2000))
            world.pass(.seconds(1))
        }
        #expect(world.clients[world.connect(.play, "a")].cause == .refused)
        #expect(world.clients[publisher].cause == nil)
    }

    @Test("what is fetched over HLS is in what its stream sent, once")
    func fetchedBytes() throws {
        var world = StreamHarness()
        let publisher = world.connect(.publish, "a")
        world.publish(publisher, TestStream.headers)
        let name = StreamName(app: "live", name: "a")
        let peer = Platform.Peer(address: "192.0.2.1")
        let token = try world.server.startFetch(name, peer, query: "", at: world.now).token
        for second in Int64(0)..<8 {
            world.publish(publisher, TestStream.seconds(second..<second + 1))
            world.pass(.seconds(1))
        }
        let before = world.server.report(at: world.now)
        let list = world.server.playlist(name, token: token, suffix: "", at: world.now)
        let after = world.server.report(at: world.now)
        let length = UInt64(try #require(list).utf8.count)
        #expect(after.streams[0].bytesSent - before.streams[0].bytesSent == length)
        #expect(after.tally.hlsBytes == length)
    }

    @Test("a stream is fetched as long as somebody plays it over HLS, and no longer")
    func hlsRelay() throws {
        var world = StreamHarness()
        let name = StreamName(app: "live", name: "a")
        let source = try #require(StreamURL("rtmp://origin/live/a"))
        _ = world.server.findStream(name, at: world.now)
        world.server.addRelay(.init(name: name, source: source), isFixed: false, at: world.now)
        let peer = Platform.Peer(address: "192.0.2.1")
        _ = try world.server.startFetch(name, peer, query: "", at: world.now)
        world.pass(.seconds(25))
        let isFetched = world.server.relays[0] != nil
        #expect(isFetched)
        world.pass(StreamServer.fetcherTimeout + StreamServer.unwatchedMax)
        let isLetGo = world.server.relays[0] == nil
        #expect(isLetGo)
    }

    @Test("two runs of one conversation send the same bytes")
    func reproducible() {
        func run() -> [[MediaMessage]] {
            var world = StreamHarness()
            let publisher = world.connect(.publish, "a")
            let player = world.connect(.play, "a")
            world.publish(publisher, TestStream.headers + TestStream.seconds(0..<2))
            return [world.clients[player].media]
        }
        #expect(run() == run())
    }
}
