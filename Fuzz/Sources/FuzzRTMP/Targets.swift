import Base
import RTMP

/// What libFuzzer feeds, and what must hold whatever it feeds. Each target also cuts its input in
/// two at a place told by the first byte, because where bytes are cut must mean nothing.
enum Targets {
    private static let start = Instant(nanoseconds: 0)
    private static let packetLength = Handshake.packetLength

    static func bytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
        Array(UnsafeBufferPointer(start: data, count: count))
    }

    /// The server's handshake: version, C1 padded to its length, and whatever follows.
    static func handshake(_ input: [UInt8]) -> CInt {
        let padding = [UInt8](repeating: 0, count: max(0, 1 + packetLength - input.count))
        compareCuts(input + padding, cut: Int(input.first ?? 0) * 7)
        return 0
    }

    static func chunks(_ input: [UInt8]) -> CInt {
        let cut = min(Int(input.first ?? 0), input.count)
        let whole = read([input[...]])
        let halves = read([input[..<cut], input[cut...]])
        check(whole == halves, "a cut at \(cut) made a difference")
        let short = read([input[..<cut], input[cut...]], kept: 20)
        check(short.error == whole.error && short.messages.count == whole.messages.count)
        for (part, message) in zip(short.messages, whole.messages) {
            check(message.payload.starts(with: part.payload), "what is kept is another's")
            check(part.payload.count + part.bytesLeftOut == message.payload.count)
            check(part.timestamp == message.timestamp && part.type == message.type)
        }
        return 0
    }

    /// What was read is written, read again and written again.
    static func amf(_ input: [UInt8]) -> CInt {
        guard let values = try? AMF0Reader.all(input) else { return 0 }
        let first = AMF0Writer.all(values)
        guard let again = try? AMF0Reader.all(first) else {
            check(false, "what was written cannot be read")
            return 0
        }
        check(AMF0Writer.all(again) == first, "reading lost something")
        return 0
    }

    /// A server session past its handshake: raw chunks, or (first bit) well-formed messages.
    static func server(_ input: [UInt8]) -> CInt {
        guard let first = input.first else { return 0 }
        let chunks = first & 1 == 0 ? Array(input.dropFirst()) : messages(input.dropFirst())
        let greeting = [3] + [UInt8](repeating: 0, count: 2 * packetLength)
        compareCuts(greeting + chunks, cut: greeting.count + Int(first) * 3)
        return 0
    }

    /// A client session past its handshake.
    static func client(_ input: [UInt8]) -> CInt {
        guard let first = input.first, let url = StreamURL("rtmp://host/live/name") else {
            return 0
        }
        let chunks = first & 1 == 0 ? Array(input.dropFirst()) : messages(input.dropFirst())
        var session = ClientSession(
            first & 2 == 0 ? .play : .publish, url, handshake: .simple, limits: Limits(),
            chunkSize: 128, random: Random(seed: 1), at: start)
        session.receive(([3] + [UInt8](repeating: 0, count: 2 * packetLength) + chunks).span)
        while (try? session.next(at: start)) != nil {}
        return 0
    }

    private struct Reading: Equatable {
        var messages: [Message] = []
        var error: RTMPError?
    }

    private static func read(_ pieces: [ArraySlice<UInt8>], kept: Int = .max) -> Reading {
        var limits = Limits()
        limits.mediaKeptMax = kept
        var reader = ChunkReader(limits: limits)
        var reading = Reading()
        for piece in pieces {
            reader.receive(Array(piece).span)
            do throws(RTMPError) {
                while let message = try reader.next() { reading.messages.append(message) }
            } catch {
                reading.error = error
                break
            }
            check(reader.bytesAssembled <= Limits().assemblyMax)
        }
        return reading
    }

    /// Messages of a type, a stream, a length and bytes each, on one chunk stream.
    private static func messages(_ input: ArraySlice<UInt8>) -> [UInt8] {
        var writer = ChunkWriter()
        var wire: [UInt8] = []
        var rest = input
        while rest.count >= 3 {
            let type = rest.removeFirst()
            let stream = UInt32(rest.removeFirst() & 3)
            let length = min(Int(rest.removeFirst()), rest.count)
            writer.write(
                Message(
                    type: MessageType(type), stream: MessageStreamID(stream), timestamp: 0,
                    payload: Array(rest.prefix(length))),
                on: .command, into: &wire)
            rest = rest.dropFirst(length)
        }
        return wire
    }

    private struct Trace: Equatable {
        var events: [ServerEvent] = []
        var error: RTMPError?
        var output: [UInt8] = []
    }

    private static func compareCuts(_ wire: [UInt8], cut: Int) {
        let place = min(cut, wire.count)
        let whole = trace([wire[...]])
        let halves = trace([wire[..<place], wire[place...]])
        check(whole == halves, "a cut at \(place) made a difference")
        check(whole.output.count < 2 << 20, "an output of \(whole.output.count) bytes")
    }

    private static func trace(_ pieces: [ArraySlice<UInt8>]) -> Trace {
        var session = ServerSession(
            limits: Limits(), chunkSize: 4096, random: Random(seed: 1), at: start)
        var trace = Trace()
        for piece in pieces where trace.error == nil {
            session.receive(Array(piece).span)
            do throws(RTMPError) {
                while let event = try session.next(at: start) {
                    trace.events.append(event)
                    if session.isDeciding { session.accept() }
                }
            } catch {
                trace.error = error
            }
            trace.output += session.takeOutput()
        }
        return trace
    }
}
