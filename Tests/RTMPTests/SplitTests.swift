import Base
import Testing

@testable import RTMP

/// The every-split property: where the bytes of a connection are cut means nothing.
@Suite struct SplitTests {
    static let recordings: [[UInt8]] = [
        Recording.whole(Recorded.ffmpegPublish), Recording.whole(Recorded.rtmpdumpPlay), ours,
        Recording.whole(Recorded.obsPublish), Recording.whole(Recorded.enhancedPublish),
    ]

    /// Our own client's, with its digest and a message in several chunks.
    private static var ours: [UInt8] {
        var pair = Pair(.publish)
        pair.settle()
        pair.client.send(.metadata)
        pair.client.send(.made(.video, at: 0xFF_FFF0, length: 2_500))
        pair.client.send(.made(.audio, at: 0x100_0000, length: 20))
        pair.client.send(.made(.video, at: 0x100_0010, length: 10))
        pair.client.end()
        pair.settle()
        return pair.recording
    }

    @Test("all at once and one byte at a time give the same", arguments: recordings)
    func bytewise(recording: [UInt8]) {
        let whole = ServerHarness.trace(recording, pieces: [])
        #expect(whole.error == nil)
        #expect(whole.events.count >= 3)
        let single = ServerHarness.trace(recording, pieces: Array(1..<recording.count))
        #expect(single == whole)
    }

    /// The session is a value, so each cut costs a copy and the rest of the bytes.
    @Test("every cut in two gives the same", arguments: recordings)
    func everyCut(recording: [UInt8]) {
        let whole = ServerHarness.trace(recording, pieces: [])
        var prefix = ServerHarness()
        var differing: [Int] = []
        for cut in 1..<recording.count {
            prefix.receive(recording[cut - 1..<cut])
            var rest = prefix
            rest.receive(recording[cut...])
            if rest.trace != whole { differing.append(cut) }
        }
        #expect(differing == [])
    }

    @Test("random cuts of random length give the same", arguments: recordings)
    func randomCuts(recording: [UInt8]) {
        let whole = ServerHarness.trace(recording, pieces: [])
        for seed in UInt64(0)..<100 {
            var random = Random(seed: seed)
            var pieces: [Int] = []
            var end = 0
            while true {
                end += Int(random.within(1...400))
                guard end < recording.count else { break }
                pieces.append(end)
            }
            #expect(ServerHarness.trace(recording, pieces: pieces) == whole, "seed \(seed)")
        }
    }

    @Test("a connection cut short anywhere ends without an error or an invented event")
    func truncated() {
        let recording = Self.recordings[0]
        let whole = ServerHarness.trace(recording, pieces: [])
        var prefix = ServerHarness()
        for end in 0..<recording.count {
            prefix.receive(recording[end..<end + 1])
            #expect(prefix.trace.error == nil)
            #expect(whole.events.starts(with: prefix.trace.events))
        }
    }
}
