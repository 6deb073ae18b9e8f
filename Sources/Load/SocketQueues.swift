import Base
import Glibc
import NIOCore

/// What stands in the kernel's buffers of this process's own connections: bytes that came and were
/// not read yet, which is the generator's delay, and bytes that were sent and not acknowledged,
/// which is the target's or the network's.
struct SocketQueues: Sendable, Hashable {
    /// Connections that were looked at.
    private(set) var sockets: Int64 = 0
    private(set) var unread: Int64 = 0
    private(set) var unreadMost: Int64 = 0
    private(set) var unsent: Int64 = 0
    private(set) var unsentMost: Int64 = 0
    /// Connections of which more than `backlog` was not read.
    private(set) var behind: Int64 = 0

    /// Some three pictures of a stream of 2.6 Mbit/s.
    static let backlog: Int64 = 32 << 10
    /// Looked at in one sample; with more, these stand for all.
    private static let socketsMax = 256
    /// Descriptors that are tried for them.
    private static let descriptorsMax: Int32 = 4_096
    /// tcp(7): SIOCINQ and SIOCOUTQ.
    private static let inputQueue: UInt = 0x541B
    private static let outputQueue: UInt = 0x5411

    /// Of the connections to these ports, as they are now.
    static func sample(to ports: [Int]) -> SocketQueues {
        var queues = SocketQueues()
        for descriptor in 3..<descriptorsMax where queues.sockets < socketsMax {
            guard let port = peerPort(descriptor), ports.contains(port), !isNarrow(descriptor)
            else { continue }
            var (unread, unsent) = (Int32(0), Int32(0))
            guard ioctl(descriptor, inputQueue, &unread) == 0,
                ioctl(descriptor, outputQueue, &unsent) == 0
            else { continue }
            queues.add(unread: Int64(max(0, unread)), unsent: Int64(max(0, unsent)))
        }
        return queues
    }

    /// Whether it is as narrow as a home's line, which has bytes wait as it should.
    private static func isNarrow(_ descriptor: Int32) -> Bool {
        var rate = UInt32.max
        var length = socklen_t(MemoryLayout<UInt32>.size)
        let status = getsockopt(
            descriptor, SOL_SOCKET, HomeLine.pacing.rawValue, &rate, &length)
        return status == 0 && rate != .max
    }

    /// Nil for what is no connection by IP.
    private static func peerPort(_ descriptor: Int32) -> Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getpeername(descriptor, $0, &length)
            }
        }
        guard status == 0 else { return nil }
        let family = Int32(address.ss_family)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        // In both it follows the family, the most significant byte first: ip(7), ipv6(7).
        return withUnsafeBytes(of: address) { Int($0[2]) << 8 | Int($0[3]) }
    }

    mutating func add(unread: Int64, unsent: Int64) {
        sockets += 1
        self.unread += unread
        self.unsent += unsent
        unreadMost = max(unreadMost, unread)
        unsentMost = max(unsentMost, unsent)
        if unread > Self.backlog { behind += 1 }
    }

    mutating func add(_ other: SocketQueues) {
        sockets += other.sockets
        unread += other.unread
        unsent += other.unsent
        unreadMost = max(unreadMost, other.unreadMost)
        unsentMost = max(unsentMost, other.unsentMost)
        behind += other.behind
    }

    /// Bytes of one connection, in the mean.
    var unreadMean: Fixed { Fixed.ratio(Int128(unread), Int128(max(1, sockets))) }
    var unsentMean: Fixed { Fixed.ratio(Int128(unsent), Int128(max(1, sockets))) }
    /// Per cent of the connections.
    var behindPercent: Fixed { Fixed.ratio(Int128(behind) * 100, Int128(max(1, sockets))) }
}
