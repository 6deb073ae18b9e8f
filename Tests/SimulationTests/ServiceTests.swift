import Base
import Cloud
import Platform
import Results
import Scenarios
import Testing

@testable import Simulation

/// The platform's own programs in the world: what work costs, and what is left when a service is
/// away. Method: a small evening on one machine, and calls from the first friend's home.
@Suite struct ServiceTests {
    /// Containers on one machine, so that each can be crashed by itself.
    private func world(_ faults: [Fault] = []) throws -> World {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.deployment = Plan.deployment(managed: false)
        scenario.deployment.containers.restart = .no
        scenario.repairAfter = .hours(1)
        scenario.viewers[0].source = .coordinator
        scenario.faults = faults
        let book = try #require(PriceBook.shipped(region: scenario.deployment.region))
        return World(scenario, costEnd: .high, traceHour: nil, book: book)
    }

    /// The answer to the first friend, and how long it took.
    private func ask(_ call: Call, _ world: inout World) -> (answer: Answer, took: Interval)? {
        let friend = ProgramRef(kind: .streamer, index: 0)
        let id = CallID(UInt64(world.tally.calls) + 1 << 40)
        let began = world.now
        world.effectsAt = began
        world.place(call, id, to: .front, by: friend)
        let placed = (0..<Int32(world.flights.count)).first {
            world.flights[$0].isOpen && world.flights[$0].caller == friend
                && world.flights[$0].id == id
        }
        guard let flight = placed else { return nil }
        for step in 1..<Int64(20_000) {
            let now = began + .milliseconds(step)
            if world.flights[flight].isAnswered {
                return (world.flights[flight].answer, now - began)
            }
            world.run(until: now)
        }
        return nil
    }

    private func reply(_ call: Call, _ world: inout World) -> Reply? {
        guard case .reply(let reply)? = ask(call, &world)?.answer else { return nil }
        return reply
    }

    private func expect(_ expected: Reply, to call: Call, _ world: inout World) {
        let got = reply(call, &world)
        #expect(got == expected)
    }

    /// Signs up or in, and holds what that takes to what a password costs.
    private func signIn(
        _ name: String, _ password: String, isNew: Bool = false, _ world: inout World
    ) -> Reply? {
        let before = world.host.controlCPU
        let costs = world.host.services[Service.coordinator.index].costs
        let least = Interval(nanoseconds: costs.perPassword)
        let session = SessionID(UInt64(world.tally.calls))
        let call: AccountCall =
            isNew
            ? .registerStreamer(name: name, password: password, fresh: session)
            : .login(name: name, password: password, fresh: session)
        guard let (answer, took) = ask(.account(call), &world), case .reply(let reply) = answer
        else { return nil }
        let spent = world.host.controlCPU - before
        #expect(spent >= least && took >= least, "\(name): \(spent) in \(took)")
        return reply
    }

    @Test("a password keeps the coordinator's processor busy, for a wrong one and a wrong name too")
    func passwords() throws {
        var world = try world()
        world.run(until: Plan.start + .minutes(1))
        guard case .granted(let grant)? = signIn("ann", "correct horse", isNew: true, &world) else {
            Issue.record("not signed up")
            return
        }
        // The friends' own accounts exist from the start.
        #expect(grant.holder == .streamer(UserID(5), name: "ann"))
        guard case .granted? = signIn("ann", "correct horse", &world) else {
            Issue.record("not signed in")
            return
        }
        for (name, password) in [("ann", "wrong horse"), ("eve", "correct horse")] {
            let refused = signIn(name, password, &world)
            #expect(refused == .refused(.notSignedIn), "\(name)")
        }
    }

    /// What one look at the overview takes of the instance's CPU, once the costs are changed.
    private func cost(_ world: inout World, _ change: (inout World) -> Void) -> Interval {
        change(&world)
        let before = world.host.controlCPU
        _ = ask(.overview, &world)
        return world.host.controlCPU - before
    }

    /// Method: a second for each token, and a millisecond for each byte.
    @Test("a token costs its verification, and what crosses the proxy its encryption")
    func bytesAndTokens() throws {
        var world = try world()
        world.run(until: Plan.start + .minutes(1))
        let coordinator = Service.coordinator.index
        let front = Service.front.index
        let plain = cost(&world) { _ in }
        let signed = cost(&world) {
            $0.host.services[coordinator].costs.perSignature = 1_000_000_000
        }
        #expect(signed > plain + .milliseconds(900))
        let received = cost(&world) {
            $0.host.services[coordinator].costs.perSignature = 0
            $0.host.services[front].costs.perByteIn = 1_000_000_000
        }
        #expect(received > plain + .milliseconds(100))
        let sent = cost(&world) {
            $0.host.services[front].costs.perByteIn = 0
            $0.host.services[front].costs.perByteOut = 1_000_000_000
        }
        #expect(sent > plain + .milliseconds(100))
    }

