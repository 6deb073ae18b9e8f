import Base
import Media
import RTMP
import Testing

@testable import Packets

/// What is read off the wire is what was sent.
@Suite struct RTMPTests {
    @Test("every frame of a publish comes out as it went in", arguments: [128, 4_096, 60_000])
    func frames(_ chunkSize: Int) throws {
        let sent = try TestStream.clip(seconds: 4)
        let (report, media) = try TestStream.watch(
            TestStream.capture(sent, chunkSize: chunkSize))
        #expect(media == sent)
        let stream = try #require(report.streams.first)
        #expect(stream.role == .publisher && stream.title == "live/film")
        #expect(stream.media.keyFrames.count == 2 && stream.media.videoFrames == 120)
        #expect(stream.media.groupLength.mean == 2_000 && stream.media.groupFrames.mean == 60)
        #expect(abs(stream.media.framesPerKilosecond - 30_000) < 60)
        #expect(stream.media.videoCodec == "H.264 1280x720")
        #expect(stream.remarks.isEmpty, "\(stream.remarks)")
    }

    @Test(
        "a stream joined in its middle is taken up at a message", arguments: [128, 4_096, 60_000])
    func joined(_ chunkSize: Int) throws {
        let sent = try TestStream.clip(seconds: 6)
        let file = TestStream.capture(sent, chunkSize: chunkSize)
        let count = try TestStream.packets(file).count
        for from in [count / 10, count / 3, count / 2 + 1] {
            let (report, media) = try TestStream.watch(file) { $0 >= from }
            let stream = try #require(report.streams.first)
            #expect(stream.role == .publisher)
            let payloads = sent.map(\.payload)
            #expect(payloads.suffix(media.count) == media.map(\.payload)[...], "from \(from)")
            #expect(media.count * 10 > (count - from) * sent.count / count * 8)
        }
    }

    @Test("a hole costs the messages around it and no others", arguments: [4_096, 60_000])
    func holes(_ chunkSize: Int) throws {
        let sent = try TestStream.clip(seconds: 6)
        let file = TestStream.capture(sent, chunkSize: chunkSize)
        let count = try TestStream.packets(file).count
        var random = Random(seed: 7)
        let lost = (0..<6).map { _ in Int(random.within(40...Int64(count - 200))) }
        let (report, media) = try TestStream.watch(file) { !lost.contains($0) }
        let stream = try #require(report.streams.first)
        #expect(stream.sent.missedBytes > 0)
        #expect(stream.protocolErrors == 0)
        let all = Set(sent.map(\.payload))
        #expect(media.allSatisfy { all.contains($0.payload) })
        #expect(media.count > sent.count * 3 / 4, "\(media.count) of \(sent.count)")
        // Times start anew after a hole, but rates do not suffer.
        #expect(abs(stream.media.framesPerKilosecond - 30_000) < 300)
    }

    @Test("frames that an encoder leaves out are gaps in its times")
    func skipped() throws {
        let sent = try TestStream.clip(seconds: 4)
        var number = 0
        let thinned = sent.filter { message in
            guard message.kind == .video, message.payload[1] == 1 else { return true }
            number += 1
            return number % 20 != 7
        }
        let (report, _) = try TestStream.watch(TestStream.capture(thinned))
        let stream = try #require(report.streams.first)
        #expect(stream.media.framesSkipped == 6)
        #expect(stream.remarks.first?.contains("left out about 6 frames") == true)
    }

    @Test("frames that a server does not pass on are counted for the player that misses them")
    func dropped() {
        var publications = Publications()
        let place = publications.place(of: "live/film")!
        var position = publications.position(in: place)
        for frame in 0..<10_000 {
            publications.publish(UInt64(frame), in: place)
            guard frame >= 100, frame % 10 != 3 else { continue }
            publications.play(UInt64(frame), &position)
        }
        #expect(position.comparedDrops == 990)
        publications.play(77_777, &position)
        #expect(position.unknown == 1 && position.comparedDrops == 990)
    }

    @Test("keys never show, nor what could move a terminal's cursor")
    func names() throws {
        var trace = RTMPTrace()
        var writer = ChunkWriter()
        var wire = [Handshake.version] + [UInt8](repeating: 0, count: 2 * Handshake.packetLength)
        let publish = Command(
            "publish", [.null, .string("a\u{1B}[2Jb?key=SECRET"), .string("live")])
        writer.write(publish.message(on: .first), on: .command, into: &wire)
        trace.receive(wire.span, from: .client)
        let events = [trace.next(), trace.next()]
        #expect(events == [.publish(name: "a\u{FFFD}[2Jb"), nil])
    }

    @Test("a search whose every place looks like a message without end takes bounded work")
    func endless() {
        let place = hex("44 000000 0DBBA0 09 17 01")
        let piece = Array(repeatElement(place, count: 410).joined())
        var sync = ChunkSync()
        let last = ChunkReader(limits: RTMPTrace.limits)
        for _ in 0..<512 {
            sync.receive(piece.span)
            let isFound = sync.find(after: last) != nil
            #expect(!isFound)
            #expect(sync.bytesHeld < 2 << 20)
        }
        #expect(sync.searched > 2 << 20)
        #expect(sync.tried < 4 * ChunkSync.triedMax)
    }

