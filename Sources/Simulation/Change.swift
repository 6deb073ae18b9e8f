import Base
import Cloud
import Scenarios

/// One thing that could be done differently, as a change to a scenario.
enum Change: Sendable, Hashable {
    /// Viewers are sent to the friends' nodes, whose routers let them in.
    case watchThroughNodes
    /// Database, cache and TLS run in containers on the instance.
    case containers
    /// The video's bit rate, in thousandths of what it is.
    case bitRate(perMille: Int64)
    /// The length of every session, in thousandths of what it is.
    case hours(perMille: Int64)
    case elasticAddress
    case restartAlways
    case localLogs
    /// A larger size of the instance's family, so many sizes up.
    case largerInstance(String, steps: Int64)
    case unlimitedCredits
    case rulesAsNeeded
    case closePorts([Int])

    var text: String {
        switch self {
        case .watchThroughNodes: "send viewers to the friends' nodes (ports forwarded)"
        case .containers:
            "run database, cache and TLS in containers on the instance, without RDS, ElastiCache"
                + " and load balancer"
        case .bitRate(let perMille): "stream at \(Self.percent(perMille)) of the bit rate"
        case .hours(let perMille): "stream \(Self.percent(perMille)) of the hours"
        case .elasticAddress: "give the instance an elastic address"
        case .restartAlways: "set the restart policy to always and enable docker.service"
        case .localLogs: "use Docker's local log driver, which is bounded"
        case .largerInstance(let type, _): "use a \(type)"
        case .unlimitedCredits: "set the CPU credits to unlimited"
        case .rulesAsNeeded: "open the routes and security groups that the services need"
        case .closePorts(let ports):
            "close port\(ports.count == 1 ? "" : "s") "
                + ports.map { String($0) }.joined(separator: ", ") + " to the internet"
        }
    }

    /// `12.5 %`
    private static func percent(_ perMille: Int64) -> String {
        "\(Fixed.ratio(Int128(perMille), 10).text(decimalsMax: 1)) %"
    }

    /// How much it asks of the friends: what remedies are tried in the order of.
    var effort: Int64 {
        switch self {
        case .elasticAddress, .restartAlways, .localLogs, .unlimitedCredits, .rulesAsNeeded,
            .closePorts:
            1
        case .watchThroughNodes, .containers: 2
        // Each size costs about twice as much as the one before.
        case .largerInstance(_, let steps): 1 + steps
        case .bitRate(let perMille): 2 + (1_000 - perMille) / 250
        case .hours(let perMille): 2 + (1_000 - perMille) / 125
        }
    }

    var isSize: Bool {
        if case .largerInstance = self { return true }
        return false
    }

    /// Whether it is the same change, and more of it.
    func isLarger(than other: Change) -> Bool {
        guard case .largerInstance(_, let steps) = self, case .largerInstance(_, let less) = other
        else { return false }
        return steps > less
    }

    func applied(to scenario: Scenario) -> Scenario {
        var scenario = scenario
        switch self {
        case .watchThroughNodes:
            for index in scenario.viewers.indices { scenario.viewers[index].source = .coordinator }
            for index in scenario.nodes.indices { scenario.nodes[index].portForwarding = true }
        case .containers: scenario.deployment.useContainers()
        case .bitRate(let perMille):
            for index in scenario.streamers.indices {
                let rate = scenario.streamers[index].media.video.bitsPerSecond
                scenario.streamers[index].media.video = Rate(
                    bitsPerSecond: multiplyDivide(rate, perMille, 1_000))
            }
        case .hours(let perMille):
            for index in scenario.streamers.indices {
                for entry in scenario.streamers[index].schedule.indices {
                    let length = scenario.streamers[index].schedule[entry].length
                    scenario.streamers[index].schedule[entry].length = Interval.seconds(
                        max(60, multiplyDivide(length.wholeSeconds, perMille, 1_000)))
                }
            }
        case .elasticAddress: scenario.deployment.instance.elasticAddress = true
        case .restartAlways:
            scenario.deployment.containers.restart = .always
            scenario.deployment.containers.dockerEnabled = true
        case .localLogs: scenario.deployment.containers.logDriver = .local
        case .largerInstance(let type, _): scenario.deployment.instance.machine = .type(type)
        case .unlimitedCredits: scenario.deployment.instance.credits = .unlimited
        case .rulesAsNeeded: scenario.deployment.addRulesAsNeeded()
        case .closePorts(let ports):
            scenario.deployment.rules.removeAll {
                $0.from == .internet && ports.contains($0.port)
            }
        }
        return scenario
    }
}

extension Deployment {
    fileprivate mutating func useContainers() {
        database = .container
        cache = .container(memoryMax: .mebibytes(64))
        front = .container
        secrets = 0
        containers.logDriver = .local
        instance.swap = max(instance.swap, .gibibytes(1))
        instance.rootVolume.size = max(instance.rootVolume.size, .gibibytes(20))
        addRulesAsNeeded()
    }

    fileprivate mutating func addRulesAsNeeded() {
        func need(_ from: NetworkPlace, _ to: NetworkPlace, _ port: Int) {
            guard !reaches(from: from, to: to, port: port) else { return }
            rules.append(NetworkRule(from: from, to: to, port: port))
        }
        need(.internet, .instance, 1_935)
        switch front {
        case .loadBalancer:
            need(.internet, .loadBalancer, 443)
            need(.loadBalancer, .instance, 8_000)
        case .container: need(.internet, .instance, 443)
        }
        switch database {
        case .managed: need(.instance, .database, 5_432)
        case .container: break
        }
        switch cache {
        case .managed: need(.instance, .cache, 6_379)
        case .container: break
        }
    }
}
