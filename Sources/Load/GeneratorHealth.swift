import Base
import Glibc
import NIOCore

/// Whether the generator was fit to measure: the delays that it adds itself, and its CPU time.
///
/// Beyond these limits a figure says as much of the generator as of the target.
public struct GeneratorHealth: Sendable, Hashable {
    /// Milliseconds, at the 99th percentile.
    static let latenessMax = Fixed(5)
    static let lagMax = Fixed(10)
    /// Of all the CPU time that the process may have.
    static let cpuPercentMax = Fixed(90)
    /// Of its connections, looked at once a second, that have much unread.
    static let behindPercentMax = Fixed(10)
    /// Fewer say nothing about a percentile.
    static let samplesMin: Int64 = 100

    public var lateness: Fixed
    public var latenessCount: Int64
    public var lag: Fixed
    public var lagCount: Int64
    /// Mean over the load.
    public var cpuPercent: Fixed
    /// Clients whose time had come and that had not called.
    public var clientsNotCalled: Int64
    /// Of all samples together.
    var queues: SocketQueues

    /// Why it was the bottleneck; empty where it was not.
    public var doubts: [String] {
        var doubts: [String] = []
        func doubt(_ reason: String) {
            doubts.append("the generator was the bottleneck: \(reason)")
        }
        if latenessCount >= Self.samplesMin, lateness > Self.latenessMax {
            doubt("it sent \(lateness.text(decimals: 1)) ms late at the 99th percentile")
        }
        if lagCount >= Self.samplesMin, lag > Self.lagMax {
            doubt("its timers were \(lag.text(decimals: 1)) ms late at the 99th percentile")
        }
        if cpuPercent > Self.cpuPercentMax {
            doubt("it used \(cpuPercent.text(decimals: 0)) % of its CPU time")
        }
        if queues.sockets >= Self.samplesMin, queues.behindPercent > Self.behindPercentMax {
            doubt(
                "\(queues.behindPercent.text(decimals: 0)) % of its connections had more than "
                    + "\(SocketQueues.backlog >> 10) KiB that it had not read")
        }
        if clientsNotCalled > 0 { doubt("\(clientsNotCalled) clients could not call in time") }
        return doubts
    }

    /// How many cores this process may run on: its own mask, in hexadecimal (proc(5)), and what its
    /// control group allows.
    static let cores: Int = {
        guard let file = fopen("/proc/self/status", "r") else { return System.coreCount }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4_096)
        while fgets(&line, Int32(line.count), file) != nil {
            let words = String(cString: line).split(separator: ":")
            guard words.count == 2, words[0] == "Cpus_allowed" else { continue }
            let mine = words[1].reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
            return max(1, min(System.coreCount, mine))
        }
        return System.coreCount
    }()

    /// CPU time of this process so far.
    static var cpuTime: Interval {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func interval(_ time: timeval) -> Interval {
            Interval(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1_000)
        }
        return interval(usage.ru_utime) + interval(usage.ru_stime)
    }
}
