import Base
import Cloud

extension SynthesisWriter {
    /// The first boot, as `Fn::Sub` takes it: a text, and what it names of the other stack.
    var userData: JSONTree {
        var names: [Entry] = []
        if hasManagedDatabase {
            names.append(("DatabaseAddress", Self.imported("DatabaseAddress")))
        }
        if hasManagedCache { names.append(("CacheAddress", Self.imported("CacheAddress"))) }
        if deployment.secrets > 0 { names.append(("Secret", Self.imported("Secret"))) }
        let text = JSONTree.string(script.joined(separator: "\n") + "\n")
        return names.isEmpty ? text : .array([text, Self.object(names)])
    }

    private var script: [String] {
        let manager = deployment.instance.image == .amazonLinux2 ? "yum" : "dnf"
        var lines = ["#!/bin/bash", "set -eu", "\(manager) install -y docker jq"]
        if deployment.instance.swap.bytes > 0 {
            lines += [
                "fallocate -l \(deployment.instance.swap.bytes) /swapfile", "chmod 600 /swapfile",
                "mkswap /swapfile", "swapon /swapfile",
                "echo '/swapfile none swap sw 0 0' >> /etc/fstab",
            ]
        }
        if deployment.containers.dockerEnabled { lines.append("systemctl enable docker") }
        let plugins = "/usr/local/lib/docker/cli-plugins"
        let release = "https://github.com/docker/compose/releases/latest/download/docker-compose"
        lines += [
            "systemctl start docker", "mkdir -p \(plugins) /opt/streamr",
            "curl -fsSL \"\(release)-linux-$(uname -m)\" -o \(plugins)/docker-compose",
            "chmod +x \(plugins)/docker-compose", "cd /opt/streamr",
            "cat > /opt/streamr/docker-compose.yml <<'EOF'",
        ]
        lines += compose + ["EOF", "umask 077"] + environment
        return lines + ["docker compose up -d"]
    }

    /// Secrets are asked for while booting; none stands in the text.
    private var environment: [String] {
        let ask =
            "aws secretsmanager get-secret-value --region ${AWS::Region} --secret-id ${Secret} "
            + "--query SecretString --output text | jq -r .password"
        let password = deployment.secrets > 0 ? "$(\(ask))" : "$(openssl rand -hex 16)"
        let database = hasManagedDatabase ? "${DatabaseAddress}" : "database"
        let cache = hasManagedCache ? "${CacheAddress}" : "cache"
        return [
            "PASSWORD=\(password)",
            "echo \"DATABASE_PASSWORD=$PASSWORD\" > .env",
            "echo \"DATABASE_URL=postgresql://streamr:$PASSWORD@\(database):5432/streamr\" >> .env",
            "echo \"REDIS_URL=redis://\(cache):6379\" >> .env",
        ]
    }

    private var compose: [String] {
        var lines = ["services:"]
        func add(_ name: String, _ image: String, ports: [Int], _ more: [String]) {
            lines += ["  \(name):", "    image: \(image)"]
            if !ports.isEmpty {
                lines.append("    ports:")
                lines += ports.map { "      - \"\($0):\($0)\"" }
            }
            lines += more.map { "    " + $0 }
            if deployment.containers.restart != .no {
                lines.append("    restart: \(deployment.containers.restart.rawValue)")
            }
            if deployment.containers.logDriver == .local {
                lines += ["    logging:", "      driver: local"]
            }
        }
        add("rtmp", "ossrs/srs:5", ports: [1935, 8080], [])
        add("coordinator", "${CoordinatorImage}", ports: [8000], ["env_file: .env"])
        add(
            "worker", "${CoordinatorImage}", ports: [],
            ["command: worker", "env_file: .env"])
        if !hasBalancer {
            add(
                "front", "caddy:2", ports: [80, 443],
                ["command: caddy reverse-proxy --from ${DomainName} --to coordinator:8000"])
        }
        if case .container = deployment.database {
            add("database", "postgres:17", ports: [], ["env_file: .env"])
        }
        if case .container(let memoryMax) = deployment.cache {
            add(
                "cache", "valkey/valkey:8", ports: [],
                ["command: valkey-server --maxmemory \(memoryMax.bytes)"])
        }
        return lines
    }

    /// What no property says.
    var notes: JSONTree {
        let (rtmp, containers) = (deployment.rtmp, deployment.containers)
        func number(_ value: Int64) -> JSONTree { .number(String(value)) }
        return Self.object([
            ("profile", .string(rtmp.profile)),
            ("connectionsMax", Self.number(rtmp.connectionsMax)),
            ("queueNanoseconds", number(rtmp.queue.nanoseconds)),
            ("mergedWriteNanoseconds", number(rtmp.mergedWrite.nanoseconds)),
            ("keyRequired", .bool(rtmp.keyRequired)),
            ("networkBurstBytes", number(deployment.instance.networkBurst.bytes)),
            ("logIdleBitsPerSecond", number(containers.logIdle.bitsPerSecond)),
            ("logPerCallBytes", number(containers.logPerCall.bytes)),
            ("imagesBytes", number(containers.images.bytes)),
            ("databasePool", Self.number(containers.databasePool)),
        ])
    }
}
