import Base
import Cloud
import Testing

@testable import Plans

/// Method: random small networks are written as templates and read by the product. Beside that, the
/// very same network is walked packet by packet from concrete addresses, by code that knows nothing
/// of blocks' edges: every concrete packet must fare as the answer says.
@Suite("Reachability") struct ReachTests {
    struct Rule {
        var ports: ClosedRange<Int>
        /// A block or `group:N`.
        var peer: String
    }

    struct Host {
        var subnet: Int
        var isPublic: Bool
        var groups: [Int]
    }

    struct Net {
        var hasGateway: Bool
        /// For each subnet: destination and target (`igw` or `nat`).
        var routes: [[(block: String, target: String)]]
        var ingress: [[Rule]]
        var egress: [[Rule]]
        var hosts: [Host]
    }

    static let worldBlocks = [
        "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.0/24", "203.0.113.0/25",
    ]
    /// One address for each stretch of the world that these blocks tell apart.
    static let worldAddresses = ["1.1.1.1", "203.0.113.5", "203.0.113.200", "130.1.1.1"]
        .map { CIDR("\($0)/32")!.first }
    static let innerBlocks = ["0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.0/25"]
    static let ports = [22, 80, 1935]

    static func net(_ random: inout Random) -> Net {
        let subnets = 3
        func rules() -> [Rule] {
            (0..<random.below(4)).map { _ in
                let port = random.pick(ports)
                let peer =
                    random.isTrue(in: 3)
                    ? "group:\(random.below(3))" : random.pick(worldBlocks + innerBlocks)
                return Rule(ports: random.isTrue(in: 5) ? 0...65_535 : port...port, peer: peer)
            }
        }
        return Net(
            hasGateway: !random.isTrue(in: 4),
            routes: (0..<subnets).map { _ in
                var blocks: [(block: String, target: String)] = []
                for block in worldBlocks where random.isTrue(in: 3) {
                    blocks.append((block, random.isTrue(in: 3) ? "nat" : "igw"))
                }
                return blocks
            },
            ingress: (0..<3).map { _ in rules() }, egress: (0..<3).map { _ in rules() },
            hosts: (0..<3).map { _ in
                Host(
                    subnet: Int(random.below(UInt64(subnets))), isPublic: random.isTrue(in: 2),
                    groups: [Int(random.below(3))] + (random.isTrue(in: 3) ? [2] : []))
            })
    }

    // MARK: As a template

