import Dispatch
import Foundation
import Reports
import Synchronization

/// The real clock and the operating system's accounts: what `run-info.json` is made of.
struct HostClock {
    private let started = Date()
    private let tick = DispatchTime.now()

    /// Seconds since the command began.
    var wall: Double {
        Double(DispatchTime.now().uptimeNanoseconds - tick.uptimeNanoseconds) / 1e9
    }

    var facts: HostFacts {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let cpu = HostClock.milliseconds(usage.ru_utime) + HostClock.milliseconds(usage.ru_stime)
        let process = ProcessInfo.processInfo
        return HostFacts(
            version: StreamrSim.version, commandLine: CommandLine.arguments,
            host: process.hostName, operatingSystem: process.operatingSystemVersionString,
            cores: process.processorCount, startedAt: started.formatted(.iso8601),
            wallMilliseconds: Int64(wall * 1_000), cpuMilliseconds: cpu,
            memoryPeakBytes: Int64(usage.ru_maxrss) * 1_024)
    }

    private static func milliseconds(_ time: timeval) -> Int64 {
        Int64(time.tv_sec) * 1_000 + Int64(time.tv_usec) / 1_000
    }
}

/// Ctrl-C and SIGTERM as a flag that the run looks at; a second Ctrl-C ends at once.
final class Interrupt: Sendable {
    private static let raised = Atomic<Bool>(false)

    init() {
        // Whoever starts the program from a thread that blocks signals hands that down.
        var both = sigset_t()
        sigemptyset(&both)
        for signal in [SIGINT, SIGTERM] {
            sigaddset(&both, signal)
            Foundation.signal(signal) { number in
                if Interrupt.raised.exchange(true, ordering: .relaxed) { _exit(128 + number) }
            }
        }
        sigprocmask(SIG_UNBLOCK, &both, nil)
    }

    var isRaised: Bool { Interrupt.raised.load(ordering: .relaxed) }
}
