import Base
import Foundation
import Testing

@testable import Packets

/// TCP is put together again whatever happened on the way, and what happened is told apart.
@Suite struct TCPTests {
    /// The handshake is skipped unread, so any bytes can follow the version.
    static let stream = TestStream.request() + [UInt8](repeating: 0, count: 0)

    /// Sends `stream` in segments of 500 bytes, in the order that `order` makes of them.
    private func watch(
        client: UInt32 = 1_000, wait: Interval = .milliseconds(1),
        _ order: ([TestSegment]) -> [TestSegment]
    ) -> StreamReport? {
        var test = TestWatch()
        test.open(client: client)
        var segments: [TestSegment] = []
        var start = 0
        while start < Self.stream.count {
            let end = min(start + 500, Self.stream.count)
            segments.append(
                TestSegment(
                    fromClient: true, sequence: client &+ 1 &+ UInt32(start),
                    payload: Array(Self.stream[start..<end])))
            start = end
        }
        for segment in order(segments) { test.receive(segment, after: wait) }
        test.watch.finish()
        return test.watch.report().streams.first
    }

    @Test("in order, in reverse, twice and overlapping, across the wrap of the numbers")
    func orders() throws {
        for client: UInt32 in [1_000, .max, .max - 1_234, .max - 3_000, 1 << 31] {
            let orders: [([TestSegment]) -> [TestSegment]] = [
                { $0 }, { $0.reversed() }, { $0 + $0 },
                { segments in segments.flatMap { [$0, $0] } },
                { segments in
                    // Each begins a hundred bytes earlier.
                    segments.enumerated().map { index, segment in
                        guard index > 0 else { return segment }
                        var longer = segment
                        longer.sequence &-= 100
                        longer.payload = segments[index - 1].payload.suffix(100) + segment.payload
                        return longer
                    }
                },
            ]
            for (index, order) in orders.enumerated() {
                let stream = try #require(watch(client: client, order), "order \(index)")
                #expect(stream.title == "live/film", "order \(index) from \(client)")
                #expect(stream.sent.missedBytes == 0 && stream.unreadBytes == 0)
            }
        }
    }

