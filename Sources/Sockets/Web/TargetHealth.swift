import AsyncHTTPClient
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// The balancer's health checks: every 30 s, within 5 s; five in a row to become healthy again, two
/// to become unhealthy.
final class TargetHealth: Sendable {
    struct Figures: Sendable {
        var isHealthy = false
        var checks: UInt64 = 0
        var streak = 0
    }

    private let box = NIOLockedValueBox(Figures())
    private static let every = Duration.seconds(30)
    private static let timeout = TimeAmount.seconds(5)

    var figures: Figures { box.withLockedValue { $0 } }

    func follow(_ url: String, _ client: HTTPClient, _ logger: Logger) async {
        while !Task.isCancelled {
            let response = try? await client.execute(
                HTTPClientRequest(url: url), timeout: Self.timeout)
            if let response { _ = try? await response.body.collect(upTo: 64 << 10) }
            note(isPassed: response?.status == .ok, logger)
            try? await Task.sleep(for: Self.every)
        }
    }

    func note(isPassed: Bool, _ logger: Logger) {
        let turned = box.withLockedValue { figures in
            figures.checks += 1
            guard figures.checks > 1 else {
                figures.isHealthy = isPassed
                return !isPassed
            }
            figures.streak = isPassed == figures.isHealthy ? 0 : figures.streak + 1
            guard figures.streak >= (isPassed ? 5 : 2) else { return false }
            figures.isHealthy = isPassed
            figures.streak = 0
            return true
        }
        if turned { logger.warning("the coordinator is \(isPassed ? "" : "un")healthy") }
    }
}
