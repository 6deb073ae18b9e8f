/// One thing that is wrong with a plan, and where.
public struct Finding: Sendable, Hashable {
    public var rule: Rule
    /// An index into the graph's templates.
    public var stack: Int
    /// Such as `StreamrFoundationStack/RedisSubnetGroup`; empty where it is about none.
    public var resource: String
    /// In the template, such as `$.Resources.RedisSubnetGroup.Properties.SubnetIds`.
    public var path: String
    public var line: Int
    /// What is wrong and what follows from it for this platform, in one line.
    public var reason: String
    /// What to write instead.
    public var fix: String
    /// The fix for `plan improve`; empty where a person has to decide.
    public var edits: [TemplateEdit]
    /// Why it is not counted, where a suppression says so.
    public var suppressed: String?
}

/// A finding that its owner knows of and accepts, with the reason.
public struct Suppression: Sendable, Hashable {
    public var rule: Rule
    /// `Stack/Resource`; nil is all of them.
    public var resource: String?
    public var reason: String

    public init(rule: Rule, resource: String?, reason: String) {
        self.rule = rule
        self.resource = resource
        self.reason = reason
    }

    func covers(_ finding: Finding) -> Bool {
        rule == finding.rule && (resource == nil || resource == finding.resource)
    }
}

/// All findings of a plan, the heaviest first.
public struct Findings: Sendable, Hashable {
    public var plan: Plan
    public var all: [Finding]
    /// Suppressions that cover nothing: the plan has changed since they were written.
    public var staleSuppressions: [Suppression]

    public init(_ plan: Plan, _ question: Question, suppressions: [Suppression]) {
        self.plan = plan
        var checker = Checker(plan: plan, question: question)
        var found = checker.found()
        for index in found.indices {
            found[index].suppressed = suppressions.first { $0.covers(found[index]) }?.reason
        }
        all = found.enumerated().sorted { a, b in
            let (x, y) = (a.element.rule.rank, b.element.rule.rank)
            return x == y ? a.offset < b.offset : x < y
        }.map(\.element)
        staleSuppressions = suppressions.filter { suppression in
            !found.contains { suppression.covers($0) }
        }
    }

    public var counted: [Finding] { all.filter { $0.suppressed == nil } }

    public func count(_ severity: Rule.Severity) -> Int {
        counted.count { $0.rule.severity == severity }
    }
}

extension Rule {
    /// Errors before warnings before notes, and as they are declared within.
    fileprivate var rank: Int {
        let weight = Severity.allCases.firstIndex(of: severity) ?? 0
        return weight * Rule.allCases.count + (Rule.allCases.firstIndex(of: self) ?? 0)
    }
}
