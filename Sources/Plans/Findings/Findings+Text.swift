import Base
import Cloud

extension Findings {
    /// What `plan check` prints: question by question, the heaviest first.
    public func text(_ question: Question) -> String {
        var lines = [
            "\(counts), at prices and ends of support of \(question.date)", "",
        ]
        for area in Rule.Area.allCases {
            let findings = counted.filter { $0.rule.area == area }
            guard !findings.isEmpty else { continue }
            lines.append(area.rawValue)
            lines += findings.flatMap { $0.lines(plan) } + [""]
        }
        for finding in all {
            guard let reason = finding.suppressed else { continue }
            lines.append("suppressed: \(finding.rule.rawValue) at \(finding.resource): \(reason)")
        }
        for suppression in staleSuppressions {
            lines.append(
                "suppression of \(suppression.rule.rawValue) covers nothing any more: take it out")
        }
        return lines.joined(separator: "\n") + (lines.last == "" ? "" : "\n")
    }

    /// `5 errors, 12 warnings, 6 notes`.
    public var counts: String {
        Rule.Severity.allCases.map { severity in
            let count = self.count(severity)
            return "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }.joined(separator: ", ")
    }

    // MARK: JSON

    public func json(_ question: Question) -> JSONTree {
        .object([
            .init("schema", .string("streamr-sim/findings/1")),
            .init("date", .string(question.date)),
            .init("account", .string(question.account.rawValue)),
            .init("region", .string(plan.region)),
            .init("templates", .array(plan.graph.templates.map { .string($0.path) })),
            .init(
                "counts",
                .object(
                    Rule.Severity.allCases.map {
                        .init($0.rawValue, .number(String(count($0))))
                    })),
            .init("findings", .array(all.map { $0.json(plan) })),
            .init(
                "staleSuppressions",
                .array(staleSuppressions.map { .string($0.rule.rawValue) })),
        ])
    }

    // MARK: SARIF

    /// SARIF 2.1.0 (OASIS), for code hosts that show findings beside the lines.
    public var sarif: JSONTree {
        let used = Rule.allCases.filter { rule in all.contains { $0.rule == rule } }
        let driver = JSONTree.object([
            .init("name", .string("streamr-sim")),
            .init("rules", .array(used.map(\.sarif))),
        ])
        return .object([
            .init("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")),
            .init("version", .string("2.1.0")),
            .init(
                "runs",
                .array([
                    .object([
                        .init("tool", .object([.init("driver", driver)])),
                        .init("results", .array(all.map { $0.sarif(plan) })),
                    ])
                ])),
        ])
    }

    // MARK: JUnit

    /// One case for each rule; a rule of errors that found something has failed.
    public var junit: String {
        let failures = Rule.allCases.count { rule in failing(rule) }
        var text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuite name="plan check" tests="\(Rule.allCases.count)" failures="\(failures)">

            """
        for rule in Rule.allCases {
            let found = counted.filter { $0.rule == rule }
            text += "  <testcase classname=\"plan\" name=\"\(rule.rawValue)\""
            guard !found.isEmpty else {
                text += "/>\n"
                continue
            }
            let lines = found.map { "\($0.place(plan)): \($0.reason)" }.joined(separator: "\n")
            let element = failing(rule) ? "failure" : "system-out"
            let message = failing(rule) ? " message=\"\(rule.title.xmlEscaped)\"" : ""
            text += ">\n    <\(element)\(message)>\(lines.xmlEscaped)</\(element)>\n  </testcase>\n"
        }
        return text + "</testsuite>\n"
    }

    private func failing(_ rule: Rule) -> Bool {
        rule.severity == .error && counted.contains { $0.rule == rule }
    }
}

extension Finding {
    func place(_ plan: Plan) -> String {
        "\(plan.graph.templates[stack].path):\(line)"
    }

    fileprivate func lines(_ plan: Plan) -> [String] {
        var lines = ["  \(rule.severity.rawValue) \(rule.rawValue): \(resource)"]
        lines += reason.wrapped(to: 92).map { "      " + $0 }
        if !fix.isEmpty { lines += ("fix: " + fix).wrapped(to: 92).map { "      " + $0 } }
        lines += ("see: " + rule.documentation).wrapped(to: 92).map { "      " + $0 }
        return lines + ["      \(place(plan)) \(path)"]
    }

    fileprivate func json(_ plan: Plan) -> JSONTree {
        var members: [JSONTree.Member] = [
            .init("rule", .string(rule.rawValue)),
            .init("severity", .string(rule.severity.rawValue)),
            .init("title", .string(rule.title)),
            .init("resource", .string(resource)),
            .init("file", .string(plan.graph.templates[stack].path)),
            .init("path", .string(path)),
            .init("line", .number(String(line))),
            .init("reason", .string(reason)),
            .init("fix", .string(fix)),
            .init("isFixable", .bool(!edits.isEmpty)),
            .init("documentation", .string(rule.documentation)),
        ]
        if let suppressed { members.append(.init("suppressed", .string(suppressed))) }
        return .object(members)
    }

    fileprivate func sarif(_ plan: Plan) -> JSONTree {
        let location = JSONTree.object([
            .init(
                "physicalLocation",
                .object([
                    .init(
                        "artifactLocation",
                        .object([.init("uri", .string(plan.graph.templates[stack].path))])),
                    .init("region", .object([.init("startLine", .number(String(line)))])),
                ])),
            .init(
                "logicalLocations",
                .array([.object([.init("fullyQualifiedName", .string("\(resource) \(path)"))])])),
        ])
        var members: [JSONTree.Member] = [
            .init("ruleId", .string(rule.rawValue)),
            .init("level", .string(rule.severity.rawValue)),
            .init("message", .object([.init("text", .string("\(reason). Fix: \(fix)."))])),
            .init("locations", .array([location])),
        ]
        if let suppressed {
            members.append(
                .init(
                    "suppressions",
                    .array([
                        .object([
                            .init("kind", .string("external")),
                            .init("justification", .string(suppressed)),
                        ])
                    ])))
        }
        return .object(members)
    }
}

extension Rule {
    fileprivate var sarif: JSONTree {
        .object([
            .init("id", .string(rawValue)),
            .init("shortDescription", .object([.init("text", .string(title))])),
            .init("help", .object([.init("text", .string("See: \(documentation)."))])),
            .init(
                "defaultConfiguration", .object([.init("level", .string(severity.rawValue))])),
        ])
    }
}

extension String {
    var xmlEscaped: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "\0"..."\u{8}", "\u{b}"..."\u{1f}": text += "?"
            case _: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Lines of at most so many characters, broken at spaces.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
