import Base
import Media
import RTMP
import Testing

@testable import Load

/// What a player measures, from media that are made and times that are told.
@Suite struct ReceptionTests {
    private static let start = Instant(nanoseconds: 1_000_000_000_000)

    /// The clip's pictures and sound, each with the time at which it was due.
    private func messages(_ seconds: Int64) throws -> [(MediaMessage, Instant)] {
        var shape = Clip.Shape()
        shape.videoRate = 200_000
        shape.duration = .seconds(seconds)
        var clip = try Clip(shape)
        var all: [(MediaMessage, Instant)] = []
        while let time = clip.nextTime {
            let due = Self.start + .milliseconds(time.milliseconds)
            guard let message = clip.next(stamp: SendStamp.stamp(of: due)) else { break }
            all.append((message, due))
        }
        return all
    }

    private func measured(
        _ seconds: Int64, _ arrival: (Int, Instant, MediaMessage) -> Instant?
    ) throws -> Tally {
        var tally = Tally()
        var reception = Reception(
            called: Self.start, started: Self.start, framesPerSecond: 30, reserve: .seconds(1))
        var last = Self.start
        for (index, (message, due)) in try messages(seconds).enumerated() {
            guard let at = arrival(index, due, message) else { continue }
            reception.receive(message, at: at, into: &tally)
            last = at
        }
        reception.finish(at: last, into: &tally)
        return tally
    }

    @Test("a constant delay is measured, and is neither jitter nor loss")
    func constant() throws {
        let tally = try measured(4) { _, due, _ in due + .milliseconds(80) }
        #expect(tally.pictures == 120)
        #expect(tally[.deliveryDelay].count == 120)
        #expect(tally[.deliveryDelay].least == Fixed(80))
        #expect(tally[.deliveryDelay].most < Fixed(81))
        #expect(tally[.firstFrame].count == 1 && tally[.firstFrame].most < Fixed(81))
        #expect(tally[.firstKeyFrame].count == 1)
        #expect(tally[.jitter].most < Fixed(2))
        #expect(tally[.drift].most < Fixed(34))
        #expect(tally.picturesLost == 0 && tally.picturesOutOfOrder == 0)
        #expect(tally[.stall].count == 0)
    }

    @Test("pictures that do not come are counted as lost, one by one")
    func lost() throws {
        var pictures = 0
        let tally = try measured(4) { _, due, message in
            if message.kind == .video, MediaRole(message) != .header { pictures += 1 }
            let isLost = message.kind == .video && (40..<50).contains(pictures)
            return isLost ? nil : due
        }
        #expect(tally.pictures == 110)
        #expect(tally.picturesLost == 10)
    }

    @Test("standing still for three seconds is one stall, until the reserve is filled again")
    func stall() throws {
        let gap = Self.start + .seconds(2)
        let tally = try measured(8) { _, due, _ in due < gap ? due : due + .seconds(3) }
        #expect(tally[.stall].count == 1)
        #expect(tally[.stall].most >= Fixed(2_960) && tally[.stall].most <= Fixed(3_040))
        #expect(tally[.jitter].most >= Fixed(2_990))
        // What was held up comes at once: the reserve is filled with it.
        let burst = try measured(8) { _, due, _ in
            due >= gap && due < gap + .seconds(3) ? gap + .seconds(3) : due
        }
        #expect(burst[.stall].count == 1)
        #expect(burst[.stall].most >= Fixed(1_960) && burst[.stall].most <= Fixed(2_040))
    }

    @Test("what comes behind a later picture is out of order, not lost")
    func order() throws {
        var tally = Tally()
        var reception = Reception(
            called: Self.start, started: Self.start, framesPerSecond: 30, reserve: .seconds(1))
        var pictures = try messages(2).filter {
            $0.0.kind == .video && MediaRole($0.0) != .header
        }
        pictures.swapAt(20, 21)
        for (message, due) in pictures { reception.receive(message, at: due, into: &tally) }
        #expect(tally.picturesOutOfOrder == 1)
        #expect(tally.pictures == 60)
    }

    @Test("times that are as far apart as they can be are no drift, and no crash")
    func farApart() throws {
        var tally = Tally()
        var reception = Reception(
            called: Self.start, started: Self.start, framesPerSecond: 30, reserve: .seconds(1))
        for time in [Int64.max / 4, 0, Int64.max / 4] {
            for (kind, payload) in [(MediaMessage.Kind.audio, [0xAF, 1]), (.video, [0x27, 1])] {
                let message = MediaMessage(
                    kind: kind,
                    timestamp: Timestamp(milliseconds: kind == .audio ? time : time / 2),
                    payload: payload.map { UInt8($0) })
                reception.receive(message, at: Self.start, into: &tally)
            }
        }
        reception.finish(at: Self.start, into: &tally)
        #expect(tally.pictures == 3 && tally[.drift].count == 1)
    }

    @Test("what the target had in its cache tells nothing of its delay")
    func cached() throws {
        var tally = Tally()
        let started = Self.start + .seconds(2)
        var reception = Reception(
            called: started, started: started, framesPerSecond: 30, reserve: .seconds(1))
        for (message, due) in try messages(4) {
            reception.receive(message, at: max(due, started) + .milliseconds(5), into: &tally)
        }
        #expect(tally.pictures == 120)
        #expect(tally[.deliveryDelay].count == 60)
        #expect(tally[.deliveryDelay].most < Fixed(6))
        #expect(tally[.jitter].most < Fixed(35))
    }
}
