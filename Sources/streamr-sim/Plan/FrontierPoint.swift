import Base
import Cloud
import Reports
import Scenarios

/// One combination of habits and deployment: a point of the sweep.
struct FrontierPoint: Hashable, Sendable {
    var habit: FrontierHabit
    var deployment: FrontierDeployment
    var machine: String
    /// Nil where the cache is a container: its engine changes neither load nor bill.
    var cache: CacheEngine?
    var region: String

    /// `friends=5,hours=4,…`: names the point, and makes it again.
    var text: String {
        "friends=\(habit.friends),hours=\(habit.hours),rate=\(habit.rate),relay=\(habit.relay),"
            + "deployment=\(deployment.rawValue),machine=\(machine),cache=\(cacheText),"
            + "region=\(region)"
    }

    private static let container = "container"
    private var cacheText: String { cache?.rawValue ?? Self.container }

    var place: FrontierPlace {
        FrontierPlace(
            deployment: deployment.rawValue, machine: machine, cache: cache?.rawValue,
            region: region)
    }

    /// Throws what is wrong with anything but the words of `text`, each once, within the limits.
    init(text: String) throws(Fault) {
        var words: [String: String] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "=", omittingEmptySubsequences: false)
                .map(String.init)
            guard halves.count == 2, words[halves[0]] == nil else {
                throw Fault("expected friends=…,hours=…, each once, as the sweep prints it")
            }
            words[halves[0]] = halves[1]
        }
        func word(_ name: String) throws(Fault) -> String {
            guard let word = words.removeValue(forKey: name) else { throw Fault("no \(name)=") }
            return word
        }
        func number(_ name: String, _ range: ClosedRange<Int>) throws(Fault) -> Int {
            let word = try word(name)
            guard let number = Int(word), range.contains(number) else {
                throw Fault("\(name)=\(word): \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        habit = FrontierHabit(
            friends: try number("friends", 1...200), hours: try number("hours", 1...23),
            rate: try number("rate", 100...50_000), relay: try number("relay", 0...100))
        let kind = try word("deployment")
        guard let deployment = FrontierDeployment(rawValue: kind) else {
            let all = FrontierDeployment.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault("deployment=\(kind): \(all)")
        }
        self.deployment = deployment
        machine = try word("machine")
        let engine = try word("cache")
        cache = deployment == .containers ? nil : CacheEngine(rawValue: engine)
        guard CacheEngine(rawValue: engine) != nil || (engine == Self.container && cache == nil)
        else { throw Fault("cache=\(engine): redis, valkey") }
        region = try word("region")
        if let other = words.keys.min() { throw Fault("no point has \(other)=") }
        try checkPrices()
    }

    /// What is wrong with a point.
    struct Fault: Error {
        var text: String

        init(_ text: String) { self.text = text }
    }

    /// A machine without a price would look free.
    private func checkPrices() throws(Fault) {
        guard let book = PriceBook.shipped(region: region) else {
            let all = PriceBook.regions.joined(separator: ", ")
            throw Fault("region=\(region): there are price books for \(all)")
        }
        let priced = MachineType.all.map(\.name).filter {
            book.index(ofPrice: "ec2:\($0)") != nil
        }
        guard priced.contains(machine) else {
            throw Fault(
                "machine=\(machine): with a price in \(region) there are "
                    + priced.joined(separator: ", "))
        }
    }

    /// The scenario with these habits on this deployment; all else is the base's.
    func applied(to base: Scenario) -> Scenario {
        var scenario = base
        scenario.gates = []
        scenario.criteria.friends = habit.friends
        scenario.criteria.concurrentStreams = habit.friends
        if var streamer = scenario.streamers.first {
            streamer.count = habit.friends
            streamer.media.video = .kilobits(Int64(habit.rate))
            streamer.schedule = streamer.schedule.prefix(1).map { entry in
                var entry = entry
                entry.weekdays = Array(0..<7)
                entry.length = .hours(Int64(habit.hours))
                return entry
            }
            scenario.streamers = [streamer]
        }
        scenario.viewers = viewers(base.viewers)
        if var node = scenario.nodes.first {
            node.count = habit.friends
            scenario.nodes = [node]
        }
        scenario.deployment = deployment.deployment(self, base.deployment)
        return scenario
    }

    /// Each group, cut into those who always play from the server and those who ask where to.
    private func viewers(_ groups: [ViewerGroup]) -> [ViewerGroup] {
        groups.flatMap { group -> [ViewerGroup] in
            let relayed = (group.count * habit.relay + 50) / 100
            var parts: [ViewerGroup] = []
            for (count, source, suffix) in [
                (group.count - relayed, ViewerSource.server, ""),
                (relayed, ViewerSource.coordinator, "-relayed"),
            ] where count > 0 {
                var part = group
                (part.count, part.source, part.name) = (count, source, group.name + suffix)
                parts.append(part)
            }
            return parts
        }
    }
}