    @Test("credits that one call spends are gone at once, for the media too")
    func creditsSpent() throws {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.deployment.instance.credits = .standard
        let book = try #require(PriceBook.shipped(region: scenario.deployment.region))
        var world = World(scenario, costEnd: .high, traceHour: nil, book: book)
        world.run(until: Plan.start + .hours(2))
        let cpu = Int(world.host.cpuCapacity)
        let wasHeld = world.host.credits.isHeld
        let before = world.fluid.capacities[cpu].limit
        _ = world.spend(.minutes(30), on: .coordinator)
        let told = world.record.entries.last?.kind
        let after = world.fluid.capacities[cpu].limit
        #expect(!wasHeld && told == "cpu-credits-gone")
        #expect(after * 4 < before, "\(before), \(after)")
    }

    @Test("nodes keep one connection each to the load balancer, however often they go away")
    func balancerConnections() throws {
        var home = Plan.cable
        home.rebootEvery = .hours(1)
        var scenario = Plan.fiveFriends(days: 1, home: home)
        scenario.viewers = []
        scenario.streamers[0].schedule[0].length = .minutes(1)
        let book = try #require(PriceBook.shipped(region: scenario.deployment.region))
        var world = World(scenario, costEnd: .high, traceHour: nil, book: book)
        world.run(until: Plan.start + .hours(23) + .seconds(30))
        let active = world.balancer?.meter.active ?? 0
        // Five nodes, and whoever looks at the dashboard at the moment.
        #expect(active >= 1 && active <= 6, "\(active)")
    }

    @Test("a node's evening is its friends', and its new address is known with a heartbeat")
    func nodesAtHome() throws {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.streamers[0].timeZone = "America/New_York"
        scenario.faults = [
            Fault(kind: .homeOutage(home: "node-1", length: .minutes(5)), at: .hours(1))
        ]
        func isKnown(after wait: Interval) throws -> Bool {
            let book = try #require(PriceBook.shipped(region: scenario.deployment.region))
            var world = World(scenario, costEnd: .high, traceHour: nil, book: book)
            let zone = world.homeZone(world.nodes[0].home).name
            #expect(zone == "America/New_York")
            world.run(until: Plan.start + .minutes(65) + wait)
            return world.nodes[0].isAddressKnown
        }
        #expect(try isKnown(after: .milliseconds(1)) == false)
        #expect(try isKnown(after: .minutes(1)) == true)
        scenario.homes[0].addressChanges = false
        #expect(try isKnown(after: .milliseconds(1)) == true)
    }

    @Test("without the database health is bad and nothing is served; all of it comes back")
    func databaseAway() throws {
        var world = try world([Fault(kind: .containerCrash(.database), at: .minutes(10))])
        world.run(until: Plan.start + .minutes(9))
        expect(.health(.healthy), to: .health, &world)
        world.run(until: Plan.start + .minutes(11))
        expect(.health(.unhealthy), to: .health, &world)
        expect(.unavailable, to: .overview, &world)
        world.run(until: Plan.start + .minutes(75))
        expect(.health(.healthy), to: .health, &world)
        guard case .overview(let overview)? = reply(.overview, &world) else {
            Issue.record("no overview")
            return
        }
        #expect(overview.nodesActive == 5)
    }

    @Test("without the cache viewers still find a node, and the cache fills up again by itself")
    func cacheAway() throws {
        var world = try world([Fault(kind: .containerCrash(.cache), at: .minutes(10))])
        world.run(until: Plan.start + .minutes(11))
        expect(.health(.degraded), to: .health, &world)
        guard case .watch(.node(let node, _))? = reply(.watch(StreamID(0), viewer: 1), &world)
        else {
            Issue.record("no node without the cache")
            return
        }
        #expect(node == NodeID(0))
        world.run(until: Plan.start + .minutes(75))
        expect(.health(.healthy), to: .health, &world)
        guard case .nodes(let rows) = world.cacheTables.execute(.nodes(StreamID(0)), at: world.now)
        else { return }
        #expect(rows.map(\.node) == [NodeID(0)])
        let seen = world.record.entries.map(\.kind)
        #expect(seen.contains("cache-unreachable") && seen.contains("cache-reachable"))
    }
}
