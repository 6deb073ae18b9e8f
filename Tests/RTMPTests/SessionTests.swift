import Base
import Testing

@testable import RTMP

@Suite struct SessionTests {
    private static let messages: [MediaMessage] = [
        .metadata, .made(.video, at: 0, length: 40), .made(.audio, at: 0, length: 7),
        .made(.video, at: 40, length: 3_000), .made(.audio, at: 23, length: 300),
        .made(.audio, at: 46, length: 300), .made(.video, at: 80, length: 0),
    ]

    @Test(
        "our client publishes to our server what it was given, in pieces of any size",
        arguments: Handshake.Form.allCases, [1, 7, 1000, 1 << 20])
    func publish(form: Handshake.Form, piece: Int) {
        var pair = Pair(.publish, form: form, piece: piece)
        pair.settle()
        #expect(pair.clientEvents == [.started(.first)])
        for message in Self.messages { pair.client.send(message) }
        pair.settle()
        pair.client.end()
        pair.settle()
        #expect(pair.clientError == nil && pair.server.trace.error == nil)
        let events = pair.server.trace.events
        guard case .connect(let connect)? = events.first else {
            Issue.record("no connect")
            return
        }
        #expect(connect.app == "live")
        #expect(connect.tcURL == "rtmp://host/live")
        let request = PublishRequest(
            stream: .first, name: "name", query: "key=abc", mode: .live)
        let expected: [ServerEvent] =
            [.publish(request)] + Self.messages.map { .media(.first, $0) }
            + [.unpublished(.first)]
        #expect(Array(events.dropFirst()) == expected)
    }

