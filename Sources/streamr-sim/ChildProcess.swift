import Foundation
import Reports

#if canImport(Glibc)
    import Glibc
#endif

/// A command run to its end, with what the operating system charged it for.
struct ChildProcess {
    /// The exit code, or 128 and the signal's number as a shell has it.
    var exitCode: Int32
    var cpuMilliseconds: Int64
    var memoryPeakBytes: Int64

    /// Runs `path` with standard output thrown away and standard error shared.
    ///
    /// `wait4` gives this child's own CPU time and peak resident memory, which `Foundation`'s
    /// `Process` does not.
    static func run(_ path: String, _ arguments: [String]) throws -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        let failure = posix_spawn(&process, path, &actions, nil, words, environ)
        guard failure == 0 else {
            throw Failure.usage("cannot start \(path): \(String(cString: strerror(failure)))")
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) == -1 {
            guard errno == EINTR else {
                throw Failure.usage("lost \(path): \(String(cString: strerror(errno)))")
            }
        }
        let signal = status & 0x7f
        return ChildProcess(
            exitCode: signal == 0 ? status >> 8 & 0xff : 128 + signal,
            cpuMilliseconds: milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime),
            memoryPeakBytes: Int64(usage.ru_maxrss) * residentUnit)
    }

    /// Runs this very program again.
    static func runSelf(_ arguments: [String]) throws -> ChildProcess {
        guard let program = Bundle.main.executablePath else {
            throw Failure.usage("cannot find this program's own file")
        }
        return try run(program, arguments)
    }

    private static func milliseconds(_ time: timeval) -> Int64 {
        Int64(time.tv_sec) * 1_000 + Int64(time.tv_usec) / 1_000
    }

    /// Linux counts the peak in kibibytes, macOS in bytes.
    #if os(Linux)
        private static let residentUnit: Int64 = 1_024
    #else
        private static let residentUnit: Int64 = 1
    #endif
}
