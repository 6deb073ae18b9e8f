import Base
import Cloud

extension Checker {
    mutating func checkUptime() {
        for instance in plan.instances {
            checkAddress(instance)
            checkContainers(instance)
            checkLogs(instance)
            checkAlarms(instance)
            checkImage(instance)
            for name in instance.boot.secrets {
                add(
                    .secretInUserData, instance.resource, ["UserData"],
                    "\(name) is written out with its secret: every process on the instance and "
                        + "everyone who may read the instance's attributes can read it",
                    fix: "ask Secrets Manager at boot, with a role for the instance")
            }
        }
        checkSinglePoints()
        for database in plan.databases { checkEngine(database) }
    }

    private mutating func checkAddress(_ instance: Instance) {
        guard plan.hasPublicAddress(instance), !plan.hasElasticAddress(instance) else { return }
        let id = plan.name(instance.resource)
        add(
            .addressNotElastic, instance.resource, [],
            "its address is given back when it stops: every OBS and node that knows the old one "
                + "fails until a person hands out the new one",
            fix: "an AWS::EC2::EIP for the instance (the address costs the same)",
            edits: [
                fixer.add(
                    id + "Address", beside: instance.resource,
                    .resource(
                        "AWS::EC2::EIP",
                        [
                            .init("Domain", .string("vpc")),
                            .init("InstanceId", .reference(id)),
                        ]))
            ])
    }

    private mutating func checkContainers(_ instance: Instance) {
        let boot = instance.boot
        if boot.enablesDocker == false {
            add(
                .containersStayDown, instance.resource, ["UserData"],
                "Docker is not told to start with the machine, and user data runs once only: after "
                    + "a reboot nothing runs",
                fix: "systemctl enable docker")
        }
        for container in boot.allContainers where !container.comesBack {
            add(
                .containersStayDown, instance.resource, ["UserData"],
                "container \(container.name) has the restart policy \(container.restart.rawValue): "
                    + "after a crash or a reboot it stays down until a person starts it",
                fix: "restart: unless-stopped")
        }
        if boot.runsUnseen {
            add(
                .containersUnseen, instance.resource, ["UserData"],
                "containers are started from a compose file that is not here: restart policies, "
                    + "logs, ports and memory limits are unknown (Docker's default is never to "
                    + "restart, and logs without end)",
                fix: "give the file with --compose")
        }
    }

    private mutating func checkLogs(_ instance: Instance) {
        let boot = instance.boot
        let unbounded = boot.allContainers.filter {
            !$0.logsAreBounded && $0.logDriver != "awslogs"
        }
        guard !boot.logsAreBounded, !unbounded.isEmpty, let disk = instance.disks.first else {
            return
        }
        add(
            .logsUnbounded, instance.resource, ["UserData"],
            "\(unbounded.map(\.name).joined(separator: ", ")) log to json-file without a limit on "
                + "a disk of \(disk.gibibytes) GiB: when it is full, every service stops",
            fix: "logging: driver: local, which keeps 5 × 20 MB for each container")
    }

    private mutating func checkAlarms(_ instance: Instance) {
        let isWatched = plan.alarms.contains {
            $0.watchesStatus && $0.hasActions
                && ($0.instances.isEmpty || $0.instances.contains(instance.resource))
        }
        guard !isWatched else { return }
        add(
            .noStatusAlarm, instance.resource, [],
            "no alarm on StatusCheckFailed with an action: a dead instance is found by its users",
            fix: "an AWS::CloudWatch::Alarm on StatusCheckFailed that sends a mail",
            edits: alarm(instance))
    }

