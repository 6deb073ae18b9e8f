import ArgumentParser
import Dispatch
import Foundation
import Reports
import Results
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
            memoryPeakBytes: HostClock.memoryPeakBytes)
    }

    /// The most memory that this program held, in bytes. `ru_maxrss` would not do: it goes on
    /// from the process that started this one, past `exec` (getrusage(2), Linux).
    private static var memoryPeakBytes: Int64 {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
        return kibibytes.flatMap { Int64($0) }.map { $0 * 1_024 } ?? 0
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

    private static let looksEvery = Duration.milliseconds(100)

    /// Ends the command at once if it was interrupted.
    func check() throws {
        if isRaised { throw ExitCode(CommandExit.interrupted.rawValue) }
    }

    /// Waits, unless the command is interrupted, which ends it.
    func sleep(_ time: Duration) async throws {
        let end = ContinuousClock.now + time
        while true {
            try check()
            let now = ContinuousClock.now
            guard now < end else { return }
            try await Task.sleep(for: min(end - now, Self.looksEvery))
        }
    }
}