    @Test("our client plays from our server what was encoded once", arguments: [1, 1 << 20])
    func play(piece: Int) {
        var pair = Pair(.play, piece: piece)
        pair.settle()
        #expect(
            pair.server.trace.events.last
                == .play(
                    PlayRequest(
                        stream: .first, name: "name", query: "key=abc", start: -2,
                        duration: -1, reset: true)))
        for message in Self.messages {
            let chunkSize = pair.server.session.chunkSize
            pair.server.trace.output += EncodedMessage(message, chunkSize: chunkSize).bytes
        }
        pair.settle()
        pair.server.session.end(.first)
        pair.server.run()
        pair.settle()
        pair.server.session.resume(.first)
        pair.server.run()
        pair.settle()
        pair.client.end()
        pair.settle()
        #expect(pair.clientError == nil && pair.server.trace.error == nil)
        let statuses = [
            Status(.status, .playReset, "Playing and resetting stream."),
            Status(.status, .playUnpublishNotify, "The stream is now unpublished."),
            Status(.status, .playPublishNotify, "The stream is now published."),
        ]
        #expect(
            pair.clientEvents == [.status(statuses[0]), .started(.first)]
                + Self.messages.map { .media($0) } + [.ended(statuses[1]), .status(statuses[2])])
        #expect(pair.server.trace.events.last == .stopped(.first))
    }

    @Test("what ffmpeg sent is understood to the last message")
    func ffmpeg() throws {
        let trace = ServerHarness.trace(Recording.whole(Recorded.ffmpegPublish), pieces: [])
        #expect(trace.error == nil)
        let kinds = trace.events.compactMap { event -> MediaMessage.Kind? in
            if case .media(_, let media) = event { return media.kind }
            return nil
        }
        #expect(kinds.filter { $0 == .video }.count == 7)
        #expect(kinds.filter { $0 == .audio }.count == 10)
        #expect(kinds.first == .data)
        guard case .media(_, let metadata) = trace.events[2] else {
            Issue.record("no metadata")
            return
        }
        #expect(metadata.isMetadata)
        let values = try AMF0Reader.all(metadata.payload)
        #expect(values[1]["width"]?.integer == 32)
        #expect(trace.events.last == .unpublished(.first))
    }

    @Test("what rtmpdump sent is understood to the last message")
    func rtmpdump() {
        let trace = ServerHarness.trace(Recording.whole(Recorded.rtmpdumpPlay), pieces: [])
        #expect(trace.error == nil)
        #expect(
            Array(trace.events.dropFirst()) == [
                .play(
                    PlayRequest(
                        stream: .first, name: "test", query: "", start: -1, duration: -1,
                        reset: true)),
                .stopped(.first),
            ])
    }

    @Test("commands in AMF3 clothes are the same commands")
    func amf3() {
        var wire: [UInt8] = []
        var writer = ChunkWriter()
        for (name, values) in [
            ("connect", [AMFValue.object([AMFProperty("app", .string("/live/"))])]),
            ("createStream", [.null]),
        ] {
            var message = Command(name, transaction: 1, values).message(on: .connection)
            message.type = .commandAMF3
            message.payload.insert(0, at: 0)
            writer.write(message, on: .command, into: &wire)
        }
        var publish = Command("publish", [.null, .string("s")]).message(on: .first)
        publish.type = .commandAMF3
        publish.payload.insert(0, at: 0)
        writer.write(publish, on: .streamCommand, into: &wire)
        var data = MediaMessage.metadata.publishedMessage(on: .first)
        data.type = .dataAMF3
        data.payload.insert(0, at: 0)
        writer.write(data, on: .data, into: &wire)
        let trace = ServerHarness.trace(Recording.whole(wire), pieces: [])
        #expect(trace.error == nil)
        guard case .connect(let connect)? = trace.events.first else {
            Issue.record("no connect")
            return
        }
        #expect(connect.app == "live")
        #expect(trace.events.last == .media(.first, .metadata))
        #expect(trace.events.count == 3)
    }

    @Test("a refused connect, publish and play reach the client in the server's words")
    func rejected() {
        for (purpose, requests, code) in [
            (ClientSession.Purpose.publish, 0, Status.Code.connectRejected),
            (.publish, 1, .publishBadName), (.play, 1, .playStreamNotFound),
        ] {
            var pair = Pair(purpose)
            let status = Status(.error, code, "because")
            Self.decide(&pair, acceptances: requests) { $0.reject(status) }
            #expect(pair.clientError == .rejected(status))
            #expect(pair.server.session.isClosing == (requests == 0))
        }
    }

    @Test("a redirect reaches the client")
    func redirected() {
        var pair = Pair(.play)
        Self.decide(&pair, acceptances: 0) { $0.redirect(to: "rtmp://other/live") }
        #expect(pair.clientError == .redirected(to: "rtmp://other/live"))
        #expect(pair.server.session.isClosing)
    }

    @Test("a demand for a password reaches the client")
    func password() {
        var pair = Pair(.publish)
        let words = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "
        Self.decide(&pair, acceptances: 0) {
            $0.reject(Status(.error, .connectRejected, words))
        }
        guard case .authenticationRequired(let challenge)? = pair.clientError else {
            Issue.record("\(String(describing: pair.clientError))")
            return
        }
        #expect(challenge.scheme == .adobe)
    }

    /// Like `Pair.settle`, but the request after so many accepted ones is answered by `decide`.
    private static func decide(
        _ pair: inout Pair, acceptances: Int, _ decide: (inout ServerSession) -> Void
    ) {
        var left = acceptances
        for _ in 0..<10 {
            pair.server.session.receive(pair.client.takeOutput().span)
            while (try? pair.server.session.next(at: .zero)) != nil {
                guard pair.server.session.isDeciding else { continue }
                if left == 0 {
                    decide(&pair.server.session)
                } else {
                    pair.server.session.accept()
                }
                left -= 1
            }
            pair.hear(pair.server.session.takeOutput()[...])
        }
    }

    @Test("nothing is parsed while a request is decided on, and a flood meanwhile is refused")
    func pending() throws {
        var session = ServerSession(
            limits: Limits(), chunkSize: 4096, random: Random(seed: 1), at: .zero)
        session.receive(Recording.whole(Recorded.ffmpegPublish).span)
        guard case .connect? = try session.next(at: .zero) else {
            Issue.record("no connect")
            return
        }
        #expect(session.isDeciding)
        #expect(try session.next(at: .zero) == nil)
        session.receive([UInt8](repeating: 0, count: 200_000).span)
        #expect(try session.next(at: .zero) == nil)
        session.receive([UInt8](repeating: 0, count: 100_000).span)
        #expect(throws: RTMPError.tooManyBytesBuffered(limit: 256 << 10)) {
            try session.next(at: .zero)
        }
    }

    @Test("a refused publisher may try again on the same connection")
    func again() {
        var stream = CommandStream()
        stream.connect()
        stream.send("publish", [.null, .string("a")], on: .first)
        stream.send("publish", [.null, .string("b?k=1")], on: .first)
        var session = ServerSession(
            limits: Limits(), chunkSize: 4096, random: Random(seed: 1), at: .zero)
        session.receive(stream.recording.span)
        var names: [String] = []
        while let event = try? session.next(at: .zero) {
            if case .publish(let request) = event {
                names.append(request.name)
                if request.name == "a" {
                    session.reject(Status(.error, .publishBadName, "taken"))
                    continue
                }
            }
            if session.isDeciding { session.accept() }
        }
        #expect(names == ["a", "b"])
    }

    @Test("players pause, go on, choose their media, seek and ask for lengths")
    func playerCommands() {
        var stream = CommandStream()
        stream.connect()
        stream.send("play", [.null, .string("s"), .number(-1)], on: .first)
        stream.send("pause", [.null, .boolean(true), .number(0)], on: .first)
        stream.send("pause", [.null, .boolean(false), .number(0)], on: .first)
        stream.send("receiveVideo", [.null, .boolean(false)], on: .first)
        stream.send("receiveAudio", [.null, .boolean(true)], on: .first)
        stream.send("seek", [.null, .number(1000)], on: .first)
        let other: AMFValue = .object([AMFProperty("streamName", .string("t"))])
        stream.send("play2", [.null, other], on: .first)
        stream.send("getStreamLength", transaction: 9, [.null, .string("s")], on: .first)
        stream.send("FCSubscribe", transaction: 10, [.null, .string("s")])
        stream.send("whatever", transaction: 11, [.null])
        stream.send("play", [.null, .string("t")], on: .first)
        stream.send("closeStream", [.null], on: .first)
        let trace = ServerHarness.trace(stream.recording, pieces: [])
        #expect(trace.error == nil)
        let play = PlayRequest(
            stream: .first, name: "s", query: "", start: -1, duration: -1, reset: true)
        var second = play
        second.name = "t"
        second.start = -2
        #expect(
            Array(trace.events.dropFirst()) == [
                .play(play), .paused(.first, true), .paused(.first, false),
                .wants(.first, .video, false), .wants(.first, .audio, true),
                .stopped(.first), .play(second), .stopped(.first),
            ])
        #expect(
            Recording.statuses(trace.output) == [
                "NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Pause.Notify",
                "NetStream.Unpause.Notify", "NetStream.Seek.Notify", "NetStream.Play.Failed",
                "NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Play.Stop",
            ])
        let answers = Recording.commands(trace.output).filter { $0.transaction >= 9 }
        #expect(answers.map(\.name) == ["_result", "_result", "_error"])
    }

    @Test("FCUnpublish, closeStream and deleteStream each end a publish once")
    func unpublish() {
        for ending in [["FCUnpublish", "deleteStream"], ["closeStream"], ["deleteStream"]] {
            var stream = CommandStream()
            stream.connect()
            stream.send("FCPublish", transaction: 3, [.null, .string("s")])
            stream.send("publish", [.null, .string("s"), .string("live")], on: .first)
            for name in ending {
                let isFC = name == "FCUnpublish"
                stream.send(
                    name, [.null, isFC ? .string("s") : .number(1)], on: isFC ? .connection : .first
                )
            }
            stream.media(.made(.audio, at: 0, length: 3))
            let trace = ServerHarness.trace(stream.recording, pieces: [])
            #expect(trace.error == nil)
            #expect(trace.events.count == 3)
            #expect(trace.events.last == .unpublished(.first))
            #expect(
                Recording.statuses(trace.output)
                    == ["NetStream.Publish.Start", "NetStream.Unpublish.Success"])
        }
    }

    @Test("several streams live on one connection, and are bounded")
    func manyStreams() {
        var stream = CommandStream()
        stream.connect()
        for id in UInt32(1)...8 {
            stream.send("createStream", transaction: 5, [.null])
            stream.send(
                "publish", [.null, .string("s\(id)")], on: MessageStreamID(id))
            stream.media(.made(.audio, at: 1, length: 3), on: MessageStreamID(id))
        }
        let fine = ServerHarness.trace(stream.recording, pieces: [])
        #expect(fine.error == nil)
        #expect(fine.events.count == 1 + 8 * 2)
        #expect(
            fine.events.last == .media(MessageStreamID(8), .made(.audio, at: 1, length: 3)))
        stream.send("createStream", transaction: 5, [.null])
        let full = ServerHarness.trace(stream.recording, pieces: [])
        #expect(full.error == .tooManyStreams(limit: 8))
    }

    @Test("an aggregate's parts are media like any other")
    func aggregate() {
        var stream = CommandStream()
        stream.connect()
        stream.send("publish", [.null, .string("s")], on: .first)
        stream.send(
            Message(
                type: .aggregate, stream: .first, timestamp: 500,
                payload: hex(
                    """
                    08 000002 00000A 00 000000 AF01 0000000D
                    09 000003 000014 00 000000 270100 0000000E
                    """)))
        let trace = ServerHarness.trace(stream.recording, pieces: [])
        #expect(
            Array(trace.events.dropFirst(2)) == [
                .media(
                    .first,
                    MediaMessage(
                        kind: .audio, timestamp: Timestamp(milliseconds: 500),
                        payload: hex("AF01"))),
                .media(
                    .first,
                    MediaMessage(
                        kind: .video, timestamp: Timestamp(milliseconds: 510),
                        payload: hex("270100"))),
            ])
    }

    @Test("commands before connect, and a second connect, end the connection")
    func order() {
        var early = CommandStream()
        early.send("createStream", transaction: 1, [.null])
        #expect(
            ServerHarness.trace(early.recording, pieces: []).error
                == .unexpectedCommand("createStream"))
        var twice = CommandStream()
        twice.connect()
        twice.connect()
        #expect(
            ServerHarness.trace(twice.recording, pieces: []).error
                == .unexpectedCommand("connect"))
    }

    @Test("long messages are only for those who may publish")
    func commandLength() {
        var stream = CommandStream()
        stream.connect()
        stream.send(
            Message(
                type: .video, stream: .first, timestamp: 0,
                payload: [UInt8](repeating: 0, count: 65_537)))
        #expect(
            ServerHarness.trace(stream.recording, pieces: []).error
                == .oversizedMessage(length: 65_537, limit: 65_536))
    }
}