    static func template(_ net: Net) -> String {
        var resources = [
            #""N": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}"#,
            #""G": {"Type": "AWS::EC2::InternetGateway"}"#,
            #""Nat": {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": {"Ref": "S0"}}}"#,
        ]
        if net.hasGateway {
            resources.append(
                """
                "A": {"Type": "AWS::EC2::VPCGatewayAttachment", "Properties": {
                  "VpcId": {"Ref": "N"}, "InternetGatewayId": {"Ref": "G"}}}
                """)
        }
        for (index, routes) in net.routes.enumerated() {
            resources += [
                """
                "S\(index)": {"Type": "AWS::EC2::Subnet", "Properties": {
                  "VpcId": {"Ref": "N"}, "CidrBlock": "10.0.\(index).0/24"}}
                """,
                """
                "T\(index)": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "N"}}}
                """,
                """
                "TS\(index)": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {
                  "SubnetId": {"Ref": "S\(index)"}, "RouteTableId": {"Ref": "T\(index)"}}}
                """,
            ]
            for (number, route) in routes.enumerated() {
                let target =
                    route.target == "igw"
                    ? #""GatewayId": {"Ref": "G"}"# : #""NatGatewayId": {"Ref": "Nat"}"#
                resources.append(
                    """
                    "R\(index)x\(number)": {"Type": "AWS::EC2::Route", "Properties": {
                      "RouteTableId": {"Ref": "T\(index)"},
                      "DestinationCidrBlock": "\(route.block)", \(target)}}
                    """)
            }
        }
        for index in net.ingress.indices { resources += group(net, index) }
        for (index, host) in net.hosts.enumerated() {
            let groups = host.groups.map { #"{"Fn::GetAtt": ["SG\#($0)", "GroupId"]}"# }
            resources.append(
                """
                "H\(index)": {"Type": "AWS::EC2::Instance", "Properties": {
                  "InstanceType": "t3.micro", "NetworkInterfaces": [{
                    "SubnetId": {"Ref": "S\(host.subnet)"},
                    "AssociatePublicIpAddress": \(host.isPublic),
                    "GroupSet": [\(groups.joined(separator: ","))]}]}}
                """)
        }
        return "{\"Resources\": {\(resources.joined(separator: ",\n"))}}"
    }

    /// A group whose rules are inline where they name blocks and resources of their own where they
    /// name groups, as CDK writes them; one that lets nothing out has CDK's rule for that.
    static func group(_ net: Net, _ index: Int) -> [String] {
        var inline: [String: [String]] = ["Ingress": [], "Egress": []]
        var apart: [String] = []
        for (side, peerName, rules) in [
            ("Ingress", "Source", net.ingress[index]), ("Egress", "Destination", net.egress[index]),
        ] {
            for (number, rule) in rules.enumerated() {
                let head = """
                    "IpProtocol": "tcp", "FromPort": \(rule.ports.lowerBound), \
                    "ToPort": \(rule.ports.upperBound)
                    """
                if rule.peer.hasPrefix("group:") {
                    let other = rule.peer.dropFirst(6)
                    apart.append(
                        """
                        "SG\(index)\(side)\(number)": {"Type": "AWS::EC2::SecurityGroup\(side)",
                          "Properties": {
                            "GroupId": {"Fn::GetAtt": ["SG\(index)", "GroupId"]}, \(head),
                          "\(peerName)SecurityGroupId": {"Fn::GetAtt": ["SG\(other)", "GroupId"]}}}
                        """)
                } else {
                    inline[side]?.append("{\(head), \"CidrIp\": \"\(rule.peer)\"}")
                }
            }
        }
        let nothing = """
            {"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}
            """
        let egress = (inline["Egress"] ?? []) + [nothing]
        return apart + [
            """
            "SG\(index)": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
              "GroupDescription": "x", "VpcId": {"Ref": "N"},
              "SecurityGroupIngress": [\((inline["Ingress"] ?? []).joined(separator: ","))],
              "SecurityGroupEgress": [\(egress.joined(separator: ","))]}}
            """
        ]
    }

    // MARK: The packet walk

    static func inside(_ address: UInt32, _ block: String) -> Bool {
        let parts = block.split(separator: "/")
        let bytes = parts[0].split(separator: ".").map { UInt32($0)! }
        let base = bytes.reduce(0) { $0 << 8 | $1 }
        let bits = Int(parts[1])!
        return bits == 0 || address >> UInt32(32 - bits) == base >> UInt32(32 - bits)
    }

    /// The target of the longest route for an address: `igw`, `nat` or nothing.
    static func hop(_ net: Net, _ subnet: Int, _ address: UInt32) -> String? {
        var best: (bits: Int, target: String)?
        for route in net.routes[subnet] where inside(address, route.block) {
            let bits = Int(route.block.split(separator: "/")[1])!
            if best.map({ bits > $0.bits }) ?? true { best = (bits, route.target) }
        }
        return best?.target
    }

    static func admits(
        _ rules: [[Rule]], of host: Host, _ port: Int, address: UInt32, groups: [Int]
    ) -> Bool {
        host.groups.contains { group in
            rules[group].contains { rule in
                guard rule.ports.contains(port) else { return false }
                if rule.peer.hasPrefix("group:") {
                    return groups.contains(Int(rule.peer.dropFirst(6))!)
                }
                return inside(address, rule.peer)
            }
        }
    }

    static func enters(_ net: Net, _ host: Host, _ port: Int, from address: UInt32) -> Bool {
        host.isPublic && net.hasGateway && hop(net, host.subnet, address) == "igw"
            && admits(net.ingress, of: host, port, address: address, groups: [])
    }

    static func leaves(_ net: Net, _ host: Host, _ port: Int, to address: UInt32) -> Bool {
        guard net.hasGateway, admits(net.egress, of: host, port, address: address, groups: [])
        else { return false }
        switch hop(net, host.subnet, address) {
        case "igw": return host.isPublic
        case "nat": return hop(net, 0, address) == "igw"
        case _: return false
        }
    }

    static func crosses(_ net: Net, _ a: Host, _ b: Host, _ port: Int) -> [Bool] {
        // Where in its subnet a host is does not show: both halves are tried.
        let ends: [UInt32] = [5, 200]
        return ends.flatMap { i in
            ends.map { j in
                let source = 10 << 24 | UInt32(a.subnet) << 8 | i
                let target = 10 << 24 | UInt32(b.subnet) << 8 | j
                return admits(net.egress, of: a, port, address: target, groups: b.groups)
                    && admits(net.ingress, of: b, port, address: source, groups: a.groups)
            }
        }
    }

    static func extent(_ packets: [Bool]) -> Reachability.Extent {
        packets.allSatisfy { $0 } ? .everyone : packets.contains(true) ? .some : .nobody
    }

    @Test("every packet on random networks fares as the answer says", arguments: [UInt64(1), 77])
    func walk(seed: UInt64) throws {
        print("seed \(seed)")
        var random = Random(seed: seed)
        var seen: [Reachability.Extent: Int] = [:]
        for round in 0..<150 {
            let net = Self.net(&random)
            let plan = try Given.plan(Self.template(net))
            let reach = Reachability(plan)
            let hosts = plan.instances.map { Reachability.Place.service($0.resource) }
            try #require(hosts.count == net.hosts.count)
            func compare(
                _ from: Reachability.Place, _ to: Reachability.Place, _ port: Int,
                _ packets: [Bool]
            ) {
                let answer = reach.answer(from: from, to: to, port: port)
                seen[answer.extent, default: 0] += 1
                #expect(
                    answer.extent == Self.extent(packets),
                    "seed \(seed), round \(round): \(from) to \(to) port \(port): \(answer.text)")
            }
            for port in Self.ports {
                for (index, host) in net.hosts.enumerated() {
                    compare(
                        .internet, hosts[index], port,
                        Self.worldAddresses.map { Self.enters(net, host, port, from: $0) })
                    compare(
                        hosts[index], .internet, port,
                        Self.worldAddresses.map { Self.leaves(net, host, port, to: $0) })
                    for (other, target) in net.hosts.enumerated() where other != index {
                        compare(
                            hosts[index], hosts[other], port,
                            Self.crosses(net, host, target, port))
                    }
                }
            }
        }
        for extent: Reachability.Extent in [.everyone, .some, .nobody] {
            #expect(seen[extent, default: 0] > 50, "hardly any \(extent): the test is blind")
        }
    }