    @Test("a publisher joined late is named at its end, and only its own bytes are unread")
    func late() throws {
        var trace = RTMPTrace()
        var events: [RTMPTrace.Event] = []
        for side in Side.allCases { trace.miss(0, from: side) }
        trace.receive([UInt8](repeating: 7, count: 5_000).span, from: .server)
        var writer = ChunkWriter()
        var wire: [UInt8] = []
        for message in try TestStream.clip(seconds: 1, rate: 400_000)
        where message.kind != .data {
            let type: MessageType = message.kind == .audio ? .audio : .video
            let plain = Message(
                type: type, stream: .first, timestamp: UInt32(message.timestamp.milliseconds),
                payload: message.payload)
            writer.write(plain, on: message.kind == .audio ? .audio : .video, into: &wire)
        }
        let goodbye = Command("FCUnpublish", [.null, .string("film?key=SECRET")])
        writer.write(goodbye.message(on: .first), on: .command, into: &wire)
        trace.receive(wire.span, from: .client)
        while let event = trace.next() { events.append(event) }
        #expect(events.last == .named("film"))
        #expect(trace.unreadBytes(of: .client) < 2_000)
        #expect(trace.unreadBytes(of: .server) == 5_000)
    }

    @Test("a connection that speaks something else is told so and costs nothing")
    func foreign() {
        for (first, talk) in [
            ("GET / HTTP/1.1", RTMPTrace.Talk.http), ("\u{16}\u{3}", .tls), ("\0", .other),
        ] {
            var trace = RTMPTrace()
            trace.receive(Array(first.utf8).span, from: .client)
            let event = trace.next()
            #expect(event == nil && trace.talk == talk && trace.bytesHeld == 0)
        }
    }

    /// Whatever is changed, the watch ends, within its memory.
    @Test("mutated captures lead to no crash", arguments: 1...40)
    func mutated(_ seed: UInt64) throws {
        var random = Random(seed: seed, entity: "capture", purpose: "mutation")
        var file = TestStream.capture(
            try TestStream.clip(seconds: 1, rate: 400_000), chunkSize: 128)
        for _ in 0..<random.within(1...200) {
            let place = Int(random.below(UInt64(file.count)))
            switch random.below(4) {
            case 0: file[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: file[place] ^= 1 << UInt8(random.below(8))
            case 2: file.removeSubrange(place..<min(place + Int(random.below(900)), file.count))
            case _:
                let end = min(place + Int(random.below(900)), file.count)
                file.insert(contentsOf: file[place..<end], at: place)
            }
        }
        var watch = Watch(.media)
        var reader = CaptureReader()
        var offset = 0
        do throws(CaptureError) {
            while let packet = try reader.next(file.span, &offset) {
                watch.receive(packet, in: file.span)
            }
        } catch {
            #expect(!error.description.isEmpty)
        }
        watch.finish()
        let report = watch.report()
        #expect(report.rows <= SeriesClock.rowsMax)
        #expect(report.figures.packets < 10_000, "seed \(seed)")
    }

    @Test("rows are folded in two when there are too many, and nothing is lost in it")
    func folding() throws {
        var clock = SeriesClock()
        var series = StreamSeries()
        let start = Instant(nanoseconds: 0)
        for second in 0..<20_000 {
            let (row, folds) = clock.row(at: start + .seconds(Int64(second)))
            for _ in 0..<folds { series.fold() }
            series[row].frames += 1
            #expect(series.rows.count <= SeriesClock.rowsMax)
        }
        #expect(clock.step == .seconds(8))
        #expect(series.rows.allSatisfy { $0.frames == 8 })
    }

    @Test("percentiles are at most an eighth too high")
    func spread() {
        var spread = Spread()
        for value: Int64 in 1...10_000 { spread.add(value) }
        for percent: Int64 in [1, 50, 95, 99] {
            let exact = percent * 100
            #expect((exact...exact * 9 / 8).contains(spread.percentile(percent)))
        }
        #expect(spread.least == 1 && spread.most == 10_000 && spread.mean == 5_000)
    }

    @Test("a model is learned from what was sent")
    func model() throws {
        let sent = try TestStream.clip(seconds: 8)
        let (report, _) = try TestStream.watch(TestStream.capture(sent), keepsMedia: false)
        let stream = try #require(report.streams.first)
        let model = try #require(
            SessionModel(stream, step: report.step, rows: report.rows))
        #expect(model.framesPerSecond == 30 && model.keyFrameEvery == .seconds(2))
        #expect(model.keyFrameRatio == 8)
        #expect((2_450_000...2_550_000).contains(model.video.bitsPerSecond))
        #expect(model.variation < .percent(5))
    }
}
