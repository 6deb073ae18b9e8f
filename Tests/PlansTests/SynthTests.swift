import Base
import Cloud
import Foundation
import Testing

@testable import Plans

extension Deployment {
    static let example = Deployment(
        region: "eu-west-1",
        instance: InstancePlan(
            machine: .type("t3.micro"), credits: .unlimited, elasticAddress: true,
            rootVolume: VolumePlan(size: .gibibytes(8), type: .gp2), image: .amazonLinux2023,
            networkBurst: ByteCount(bytes: 113_000_000_000), swap: .gibibytes(2)),
        rtmp: RTMPPlan(
            profile: "srs", connectionsMax: 1_000, queue: .seconds(30),
            mergedWrite: .milliseconds(350), keyRequired: true),
        database: .managed(
            instanceClass: "db.t3.micro", storage: VolumePlan(size: .gibibytes(20), type: .gp3),
            multiAZ: false, backupDays: 7, engineVersion: 17),
        cache: .managed(nodeType: "cache.t4g.micro", engine: .valkey),
        front: .loadBalancer(zones: 2, healthPath: "/health"),
        containers: ContainerPlan(
            restart: .unlessStopped, logDriver: .local, dockerEnabled: true,
            logIdle: .kilobits(2), logPerCall: ByteCount(bytes: 250), images: .gibibytes(2)),
        rules: [
            NetworkRule(from: .internet, to: .instance, port: 1935),
            NetworkRule(from: .internet, to: .loadBalancer, port: 80),
            NetworkRule(from: .internet, to: .loadBalancer, port: 443),
            NetworkRule(from: .loadBalancer, to: .instance, port: 8000),
            NetworkRule(from: .instance, to: .database, port: 5432),
            NetworkRule(from: .instance, to: .cache, port: 6379),
        ], secrets: 1, zones: 1, alarms: true)

    static func random(_ random: inout Random) -> Deployment {
        var it = example
        it.region = random.pick(["eu-west-1", "us-east-1"])
        it.instance = InstancePlan(
            machine: .type(random.pick(MachineType.all.map(\.name))),
            credits: random.pick(CreditMode.allCases), elasticAddress: random.isTrue(in: 2),
            rootVolume: VolumePlan(
                size: .gibibytes(Int64(8 + random.below(100))),
                type: random.pick(VolumeType.allCases)),
            image: random.pick(MachineImage.allCases),
            networkBurst: ByteCount(bytes: Int64(random.below(1 << 40))),
            swap: .mebibytes(Int64(random.below(3) * 512)))
        it.rtmp = RTMPPlan(
            profile: random.pick(["srs", "nginx-rtmp"]),
            connectionsMax: Int(1 + random.below(9_000)),
            queue: Interval(nanoseconds: Int64(random.below(1 << 36))),
            mergedWrite: .milliseconds(Int64(random.below(1_000))),
            keyRequired: random.isTrue(in: 2))
        if random.isTrue(in: 2) {
            it.database = .container
        } else {
            it.database = .managed(
                instanceClass: "db." + random.pick(["t3.micro", "t4g.micro", "t3.medium"]),
                storage: VolumePlan(
                    size: .gibibytes(Int64(20 + random.below(100))),
                    type: random.pick(VolumeType.allCases)), multiAZ: random.isTrue(in: 2),
                backupDays: Int(random.below(36)), engineVersion: Int(13 + random.below(5)))
        }
        it.cache =
            random.isTrue(in: 2)
            ? .container(memoryMax: .mebibytes(Int64(1 + random.below(512))))
            : .managed(
                nodeType: random.pick(["cache.t4g.micro", "cache.t3.micro"]),
                engine: random.pick(CacheEngine.allCases))
        it.front =
            random.isTrue(in: 2)
            ? .container
            : .loadBalancer(
                zones: Int(2 + random.below(2)), healthPath: random.pick(["/health", "/"]))
        it.containers.restart = random.pick(RestartPolicy.allCases)
        it.containers.logDriver = random.pick(LogDriver.allCases)
        it.containers.dockerEnabled = random.isTrue(in: 2)
        it.rules = Deployment.ways.flatMap { way in
            [22, 80, 443, 1935, 5432, 6379, 8000, 8081].filter { _ in random.isTrue(in: 3) }
                .map { NetworkRule(from: way.from, to: way.to, port: $0) }
        }
        it.secrets = Int(random.below(3))
        it.zones = Int(random.below(3))
        it.alarms = random.isTrue(in: 2)
        return it.canonical
    }
}

@Suite("Synthesis") struct SynthTests {
    private func readBack(_ deployment: Deployment) throws -> Plan.Derived {
        let plan = Plan(
            try Synthesis(deployment).templates, ReadSettings(region: deployment.region))
        return try #require(plan.deployment(assuming: .example))
    }

    @Test("what is written and read back is the same deployment, and nothing was assumed")
    func roundTrip() throws {
        let derived = try readBack(.example)
        #expect(derived.deployment == Deployment.example.canonical)
        #expect(derived.assumptions.isEmpty)
    }

    @Test("random deployments come back as they went", arguments: [UInt64(5), 99])
    func random(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        for round in 0..<120 {
            var deployment = Deployment.random(&random)
            // Ports of the inner ways that nothing of the plan names do not show in a matrix.
            deployment.rules.removeAll { rule in
                switch (rule.from, rule.to) {
                case (.instance, .database): rule.port != 5432
                case (.instance, .cache): rule.port != 6379
                case (.loadBalancer, .instance), (.internet, _): false
                case (_, _): true
                }
            }
            let derived = try readBack(deployment)
            #expect(derived.deployment == deployment, "seed \(seed), round \(round)")
            guard derived.deployment == deployment else { return }
        }
    }

