import Base
import Cloud

extension ReachMatrix {
    /// What everyone needs, then who reaches what, each with what decides it.
    public var text: String {
        var lines = ["What the platform needs", ""]
        for need in needs {
            let word = need.answer.extent.word
            lines.append("  \(word)  \(need.who): \(need.what)")
            lines += need.answer.steps.map {
                "         \($0.extent == .nobody ? "✗" : "·") \($0.text)"
            }
        }
        lines += ["", "Who reaches what (yes; some: from a part of the addresses; -: closed)", ""]
        var table = TextTable(rightAligned: [])
        table.add(["to"] + sources)
        for (index, head) in targets.enumerated() {
            table.add([head] + rows.map { $0.answers[index].extent.sign })
        }
        lines += table.lines
        for omission in plan.omissions {
            lines.append(
                "Left out: \(plan.graph.fullName(omission.resource)): \(omission.leavesOut)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Where connections come from, one for each row.
    public var sources: [String] { rows.map { name($0.from).shortened } }

    /// Service and port, one for each column.
    public var targets: [String] {
        columns.map { "\(plan.name($0.service).shortened):\($0.port)" }
    }

    public var json: JSONTree {
        .object([
            .init("schema", .string("streamr-sim/reach/1")),
            .init("region", .string(plan.region)),
            .init(
                "needs",
                .array(
                    needs.map {
                        .object([
                            .init("who", .string($0.who)), .init("what", .string($0.what)),
                            .init("answer", $0.answer.json(plan)),
                        ])
                    })),
            .init(
                "matrix",
                .array(
                    rows.flatMap { row in
                        columns.indices.map { index in
                            .object([
                                .init("from", .string(name(row.from))),
                                .init("to", .string(plan.name(columns[index].service))),
                                .init("port", .number(String(columns[index].port))),
                                .init("answer", row.answers[index].json(plan)),
                            ])
                        }
                    })),
            .init(
                "leftOut",
                .array(
                    plan.omissions.map {
                        .string("\(plan.graph.fullName($0.resource)): \($0.leavesOut)")
                    })),
        ])
    }
}

extension Reachability.Extent {
    fileprivate var word: String {
        switch self {
        case .everyone: "yes "
        case .some: "part"
        case .nobody: "NO  "
        }
    }

    /// As JSON and reports have it.
    public var text: String {
        switch self {
        case .everyone: "yes"
        case .some: "some"
        case .nobody: "no"
        }
    }

    fileprivate var sign: String {
        switch self {
        case .everyone: "yes"
        case .some: "some"
        case .nobody: "-"
        }
    }
}

extension Reachability.Answer {
    /// The way it goes or where it ends, as `plan reach --from --to` prints it.
    public var text: String {
        let head = extent == .nobody ? "no" : extent == .some ? "from some addresses" : "yes"
        return ([head] + steps.map { "  \($0.extent == .nobody ? "✗" : "·") \($0.text)" })
            .joined(separator: "\n") + "\n"
    }

    public func json(_ plan: Plan) -> JSONTree {
        .object([
            .init("open", .string(extent.text)),
            .init(
                "path",
                .array(
                    steps.map { step in
                        .object([
                            .init("text", .string(step.text)),
                            .init(
                                "resource",
                                step.resource.map { .string(plan.graph.fullName($0)) } ?? .null),
                            .init("isOpen", .bool(step.extent != .nobody)),
                        ])
                    })),
        ])
    }
}

extension String {
    /// CDK's logical ids end in eight or more hexadecimal digits that tell people nothing.
    var shortened: String {
        let tail = suffix(8)
        let isHash = count > 12 && tail.allSatisfy { $0.isHexDigit && !$0.isLowercase }
        return isHash ? String(dropLast(8)) : self
    }
}