    @Test("the plan as written: who gets what, and what closes the rest")
    func seed() throws {
        let needs = ReachMatrix(try Given.seed()).needs
        func need(_ what: String) throws -> Reachability.Answer {
            try #require(needs.first { $0.what.contains(what) }).answer
        }
        #expect(try need("publish over RTMP").extent == .everyone)
        #expect(try need("its database").reason.contains("no ingress rule lets StreamrInstance"))
        #expect(try need("its cache").reason.contains("in no subnet"))
        #expect(try need("the API, port 443").reason.contains("no egress rule lets it send"))
        #expect(try need("the API, port 80").reason.contains("no listener on port 80"))
        #expect(try need("HTTP-FLV or HLS").reason.contains("no ingress rule"))
    }

    @Test("the corrected plan serves everyone, and nobody comes in by SSH")
    func corrected() throws {
        for need in ReachMatrix(try Given.shape("corrected")).needs {
            #expect(need.answer.isOpen == !need.what.contains("SSH"), "\(need.what)")
        }
    }

    @Test("a load balancer takes nothing on a port without a listener, whoever asks")
    func listeners() throws {
        let matrix = ReachMatrix(try Given.seed())
        let open = matrix.columns.indices.filter { matrix.rows[0].answers[$0].isOpen }
            .map { matrix.targets[$0] }
        #expect(
            open == [
                "StreamrInstance:22", "StreamrInstance:1935", "StreamrInstance:8081",
                "StreamrALB:443",
            ])
        let redirected = ReachMatrix(try Given.shape("corrected"))
        let port80 = try #require(redirected.targets.firstIndex { $0.hasSuffix(":80") })
        #expect(redirected.rows[0].answers[port80].isOpen)
    }

    @Test("the drawing shows what is open to all in red, and what is closed dashed")
    func drawing() throws {
        var drawing = ReachDrawing(ReachMatrix(try Given.seed()))
        let svg = drawing.svg()
        #expect(svg.contains(">22 8081</text>") && svg.contains(">443</text>"))
        for port in [80, 8000, 5432, 6379] { #expect(svg.contains(">\(port) closed</text>")) }
        var corrected = ReachDrawing(ReachMatrix(try Given.shape("corrected")))
        let open = corrected.svg()
        #expect(!open.contains("class=\"exposed\"") && !open.contains("class=\"closed\""))
    }

    /// Method: where each line runs, and where each word begins, as the picture says it.
    @Test("no line of the drawing runs through the name of a network, a band or a service")
    func names() throws {
        for plan in [try Given.seed(), try Given.shape("corrected")] {
            var drawing = ReachDrawing(ReachMatrix(plan))
            let svg = drawing.svg()
            #expect(svg.contains("viewBox=\"0 0 400 "))
            let xs = svg.matches(of: /<text class="t [a-z]+" x="(\d+)"/).compactMap { Int($0.1) }
            let runs = svg.matches(of: /d="M(\d+) (\d+)((?: L\d+ \d+)+)"/)
            #expect(xs.count > 10 && runs.count > 4)
            for run in runs {
                let corners = run.0.matches(of: /(\d+) (\d+)/).compactMap { Int($0.1) }
                // At the left of all words, or at the right of the boxes.
                #expect(corners.allSatisfy { $0 <= 92 || $0 >= 346 }, "\(run.0)")
                #expect(corners.allSatisfy { (0...400).contains($0) }, "\(run.0)")
            }
            #expect(xs.allSatisfy { (92..<346).contains($0) }, "\(xs)")
        }
    }
}
