import Base
import Testing

@testable import RTMP

/// Encoders differ in what they say and in which order; all of them must be understood.
@Suite struct EncoderTests {
    private static func media(_ trace: ServerTrace, _ kind: MediaMessage.Kind) -> [MediaMessage] {
        trace.events.compactMap { event in
            if case .media(_, let media) = event, media.kind == kind { return media }
            return nil
        }
    }

    /// The first bytes of the first message.
    private static func head(_ messages: [MediaMessage], _ count: Int) -> [UInt8] {
        Array(messages.first?.payload.prefix(count) ?? [])
    }

    @Test("what OBS sent is understood to the last message, and answered in its order")
    func obs() throws {
        let trace = ServerHarness.trace(Recording.whole(Recorded.obsPublish), pieces: [])
        #expect(trace.error == nil)
        guard case .connect(let connect)? = trace.events.first else {
            Issue.record("no connect")
            return
        }
        #expect(connect.app == "live" && connect.tcURL == "rtmp://127.0.0.1:21936/live")
        #expect(connect.flashVersion == "FMLE/3.0 (compatible; FMSc/1.0)")
        #expect(
            trace.events[1]
                == .publish(
                    PublishRequest(stream: .first, name: "a", query: "key=abc", mode: .live)))
        let values = try AMF0Reader.all(try #require(Self.media(trace, .data).first).payload)
        #expect(values[1]["encoder"]?.string?.hasPrefix("obs-output module") == true)
        #expect(values[1]["width"]?.integer == 64)
        let (video, audio) = (Self.media(trace, .video), Self.media(trace, .audio))
        #expect(Self.head(video, 2) == hex("1700"))
        #expect(Self.head(audio, 2) == hex("AF00"))
        #expect(video.count > 10 && audio.count > 80)
        for times in [video, audio].map({ $0.map(\.timestamp) }) {
            #expect(times == times.sorted())
        }
        #expect(trace.events.last == .unpublished(.first))
        // releaseStream, FCPublish and createStream wait for their numbers in turn.
        let answers = Recording.commands(trace.output).filter { $0.name == "_result" }
        #expect(answers.map(\.transaction) == [1, 2, 3, 4, 6])
        #expect(
            Recording.commands(trace.output).map(\.name).filter { $0.hasPrefix("on") }
                == ["onFCPublish", "onStatus", "onFCUnpublish", "onStatus"])
    }

    @Test("what ffmpeg sent as Enhanced RTMP is understood: its codecs' names and their packets")
    func enhanced() {
        let trace = ServerHarness.trace(Recording.whole(Recorded.enhancedPublish), pieces: [])
        #expect(trace.error == nil)
        guard case .connect(let connect)? = trace.events.first else {
            Issue.record("no connect")
            return
        }
        #expect(connect.fourCCs == ["hvc1", "av01", "vp09", "Opus"])
        #expect(Self.head(Self.media(trace, .video), 5) == hex("90 68766331"))
        #expect(Self.head(Self.media(trace, .audio), 5) == hex("90 4F707573"))
        #expect(trace.events.last == .unpublished(.first))
    }

    /// A connect, then these commands, then a publish and a frame.
    private static func publishing(
        after commands: [(name: String, values: [AMFValue])], ends: [String] = []
    ) -> ServerTrace {
        var stream = CommandStream()
        stream.connect()
        for (index, command) in commands.enumerated() {
            stream.send(command.name, transaction: Double(index + 2), command.values)
        }
        stream.send("publish", transaction: 9, [.null, .string("s"), .string("live")], on: .first)
        stream.media(.made(.audio, at: 0, length: 3))
        for end in ends { stream.send(end, [.null, .number(1)]) }
        return ServerHarness.trace(stream.recording, pieces: [])
    }

    private static let name = AMFValue.string("s")

    @Test(
        "the order of the commands before a publish means nothing, nor do some that want answers",
        arguments: [
            ["releaseStream", "FCPublish", "createStream"],
            ["FCPublish", "releaseStream", "createStream"],
            ["createStream", "releaseStream", "FCPublish"],
            ["createStream", "_checkbw", "getStreamLength"], ["_checkbw", "createStream"],
            ["createStream"], [],
        ])
    func order(names: [String]) {
        let commands = names.map { name in
            let isPlain = name == "createStream" || name == "_checkbw"
            return (name: name, values: isPlain ? [AMFValue.null] : [.null, Self.name])
        }
        let trace = Self.publishing(after: commands)
        #expect(trace.error == nil)
        #expect(trace.events.count == 3)
        #expect(trace.events.last == .media(.first, .made(.audio, at: 0, length: 3)))
        let answers = Recording.commands(trace.output).filter { $0.name == "_result" }
        #expect(answers.map(\.transaction) == (0...names.count).map { Double($0 + 1) })
    }

    @Test("the command object may be null, undefined, an object, or marked as unsupported")
    func commandObject() {
        for object in [AMFValue.null, .undefined, .object([]), .unsupported] {
            let trace = Self.publishing(after: [
                ("releaseStream", [object, Self.name]), ("FCPublish", [object, Self.name]),
                ("createStream", [object]),
            ])
            #expect(trace.error == nil)
            #expect(trace.events.count == 3)
            #expect(Recording.commands(trace.output).count { $0.name == "_result" } == 4)
        }
    }

    @Test("a deleteStream without any closing before it ends the publish, once")
    func deleteOnly() {
        for ends in [["deleteStream"], ["deleteStream", "deleteStream"]] {
            let trace = Self.publishing(after: [("createStream", [.null])], ends: ends)
            #expect(trace.error == nil)
            #expect(trace.events.count { $0 == .unpublished(.first) } == 1)
        }
    }
}
