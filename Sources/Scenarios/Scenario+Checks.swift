import Base
import Cloud

/// What must hold between the parts of a scenario; each part by itself is checked where it is read.
extension Scenario {
    /// Name of one of a group's people: `streamer-2` is the second of the group `streamer`.
    public static func personName(group: String, number: Int) -> String { "\(group)-\(number)" }

    func checkParts(_ faults: inout FileFaults) {
        checkNames(&faults)
        checkCounts(&faults)
        checkHomes(&faults)
        checkStreams(&faults)
        checkSchedules(&faults)
        checkTimes(&faults)
        checkFaultTargets(&faults)
        checkGates(&faults)
    }

    /// A figure is one number for the whole run.
    private func checkGates(_ faults: inout FileFaults) {
        for (index, gate) in gates.enumerated() where Metrics.figures.contains(gate.metric) {
            if gate.aggregate != .last {
                faults.add(
                    "$.gates[\(index)].aggregate", "last: \(gate.metric) is one number",
                    found: "\"\(gate.aggregate.rawValue)\"")
            }
            if gate.window != nil {
                faults.add(
                    "$.gates[\(index)].window", "none: \(gate.metric) is of the whole run",
                    found: "a window")
            }
        }
    }

    /// Groups of all sorts share one space of names, because their people do.
    private func checkNames(_ faults: inout FileFaults) {
        let names =
            streamers.indices.map { ("$.streamers[\($0)].name", streamers[$0].name) }
            + viewers.indices.map { ("$.viewers[\($0)].name", viewers[$0].name) }
            + nodes.indices.map { ("$.nodes[\($0)].name", nodes[$0].name) }
        var seen = Lookup<String, String>()
        for (path, name) in names where !name.isEmpty {
            if let first = seen[name] {
                faults.add(path, "a name no other group has", found: "\"\(name)\", as \(first)")
            } else {
                seen[name] = path
            }
        }
    }

    /// Every count is bounded, so the sums stay far below an overflow.
    private func checkCounts(_ faults: inout FileFaults) {
        let watching = viewers.reduce(0) { $0 + $1.count * ($1.streams?.count ?? streamsCount) }
        let sums = [
            ("$.streamers", streamsCount), ("$.viewers", watching),
            ("$.nodes", nodes.reduce(0) { $0 + $1.count }),
        ]
        for (path, count) in sums where count > Limits.people {
            faults.add(path, "at most \(Limits.people) people in all", found: "\(count)")
        }
    }

    private var streamsCount: Int { streamers.reduce(0) { $0 + $1.count } }

    private func checkHomes(_ faults: inout FileFaults) {
        let homes =
            streamers.indices.map { ("$.streamers[\($0)].home", streamers[$0].home) }
            + viewers.indices.map { ("$.viewers[\($0)].home", viewers[$0].home) }
            + nodes.indices.map { ("$.nodes[\($0)].home", nodes[$0].home) }
            + [("$.dashboard.home", dashboard.home)]
        let known = self.homes.map(\.name)
        for (path, home) in homes where !faults.isFull && !known.contains(home) {
            faults.add(
                path, "a home: \(known.prefix(12).joined(separator: ", "))", found: "\"\(home)\"",
                hint: nearest(to: home, in: known))
        }
    }

    private func checkStreams(_ faults: inout FileFaults) {
        guard !faults.isCountUnknown else { return }
        let lists =
            viewers.indices.map { ("$.viewers[\($0)].streams", viewers[$0].streams) }
            + nodes.indices.map { ("$.nodes[\($0)].streams", nodes[$0].streams) }
        for (path, streams) in lists {
            if let last = streams?.last, last >= streamsCount {
                faults.add(
                    path, "numbers below \(streamsCount), of the streamers", found: "\(last)")
            }
        }
        if streamsCount == 0 {
            if !viewers.isEmpty { faults.add("$.viewers", "streamers to watch", found: "none") }
            if !nodes.isEmpty { faults.add("$.nodes", "streamers to support", found: "none") }
        }
    }

