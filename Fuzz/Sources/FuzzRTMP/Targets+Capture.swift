import Base
import Packets

extension Targets {
    /// A capture file, or (first byte odd) what a client says on a connection of which packets
    /// are missing where the second byte has it.
    static func capture(_ input: [UInt8]) -> CInt {
        guard input.count >= 2 else { return 0 }
        let rest = Array(input[2...])
        if input[0] & 1 == 0 {
            compareCuts(of: rest, at: min(Int(input[1]) * 7, rest.count))
        } else {
            say(rest, losing: input[1])
        }
        return 0
    }

    private static func compareCuts(of file: [UInt8], at cut: Int) {
        let whole = watch([file[...]])
        let halves = watch([file[..<cut], file[cut...]])
        check(whole == halves, "a cut at \(cut) made a difference")
    }

    private static func watch(_ pieces: [ArraySlice<UInt8>]) -> WatchReport {
        var watch = Watch(.media)
        var reader = CaptureReader()
        var held: [UInt8] = []
        for piece in pieces {
            held += piece
            var offset = 0
            do throws(CaptureError) {
                while let packet = try reader.next(held.span, &offset) {
                    watch.receive(packet, in: held.span)
                }
            } catch {
                break
            }
            held.removeFirst(offset)
        }
        watch.finish()
        return watch.report()
    }

    private static func say(_ bytes: [UInt8], losing mask: UInt8) {
        var file = PacketFile()
        let start = Instant(nanoseconds: 0)
        var connection = file.open(
            client: Endpoint(ipv4: 1, port: 40_000), server: Endpoint(ipv4: 2, port: 1_935),
            delay: .milliseconds(1), at: start)
        var from = 0
        var at = start
        while from < bytes.count {
            let until = min(from + 100, bytes.count)
            at += .milliseconds(5)
            file.send(Array(bytes[from..<until]), on: &connection, toServer: true, at: at)
            file.acknowledge(on: connection, toServer: false, at: at)
            from = until
        }
        let capture = file.bytes()
        var watch = Watch(.media)
        var reader = CaptureReader()
        var offset = 0
        var number = 0
        while let packet = try? reader.next(capture.span, &offset) {
            if mask >> UInt8(number % 8) & 1 == 0 { watch.receive(packet, in: capture.span) }
            number += 1
        }
        watch.finish()
        check(watch.report().figures.malformed == 0, "our own packets are well formed")
    }
}
