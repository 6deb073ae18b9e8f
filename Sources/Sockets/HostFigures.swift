import Foundation

/// What the machine says about this process and itself, in SRS's fields.
enum HostFigures {
    static var usage: JSONObject {
        let usage = spent
        return [
            "ok": true, "ru_utime": milliseconds(usage.ru_utime),
            "ru_stime": milliseconds(usage.ru_stime), "ru_maxrss": usage.ru_maxrss,
            "ru_minflt": usage.ru_minflt, "ru_majflt": usage.ru_majflt,
            "ru_nvcsw": usage.ru_nvcsw, "ru_nivcsw": usage.ru_nivcsw,
        ]
    }

    private static var spent: rusage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }

    private static func milliseconds(_ time: timeval) -> Int {
        Int(time.tv_sec) * 1000 + Int(time.tv_usec) / 1000
    }

    /// `uptime` is in whole seconds.
    static func process(uptime: Int) -> JSONObject {
        let residentKB = residentBytes / 1024
        let elapsed = max(uptime, 1) * 1000
        return [
            "ok": true, "pid": ProcessInfo.processInfo.processIdentifier,
            "ppid": getppid(), "argv": CommandLine.arguments.joined(separator: " "),
            "cwd": FileManager.default.currentDirectoryPath, "mem_kbyte": residentKB,
            "cpu_percent": Double(cpuMilliseconds) / Double(elapsed),
        ]
    }

    /// Of this process so far.
    static var cpuMilliseconds: Int {
        let usage = spent
        return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime)
    }

    static var residentBytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    static var memory: JSONObject {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        var found: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(whereSeparator: { $0 == ":" || $0 == " " })
            if parts.count > 1 { found[String(parts[0])] = Int(parts[1]) }
        }
        return [
            "ok": true, "MemTotal": found["MemTotal"] ?? 0, "MemFree": found["MemFree"] ?? 0,
            "Buffers": found["Buffers"] ?? 0, "Cached": found["Cached"] ?? 0,
        ]
    }

    static var system: JSONObject {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        let first = text.split(separator: "\n").first.map(String.init) ?? ""
        let fields = first.split(separator: " ").dropFirst().compactMap { Int($0) }
        let names = ["user", "nice", "sys", "idle", "iowait", "irq", "softirq", "steal", "guest"]
        var object: JSONObject = ["ok": !fields.isEmpty]
        for (name, value) in zip(names, fields) { object[name] = value }
        return object
    }
}