    /// A friend streams one stream at a time: a second would be refused, the key being in use.
    private func checkSchedules(_ faults: inout FileFaults) {
        let week = Interval.days(7)
        for (index, group) in streamers.enumerated() {
            var slots: [(from: Interval, until: Interval)] = []
            for entry in group.schedule {
                for day in entry.weekdays {
                    let from =
                        Interval.days(Int64(day)) + .minutes(Int64(entry.from.minutes))
                    slots.append((from, from + entry.jitter + entry.length))
                }
            }
            slots.sort { ($0.from, $0.until) < ($1.from, $1.until) }
            guard let first = slots.first else { continue }
            let next = slots.dropFirst() + [(first.from + week, first.until + week)]
            for (slot, following) in zip(slots, next) where slot.until > following.from {
                faults.add(
                    "$.streamers[\(index)].schedule",
                    "each stream (with its jitter) over before the next begins",
                    found: "one on \(dayAndTime(slot.from)) that lasts into the next")
                break
            }
        }
    }

    private func dayAndTime(_ offset: Interval) -> String {
        let minutes = Int(offset.wholeSeconds / 60)
        let day = Weekdays.names[minutes / 1_440]
        return "\(day) \(ClockTime(minutes: minutes % 1_440).text)"
    }

    /// Windows and faults lie inside the run.
    private func checkTimes(_ faults: inout FileFaults) {
        guard !faults.faults.contains(where: { $0.path == "$.duration" }) else { return }
        let windows =
            viewers.indices.map { ("$.viewers[\($0)].window.until", viewers[$0].window?.until) }
            + gates.indices.map { ("$.gates[\($0)].window.until", gates[$0].window?.until) }
        let length = Units.time.text(duration.nanoseconds)
        for (path, until) in windows {
            if let until, until > duration {
                faults.add(
                    path, "at most the run's \(length)",
                    found: "\"\(Units.time.text(until.nanoseconds))\"")
            }
        }
        for (index, fault) in self.faults.enumerated() where fault.at >= duration {
            faults.add(
                "$.faults[\(index)].at", "less than the run's \(length)",
                found: "\"\(Units.time.text(fault.at.nanoseconds))\"")
        }
    }

    private func checkFaultTargets(_ faults: inout FileFaults) {
        for (index, fault) in self.faults.enumerated() where !faults.isFull {
            switch fault.kind {
            case .homeOutage(let home, _):
                guard !home.isEmpty, !hasPerson(home) else { continue }
                let groups =
                    (streamers.map { ($0.name, $0.count) } + nodes.map { ($0.name, $0.count) })
                    .prefix(12)
                faults.add(
                    "$.faults[\(index)].home",
                    "a streamer or node: "
                        + groups.map { "\($0.0)-1 to \($0.0)-\($0.1)" }.joined(separator: ", "),
                    found: "\"\(home)\"",
                    hint: nearest(to: home, in: groups.map { "\($0.0)-1" }))
            case .instanceReboot, .instanceStopStart, .containerCrash:
                continue
            }
        }
        checkManagedContainers(&faults)
    }

    /// A managed service has no container that could crash.
    private func checkManagedContainers(_ faults: inout FileFaults) {
        for (index, fault) in self.faults.enumerated() {
            guard case .containerCrash(let container) = fault.kind else { continue }
            let isThere =
                switch container {
                case .rtmp, .coordinator, .worker: true
                case .front: deployment.front == .container
                case .database: deployment.database == .container
                case .cache: deployment.cache.kindWord == "container"
                }
            if !isThere {
                faults.add(
                    "$.faults[\(index)].container", "a container of the deployment",
                    found: "\"\(container.rawValue)\", which is managed there")
            }
        }
    }

    private func hasPerson(_ name: String) -> Bool {
        let groups = streamers.map { ($0.name, $0.count) } + nodes.map { ($0.name, $0.count) }
        return groups.contains { group, count in
            guard name.hasPrefix(group + "-") else { return false }
            let digits = name.dropFirst(group.count + 1)
            guard let number = Int(digits), String(number) == digits else { return false }
            return (1...count).contains(number)
        }
    }
}

extension FileFaults {
    /// Whether how many streamers there are could not be read: what follows from it says nothing.
    fileprivate var isCountUnknown: Bool {
        faults.contains { fault in
            fault.path == "$.streamers"
                || fault.path.hasPrefix("$.streamers[") && fault.path.hasSuffix(".count")
        }
    }
}
