import Base
import Foundation
import Platform
import Storage
import TestServers

/// Puts load on a store and measures what comes of it.
struct Load {
    let store: Store
    let server: PostgresServer?
    private var now = BenchStore.start + .hours(3)

    /// Transactions under way at once in a flood.
    private static let flooding = 128

    struct Outcome {
        var seconds: Double
        var cpu: Double
        var serverCPU: Double
        var latencies: [Double]

        var rate: Int { Int(Double(latencies.count) / seconds) }
        var cost: String {
            let each = 1e6 / Double(latencies.count)
            let server =
                serverCPU > 0 ? String(format: " + %.0f of the server", serverCPU * each) : ""
            return String(format: "%.0f µs of CPU each", cpu * each) + server
        }
        var quantiles: String {
            let sorted = latencies.sorted()
            func quantile(_ share: Double) -> Double {
                sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)] * 1e3
            }
            return String(
                format: "median %.1f ms, p99 %.1f ms, most %.1f ms", quantile(0.5),
                quantile(0.99), quantile(1))
        }
    }

    init(store: Store, server: PostgresServer?) {
        self.store = store
        self.server = server
    }

    static func heartbeat(_ node: Int) -> Transaction {
        .recordHeartbeat(
            Heartbeat(
                node: NodeID(Int32(node)), stream: StreamID(0), capacity: .percent(20),
                viewers: 3, statsURL: "http://127.0.0.1:8080/stats"))
    }

    /// As many as are answered: the next goes out when one came back.
    mutating func flood(seconds: Double) async throws -> Outcome {
        now += .minutes(1)
        let (store, now) = (store, now)
        return try await measure {
            let end = ContinuousClock.now + .seconds(seconds)
            return try await withThrowingTaskGroup(of: [Double].self) { group in
                for first in 0..<Self.flooding {
                    group.addTask {
                        var latencies: [Double] = []
                        var node = first
                        while ContinuousClock.now < end {
                            // A node's next round is half a minute later.
                            let round = Int64(node / BenchStore.nodes)
                            latencies.append(
                                try await Self.timed(
                                    Self.heartbeat(node % BenchStore.nodes), store,
                                    now + .seconds(30 * round)))
                            node += Self.flooding
                        }
                        return latencies
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
    }

    /// So many a second, whether or not the last was answered: an answer's delay counts from when
    /// its heartbeat was due.
    mutating func pace(perSecond: Int, seconds: Int) async throws -> Outcome {
        now += .hours(1)
        let (store, now) = (store, now)
        return try await measure {
            let begin = ContinuousClock.now
            return try await withThrowingTaskGroup(of: Double.self) { group in
                for number in 0..<perSecond * seconds {
                    let due = begin + .seconds(1) * number / perSecond
                    try await Task.sleep(until: due, tolerance: .zero)
                    group.addTask {
                        let round = Int64(number / BenchStore.nodes)
                        return try await Self.timed(
                            Self.heartbeat(number % BenchStore.nodes), store,
                            now + .seconds(30 * round), since: due)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
    }

    /// One after another.
    func repeatedly(_ transaction: Transaction, times: Int) async throws -> Outcome {
        try await measure {
            var latencies: [Double] = []
            for _ in 0..<times {
                latencies.append(try await Self.timed(transaction, store, now))
            }
            return latencies
        }
    }

    private static func timed(
        _ transaction: Transaction, _ store: Store, _ now: Instant,
        since: ContinuousClock.Instant = .now
    ) async throws -> Double {
        let answer = try await store.execute(transaction, at: now)
        if case .refused(let why) = answer { fatalError("\(transaction) was refused: \(why)") }
        return (ContinuousClock.now - since) / .seconds(1)
    }

    private func measure(_ body: () async throws -> [Double]) async throws -> Outcome {
        let (begin, cpu, serverCPU) = (ContinuousClock.now, Self.cpu, try serverCPU())
        let latencies = try await body()
        return Outcome(
            seconds: (ContinuousClock.now - begin) / .seconds(1), cpu: Self.cpu - cpu,
            serverCPU: try self.serverCPU() - serverCPU, latencies: latencies)
    }

    /// User and system time of this process.
    private static var cpu: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The same of all the server's processes, which live as long as our connections do.
    private func serverCPU() throws -> Double {
        guard let server else { return 0 }
        return try server.processes.reduce(0) { sum, id in
            let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
            else { return sum }
            return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }
}