    @Test("a synthesised plan that is meant well has no error")
    func findings() throws {
        let plan = Plan(
            try Synthesis(.example).templates, ReadSettings(region: "eu-west-1"))
        let found = Given.findings(plan)
        #expect(found.allSatisfy { $0.rule.severity != .error }, "\(found.map(\.rule))")
    }

    @Test("what has no model is not simulated as such, and that is said")
    func notModelled() throws {
        var deployment = Deployment.example
        deployment.database = .managed(
            instanceClass: "db.t3.micro", storage: VolumePlan(size: .gibibytes(500), type: .gp3),
            multiAZ: false, backupDays: 7, engineVersion: 17)
        deployment.cache = .managed(nodeType: "cache.m6i.large", engine: .valkey)
        let derived = try readBack(deployment)
        guard case .managed(_, let storage, _, _, _) = derived.deployment.database else { return }
        #expect(storage.size == .gibibytes(399))
        #expect(derived.deployment.cache == Deployment.example.cache)
        #expect(derived.assumptions.count == 2, "\(derived.assumptions)")
        #expect(derived.assumptions.first?.contains("500 GiB is not modelled") == true)
    }

    @Test("what cannot be written is refused with the reason")
    func refused() {
        var deployment = Deployment.example
        deployment.rules.append(NetworkRule(from: .database, to: .cache, port: 1))
        #expect(throws: Synthesis.Fault.self) { try Synthesis(deployment) }
        deployment = .example
        deployment.front = .loadBalancer(zones: 4, healthPath: "/")
        #expect(throws: Synthesis.Fault.self) { try Synthesis(deployment) }
    }

    /// Method: cfn-lint holds every template to AWS's own resource schemas. Warnings (an engine
    /// that is deprecated, a parameter that a fix left unused) are the deployment's.
    @Test("cfn-lint finds no error in what synth and improve write")
    func lint() throws {
        var random = Random(seed: 11)
        try Tool.inFolder { folder in
            var files: [String] = []
            func keep(_ templates: [Template], _ name: String) throws {
                for template in templates {
                    let file = folder.appending(path: "\(name)-\(template.name).json").path
                    try Data(template.root.tree.text.utf8).write(to: URL(filePath: file))
                    files.append(file)
                }
            }
            try keep(try Synthesis(.example).templates, "example")
            for index in 0..<6 {
                try keep(try Synthesis(Deployment.random(&random)).templates, "random\(index)")
            }
            let findings = Findings(try Given.seed(), Given.question, suppressions: [])
            try keep(Improvement(findings, fixing: nil).templates, "improved")
            let words = ["cfn-lint", "-r", "us-east-1", "--non-zero-exit-code", "error", "-t"]
            let outcome = try Tool.run(words + files)
            #expect(outcome.status == 0, "\(outcome.output)")
        }
    }

    /// Method: moto stands in for AWS. Its CloudFormation makes every resource it knows; what
    /// it lacks (ElastiCache, secrets, certificates, egress) goes through their own interfaces.
    @Test("moto creates every resource of both stacks, whatever is managed")
    func moto() throws {
        var containers = Deployment.example
        (containers.front, containers.database) = (.container, .container)
        containers.cache = .container(memoryMax: .mebibytes(64))
        containers.rules = [NetworkRule(from: .internet, to: .instance, port: 443)]
        containers.secrets = 0
        var mixed = Deployment.example
        mixed.front = .container
        mixed.rules.removeAll { $0.from == .loadBalancer || $0.to == .loadBalancer }
        mixed.instance.machine = .type("t4g.small")
        try Tool.inFolder { folder in
            let deployments = [Deployment.example, containers, mixed]
            let folders = try deployments.enumerated().map { index, deployment in
                let inner = folder.appending(path: "\(index)")
                try FileManager.default.createDirectory(
                    at: inner, withIntermediateDirectories: true)
                for template in try Synthesis(deployment).templates {
                    try Data(template.root.tree.text.utf8).write(
                        to: inner.appending(path: "\(template.name).json"))
                }
                return inner.path
            }
            let script = Given.root.appending(path: "Tests/PlansTests/deploy.py").path
            let outcome = try Tool.run(["python3", script] + folders, seconds: 300)
            #expect(outcome.status == 0, "\(outcome.output)")
            let made = outcome.output.split(separator: "StreamrApplicationStack: CREATE_COMPLETE")
            #expect(made.count == deployments.count + 1, "\(outcome.output)")
        }
    }

    /// Method: CDK's own output for these shapes is kept, so that a reader sees what the tests
    /// read. It is made anew here, which takes CDK a quarter of a minute, and compared.
    @Test("the kept shapes are what CDK writes")
    func shapes() throws {
        try Tool.inFolder { folder in
            let script = Given.root.appending(path: "Tests/PlansTests/shapes.py").path
            // A processor that is shared with a build makes a minute of it.
            let outcome = try Tool.run(["python3", script, folder.path], seconds: 600)
            #expect(outcome.status == 0, "\(outcome.output)")
            let difference = try Tool.run(["diff", "-r", folder.path, Given.shapes.path])
            #expect(difference.status == 0, "\(difference.output)")
        }
    }
}
