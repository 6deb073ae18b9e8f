import Base
import Cloud
import Platform
import Results
import Scenarios
import Testing

@testable import Simulation

/// Connections: who gets one of the database's, what they take of memory, and what the load
/// balancer does with those for which it has no target.
@Suite struct ConnectionTests {
    private func scenario(pool: Int, _ change: (inout Scenario) -> Void = { _ in }) -> Scenario {
        var scenario = Plan.fiveFriends(days: 1)
        scenario.deployment.containers.databasePool = pool
        change(&scenario)
        return scenario
    }

    private func world(_ scenario: Scenario) throws -> World {
        let book = try #require(PriceBook.shipped(region: scenario.deployment.region))
        return World(scenario, costEnd: .high, traceHour: nil, book: book)
    }

    @Test("pools that fit are refused nothing, and the plan's fit")
    func fitting() {
        for pool in [5, 38] {
            let result = Plan.run(scenario(pool: pool))
            #expect(result.figure("database_connections_refused") == .zero)
            #expect(!result.events.contains { $0.kind == "database-refuses" })
        }
    }

    /// A db.t3.micro takes 80 at this end, three of them from superusers alone.
    @Test("who comes first gets all it asks for, the other what is left, and every third fails")
    func secondPool() throws {
        var world = try world(scenario(pool: 46))
        #expect(world.pools.map(\.open) == [46, 31])
        world.run(until: Plan.start + .hours(2))
        #expect(world.pools.map(\.open) == [46, 31])
        #expect(world.tally.connectionsRefused > 0)
        let told = world.record.entries.filter { $0.kind == "database-refuses" }
        #expect(told.map(\.entity) == ["worker"])
        #expect(told.first?.detail.hasPrefix("FATAL: remaining connection slots") == true)
        let refused = world.tally.connectionsRefused
        world.run(until: Plan.start + .hours(4))
        #expect(world.tally.connectionsRefused > refused, "a pool that was refused forgets it")
    }

    @Test("a coordinator that gets a third of its pool fails its dashboard; a larger class ends it")
    func dashboard() {
        let small = Plan.run(scenario(pool: 240))
        #expect(small.verdict("dashboard-https")?.status == .fail)
        #expect(small.figure("health_checks_failed") > .zero)
        #expect(small.events.contains { $0.kind == "target-unhealthy" })
        #expect(small.figure("calls_to_unhealthy_target") > .zero)
        let large = Plan.run(
            scenario(pool: 240) {
                $0.deployment.database = .managed(
                    instanceClass: "db.t3.large",
                    storage: VolumePlan(size: .gibibytes(100), type: .gp2), multiAZ: false,
                    backupDays: 7, engineVersion: 15)
            })
        #expect(large.verdict("dashboard-https")?.status == .pass)
        #expect(large.figure("database_connections_refused") == .zero)
    }

    @Test("a program that ends gives its connections back, and whoever lacked some takes them")
    func given() throws {
        var world = try world(
            scenario(pool: 60) {
                $0.deployment.containers.restart = .no
                $0.repairAfter = .hours(2)
                $0.faults = [Fault(kind: .containerCrash(.coordinator), at: .hours(1))]
            })
        world.run(until: Plan.start + .minutes(59))
        #expect(world.pools.map(\.open) == [60, 17])
        world.run(until: Plan.start + .minutes(170))
        let (coordinator, worker) = (world.pools[0].open, world.pools[1].open)
        #expect(coordinator == 0 && worker == 60)
        world.run(until: Plan.start + .hours(4))
        #expect(world.pools.map(\.open) == [17, 60])
    }

    @Test("PostgreSQL in a container takes 97, and has them again after a crash")
    func container() throws {
        var world = try world(
            scenario(pool: 60) {
                $0.deployment = Plan.deployment(managed: false)
                $0.deployment.instance.machine = .type("t3.medium")
                $0.deployment.containers.databasePool = 60
                $0.faults = [Fault(kind: .containerCrash(.database), at: .hours(1))]
            })
        #expect(world.pools.map(\.open) == [60, 37])
        world.run(until: Plan.start + .hours(1))
        #expect(world.pools.map(\.open) == [0, 0])
        world.run(until: Plan.start + .hours(2))
        #expect(world.pools.map(\.open) == [60, 37])
    }

