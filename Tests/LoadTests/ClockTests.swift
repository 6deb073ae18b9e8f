import Base
import Media
import Testing

@testable import Load

/// By whose clock delays are measured.
@Suite struct ClockTests {
    @Test("a stamp keeps its time, and says which start of which machine it is of")
    func stamps() {
        let time = Instant(nanoseconds: 1_234_567_891_234_567)
        let stamp = SendStamp.stamp(of: time)
        #expect(SendStamp.time(of: stamp) == Instant(nanoseconds: 1_234_567_891_234_000))
        let mark = UInt64(bitPattern: stamp.nanoseconds) >> 48
        #expect(mark != 0, "the machine says nothing of its start")
        for other in [mark ^ 1, mark &+ 1, 0] where other != mark {
            #expect(SendStamp.time(of: SendStamp.stamp(of: time, mark: other)) == nil)
        }
    }

    @Test("what another machine stamped is no delay")
    func foreign() throws {
        var shape = Clip.Shape()
        shape.duration = .seconds(1)
        var clip = try Clip(shape)
        var tally = Tally()
        var reception = Reception(
            called: .init(nanoseconds: 0), started: .init(nanoseconds: 0), framesPerSecond: 30,
            reserve: .seconds(1))
        var now = Instant(nanoseconds: 1_000_000_000)
        let mark = UInt64(bitPattern: SendStamp.stamp(of: now).nanoseconds) >> 48
        while let message = clip.next(stamp: SendStamp.stamp(of: now, mark: mark ^ 1)) {
            reception.receive(message, at: now, into: &tally)
            now = now + .milliseconds(10)
        }
        #expect(tally.pictures == 30 && tally.picturesWithoutStamp == 30)
        #expect(tally[.deliveryDelay].count == 0)
    }

    @Test(
        "the second that answers name narrows what a clock may be ahead by, however old it is",
        arguments: [0, 400, 999] as [Int64])
    func offset(kept milliseconds: Int64) throws {
        let ahead = Interval.milliseconds(345)
        var offset = ClockOffset()
        #expect(offset.estimate == nil)
        // Ours is the time of day in nanoseconds; each answer is made in the middle of 20 ms.
        for number in 0..<60 {
            let sent =
                Instant(nanoseconds: 1_800_000_000_000_000_000)
                + .milliseconds(
                    Int64(number) * 1_037)
            let made = (sent + .milliseconds(10 - milliseconds) + ahead).nanoseconds
            let second = Instant(nanoseconds: made - made % 1_000_000_000)
            offset.note(second: second, sent: sent, received: sent + .milliseconds(20))
            let (estimate, error) = (try #require(offset.estimate), try #require(offset.error))
            #expect(abs((estimate - ahead).nanoseconds) <= error.nanoseconds)
        }
        // Steps of 37 ms through the second, and the way there and back.
        #expect(try #require(offset.error) < .milliseconds(540))
        // A clock that was set is another clock.
        let late = Instant(nanoseconds: 1_800_000_100_000_000_000)
        offset.note(second: late + .hours(1), sent: late, received: late)
        #expect(try #require(offset.estimate) > .minutes(59))
    }

    @Test("dates of playlists and of HTTP")
    func dates() {
        let time = Instant(nanoseconds: 1_800_000_000_000_000_000)  // 2027-01-15T08:00:00Z
        for text in [
            "2027-01-15T08:00:00Z", "2027-01-15T08:00:00.000Z", "2027-01-15T09:30:00+01:30",
            "2027-01-15T00:00:00.000-0800", "2027-01-15T08:00:00",
        ] {
            #expect(HLSPlaylist.date(text[...]) == time, "\(text)")
        }
        #expect(HLSPlaylist.date("2027-01-15T08:00:00.250Z") == time + .milliseconds(250))
        for wrong in ["", "Z", "2027-01-15", "2027-01-15T08:00:00+1", "2027-13-15T08:00:00Z"] {
            #expect(HLSPlaylist.date(wrong[...]) == nil, "\(wrong)")
        }
        #expect(HTTPDate.instant("Fri, 15 Jan 2027 08:00:00 GMT") == time)
        for wrong in ["", "Fri, 15 Jan 2027 08:00:00", "Fri, 15 Foo 2027 08:00:00 GMT", "now"] {
            #expect(HTTPDate.instant(wrong) == nil, "\(wrong)")
        }
    }

    @Test("each segment has its date: its own, or that of the one before it and its length")
    func playlist() throws {
        let text = """
            #EXTM3U
            #EXT-X-TARGETDURATION:2
            #EXTINF:2,
            a.ts
            #EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00Z
            #EXTINF:2,
            b.ts
            #EXTINF:1.5,
            c.ts
            #EXTINF:2,
            d.ts
            #EXT-X-DISCONTINUITY
            #EXTINF:2,
            e.ts
            """
        let start = Instant(nanoseconds: 1_800_000_000_000_000_000)
        let dates = try #require(HLSPlaylist(text)).segments.map(\.date)
        #expect(dates == [nil, start, start + .seconds(2), start + .milliseconds(3_500), nil])
    }
}