    private func alarm(_ instance: Instance) -> [TemplateEdit] {
        let id = plan.name(instance.resource)
        let topic = id + "Operators"
        let dimension = JSONTree.object([
            .init("Name", .string("InstanceId")), .init("Value", .reference(id)),
        ])
        let properties: [JSONTree.Member] = [
            .init("AlarmDescription", .string("The instance or its machine is down")),
            .init("Namespace", .string("AWS/EC2")),
            .init("MetricName", .string("StatusCheckFailed")),
            .init("Dimensions", .array([dimension])), .init("Statistic", .string("Maximum")),
            .init("Period", .number("60")), .init("EvaluationPeriods", .number("3")),
            .init("Threshold", .number("1")),
            .init("ComparisonOperator", .string("GreaterThanOrEqualToThreshold")),
            .init("AlarmActions", .array([.reference(topic)])),
        ]
        return [
            fixer.add(topic, beside: instance.resource, .resource("AWS::SNS::Topic", [])),
            fixer.add(
                id + "Down", beside: instance.resource,
                .resource("AWS::CloudWatch::Alarm", properties)),
        ]
    }

    /// A month's share of what the service level agreements leave open, in minutes of 730 hours:
    /// 99.5 % for an instance (Amazon Compute SLA) and a single-AZ database (Amazon RDS SLA).
    private mutating func checkSinglePoints() {
        let month = 730 * 60
        func hours(_ perMille: Int) -> String {
            let minutes = month * perMille / 1_000
            return "\(minutes / 60) h \(minutes % 60) min"
        }
        if plan.instances.count == 1 {
            add(
                .singlePointOfFailure, plan.instances[0].resource, [],
                "the only instance: its agreement leaves \(hours(5)) a month of being down, in "
                    + "which nobody streams", fix: "accept it, or run a second instance")
        }
        for database in plan.databases where !database.isMultiZone {
            add(
                .singlePointOfFailure, database.resource, ["MultiAZ"],
                "one zone only: its agreement leaves \(hours(5)) a month, and every maintenance "
                    + "window stops the coordinator",
                fix: "accept it, or MultiAZ: true, which doubles its price")
        }
        for cache in plan.caches where cache.nodes == 1 {
            add(
                .singlePointOfFailure, cache.resource, [],
                "one node: when it is replaced the coordinator is degraded, and who watches where "
                    + "is forgotten",
                fix: "accept it: the coordinator goes on without, or a replication group")
        }
    }

    // MARK: Ends of support

    private mutating func checkImage(_ instance: Instance) {
        guard let image = MachineImage(instance.image) else { return }
        // Amazon Linux 2 FAQs; Amazon Linux 2023 User Guide, "Release cadence".
        let (name, end) =
            switch image {
            case .amazonLinux2: ("Amazon Linux 2", "2026-06-30")
            case .amazonLinux2023: ("Amazon Linux 2023", "2029-06-30")
            }
        guard question.date > end else { return }
        let stack = plan.graph.resources[instance.resource].stack
        let isArm = instance.type.hasPrefix("t4g")
        let parameter =
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
            + (isArm ? "arm64" : "x86_64")
        add(
            .imageEndOfLife, instance.resource, ["ImageId"],
            "\(name) is past its end of support (\(end)): holes found since then stay open",
            fix: "Amazon Linux 2023: \(parameter)",
            edits: [
                .set(
                    stack: stack, path: ["Parameters", "AmazonLinux2023"],
                    .object([
                        .init("Type", .string("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>")),
                        .init("Default", .string(parameter)),
                    ])),
                fixer.set(instance.resource, ["ImageId"], .reference("AmazonLinux2023")),
            ])
    }

    /// PostgreSQL Versioning Policy: the final release of each major version.
    static let postgresEnds: [(version: Int, end: String)] = [
        (11, "2023-11-09"), (12, "2024-11-21"), (13, "2025-11-13"), (14, "2026-11-12"),
        (15, "2027-11-11"), (16, "2028-11-09"), (17, "2029-11-08"), (18, "2030-11-14"),
    ]

    private mutating func checkEngine(_ database: Database) {
        guard database.engine == "postgres", let version = database.majorVersion else { return }
        let known = Self.postgresEnds.first { $0.version == version }
        let end = known?.end ?? (version < 11 ? "2022-11-10" : "9999")
        guard question.date > end else { return }
        add(
            .engineEndOfLife, database.resource, ["EngineVersion"],
            "PostgreSQL \(version) is past its end of support (\(end)): no more fixes",
            fix: "PostgreSQL 17 or newer")
    }
}