    @Test("a database that restarts cuts every pool, and none counts as refused")
    func maintenance() throws {
        var world = try world(scenario(pool: 5) { $0.duration = .days(30) })
        let edge = try #require(world.databaseMachine?.crossing())
        world.run(until: edge + .seconds(30))
        #expect(world.pools.map(\.open) == [0, 0])
        world.run(until: edge + .minutes(3))
        #expect(world.pools.map(\.open) == [5, 5])
        #expect(world.tally.connectionsRefused == 0)
    }

    // MARK: Memory

    @Test("each connection takes its memory: of pools, of calls under way, of who only connected")
    func memory() throws {
        func most(pool: Int) -> Fixed {
            Plan.run(scenario(pool: pool)).figure("memory_used_max_bytes")
        }
        // 80 kB each, in coordinator and worker.
        #expect(most(pool: 35).millionths - most(pool: 5).millionths == 4_800_000 * 1_000_000)

        var world = try world(scenario(pool: 5))
        world.run(until: Plan.start + .minutes(30) + .seconds(1))
        world.weighMemory()
        let idle = world.host.memory.used
        let friend = ProgramRef(kind: .streamer, index: 0)
        world.effectsAt = world.now
        for index in Int32(0)..<40 {
            world.connect(ConnectionID(UInt32(1_000 + index)), to: .rtmp, by: friend)
        }
        world.run(until: world.now + .seconds(1))
        world.weighMemory()
        // Nobody published or played: 39 kB each.
        #expect(world.host.memory.used - idle == 40 * 39_000)
    }

    @Test("calls that pile up at the coordinator take memory while they wait")
    func pile() throws {
        var world = try world(scenario(pool: 5))
        world.run(until: Plan.start + .minutes(30) + .seconds(1))
        world.weighMemory()
        let idle = world.host.memory.used
        // The second pile is no higher than the first, and is weighed as well.
        for pile in UInt64(0)..<2 {
            world.effectsAt = world.now
            for index in UInt64(0)..<200 {
                let viewer = ProgramRef(kind: .prober, index: 0)
                world.place(.overview, CallID(1 << 41 + pile << 20 + index), to: .front, by: viewer)
            }
            var most: Int64 = 0
            for _ in 0..<400 {
                world.run(until: world.now + .milliseconds(10))
                most = max(most, world.host.memory.used)
            }
            #expect(most > idle + 100 * 80_000, "pile \(pile): \(most - idle)")
            world.weighMemory()
            #expect(world.host.memory.used < idle + 10 * 80_000)
        }
    }

    // MARK: Load balancer

    /// Method: beside a world in which nobody calls.
    @Test("a stopped instance is no target: 503 at once; back, it is healthy after five checks")
    func stopped() throws {
        let scenario = scenario(pool: 5) {
            $0.faults = [Fault(kind: .instanceStopStart(off: .minutes(10)), at: .hours(1))]
        }
        var world = try world(scenario)
        var quiet = try self.world(scenario)
        world.run(until: Plan.start + .minutes(65))
        quiet.run(until: world.now)
        world.effectsAt = world.now
        let friend = ProgramRef(kind: .streamer, index: 0)
        world.place(.overview, CallID(1 << 41), to: .front, by: friend)
        world.run(until: world.now + .seconds(1))
        quiet.run(until: world.now)
        #expect(world.tally.callsFailed == quiet.tally.callsFailed + 1)
        let checks = world.tally.healthChecks
        world.run(until: Plan.start + .minutes(69))
        #expect(world.tally.healthChecks == checks, "a target out of use was looked at")
        world.run(until: Plan.start + .minutes(72))
        #expect(world.balancer?.targets[0].health == .unhealthy)
        world.run(until: Plan.start + .minutes(75))
        #expect(world.balancer?.targets[0].health == .healthy)
        #expect(world.tally.healthChecks > checks)
    }
}