    @Test("bytes seen twice were lost further on, late ones before; a swap is no loss")
    func classes() throws {
        let again = try #require(watch { $0 + [$0[2]] })
        #expect(again.sent.retransmissions == 1 && again.sent.lostAfter == 1)
        let late = try #require(
            watch(wait: .milliseconds(10)) { Array($0[..<2] + $0[3...] + [$0[2]]) })
        #expect(late.sent.retransmissions == 1 && late.sent.lostBefore == 1)
        let swapped = try #require(
            watch(wait: .milliseconds(1)) { [$0[1], $0[0]] + $0[2...] })
        #expect(swapped.sent.reordered == 1 && swapped.sent.retransmissions == 0)
    }

    @Test("what the receiver has and the capture has not is the capture's loss")
    func missed() throws {
        var test = TestWatch()
        test.open()
        let payload = Self.stream
        test.receive(
            TestSegment(fromClient: true, sequence: 1_001, payload: Array(payload[..<1_000])))
        test.receive(
            TestSegment(fromClient: true, sequence: 2_501, payload: Array(payload[1_500...])))
        #expect(test.watch.report().streams.first?.sent.missedBytes == 0)
        test.receive(
            TestSegment(
                fromClient: false, sequence: 9_001,
                acknowledgement: 1_001 + UInt32(payload.count)))
        let stream = try #require(test.watch.report().streams.first)
        #expect(stream.sent.missedBytes == 500)
        // It lay in the handshake, which says nothing.
        #expect(stream.title == "live/film")
    }

    @Test("what waits behind a hole is bounded, and then the hole is given up")
    func bounded() throws {
        var test = TestWatch()
        test.open()
        let block = [UInt8](repeating: 0, count: 1_400)
        test.receive(TestSegment(fromClient: true, sequence: 1_001, payload: [3]))
        for index in 0..<10_000 {
            test.receive(
                TestSegment(
                    fromClient: true, sequence: 2_000 + UInt32(index * 1_400), payload: block))
        }
        let stream = try #require(test.watch.report().streams.first)
        #expect(stream.sent.missedBytes == 998)
        #expect(stream.sent.waitingMost <= Int64(ByteFlow.waitingBytesMax + 1_400))
    }

    @Test("round trips are measured, but not by what was sent twice")
    func roundTrip() throws {
        var test = TestWatch()
        test.open()
        test.receive(TestSegment(fromClient: true, sequence: 1_001, payload: [3, 3, 3]))
        test.receive(
            TestSegment(fromClient: false, sequence: 9_001, acknowledgement: 1_004),
            after: .milliseconds(40))
        let stream = try #require(test.watch.report().streams.first)
        #expect(stream.handshake == .milliseconds(2))
        #expect(stream.sent.roundTrip.most == 40_000_000)
        test.receive(TestSegment(fromClient: true, sequence: 1_004, payload: [1, 1]))
        test.receive(
            TestSegment(fromClient: true, sequence: 1_004, payload: [1, 1]),
            after: .milliseconds(300))
        test.receive(
            TestSegment(fromClient: false, sequence: 9_001, acknowledgement: 1_006),
            after: .milliseconds(40))
        let after = try #require(test.watch.report().streams.first)
        #expect(after.sent.roundTrip.count == stream.sent.roundTrip.count)
    }

    @Test("a closed window is counted and timed")
    func zeroWindow() throws {
        var test = TestWatch()
        test.open()
        test.receive(TestSegment(fromClient: true, sequence: 1_001, payload: [3]))
        for (window, wait) in [(0, 1), (0, 500), (100, 1_000)] {
            test.receive(
                TestSegment(
                    fromClient: false, sequence: 9_001, acknowledgement: 1_002, window: window),
                after: .milliseconds(Int64(wait)))
        }
        let stream = try #require(test.watch.report().streams.first)
        #expect(stream.received.zeroWindows == 2)
        #expect(stream.received.zeroWindowTime == .milliseconds(1_500))
        #expect(stream.remarks.contains { $0.contains("closed its window 2 times, for 1.5 s") })
    }

    @Test("the same ports are another connection after another SYN")
    func reuse() throws {
        var test = TestWatch()
        for client: UInt32 in [1_000, 77_000] {
            test.open(client: client)
            test.receive(
                TestSegment(fromClient: true, sequence: client + 1, payload: Self.stream))
        }
        test.watch.finish()
        #expect(test.watch.report().streams.map(\.number) == [0, 1])
    }

    @Test("more than a gigabyte in a nanosecond is a rate like any other")
    func burst() {
        var test = TestWatch()
        test.open()
        for index in 0..<18_000 {
            var packet = TestSegment(
                fromClient: true, sequence: 1_001 &+ UInt32(index) * 64_960, acknowledgement: 9_001
            ).ipv4
            // 65,000 bytes, of which the capture has the headers.
            packet.replaceSubrange(2..<4, with: [0xFD, 0xE8])
            if index == 1 { test.now += Interval(nanoseconds: 1) }
            test.watch.receive(
                CapturedPacket(
                    at: test.now, link: .rawIP, bytes: 0..<packet.count, length: 65_000),
                in: packet.span)
        }
        test.watch.finish()
        #expect(test.watch.report().figures.restBytes == 18_000 * 64_960)
    }

    @Test("more connections than are followed make room, and none of them is forgotten in the sum")
    func eviction() {
        var test = TestWatch()
        let count = Watch.connectionsMax * 3
        for index in 0..<count {
            var packet = TestSegment(fromClient: true, sequence: 1, flags: .syn).ipv4
            packet[20] = UInt8(index >> 8 & 255)
            packet[21] = UInt8(index & 255)
            test.receive(packet, after: .zero)
        }
        test.watch.finish()
        let figures = test.watch.report().figures
        #expect(figures.connections == Int64(count) && figures.restConnections == Int64(count))
        #expect(figures.evicted == Int64(count - Watch.connectionsMax))
    }

    /// Random segments of many connections, some lost, late or twice, in both programs' hands.
    @Test("tshark counts the same retransmissions, reorderings and bytes", arguments: [1, 2, 3])
    func tshark(_ seed: UInt64) throws {
        var random = Random(seed: seed)
        var file = [UInt8](hex("a1b23c4d 00020004 00000000 00000000 0000ffff 00000065"))
        var now: Int64 = 1_000_000_000
        var test = TestWatch()
        func put(_ segment: TestSegment, _ port: Int) {
            var packet = segment.ipv4
            let place = segment.fromClient ? 20 : 22
            packet[place] = UInt8(port >> 8)
            packet[place + 1] = UInt8(port & 255)
            now += random.within(10_000...9_000_000)
            file.put32(UInt32(now / 1_000_000_000))
            file.put32(UInt32(now % 1_000_000_000))
            file.put32(UInt32(packet.count))
            file.put32(UInt32(packet.count))
            file += packet
        }
        for port in 20_000..<20_040 {
            let client = UInt32(truncatingIfNeeded: random.next())
            put(TestSegment(fromClient: true, sequence: client, flags: .syn), port)
            put(
                TestSegment(
                    fromClient: false, sequence: 9_000, acknowledgement: client &+ 1,
                    flags: [.syn, .ack]), port)
            put(
                TestSegment(
                    fromClient: true, sequence: client &+ 1, acknowledgement: 9_001), port)
            var pending = (0..<40).map { index in
                TestSegment(
                    fromClient: true, sequence: client &+ 1 &+ UInt32(index * 100),
                    acknowledgement: 9_001, payload: [3] + [UInt8](repeating: 0, count: 99))
            }
            for index in pending.indices.dropLast(3) where random.chance(millionths: 150_000) {
                let lost = pending[index]
                if random.chance(millionths: 500_000) { pending.remove(at: index) }
                pending.insert(lost, at: index + Int(random.within(1...3)))
            }
            for segment in pending { put(segment, port) }
        }
        for packet in try TestStream.packets(file) { test.watch.receive(packet, in: file.span) }
        test.watch.finish()
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "packets-\(UUID().uuidString).pcap")
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(file).write(to: folder)
        let rows = try Shell.run([
            "tshark", "-r", folder.path, "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.len",
            "-e", "tcp.analysis.retransmission", "-e", "tcp.analysis.out_of_order", "-e",
            "tcp.nxtseq", "-e", "tcp.seq", "-Y", "tcp.dstport==1935",
        ]).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false)
        }
        #expect(rows.count > 1_600)
        let streams = test.watch.report().streams
        #expect(streams.count == 40)
        for stream in streams {
            let mine = rows.filter { $0[0] == "\(stream.client.port)" }
            let fault: Comment = "seed \(seed), port \(stream.client.port)"
            // Wireshark calls a segment out of order that comes again soon; it was seen before, so
            // here it counts as sent again.
            var seen: [Substring] = []
            var (retransmissions, reordered): (Int64, Int64) = (0, 0)
            for row in mine {
                let isKnown = seen.contains(row[5]) && row[1] != "0"
                if row[2] == "1" || row[3] == "1" && isKnown { retransmissions += 1 }
                if row[3] == "1" && !isKnown { reordered += 1 }
                if row[1] != "0" { seen.append(row[5]) }
            }
            #expect(retransmissions == stream.sent.retransmissions, fault)
            #expect(reordered == stream.sent.reordered, fault)
            #expect(mine.reduce(0) { $0 + (Int64($1[1]) ?? 0) } == stream.sent.payloadBytes, fault)
            #expect(mine.compactMap { Int64($0[4]) }.max() == 4_001, fault)
        }
    }
}

/// Programs that others wrote.
enum Shell {
    /// What it printed; a minute at most.
    static func run(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "-s", "KILL", "60"] + words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
