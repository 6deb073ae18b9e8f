import Base
import Cloud

/// Templates with the fixes of findings written into them.
public struct Improvement: Sendable {
    public var templates: [Template]
    public var fixed: [Finding]
    /// Those that a person has to decide about.
    public var left: [Finding]
    private let before: [Template]

    /// `fixing` nil is every finding that has a fix.
    public init(_ findings: Findings, fixing rules: [Rule]?) {
        let chosen = findings.counted.filter { rules?.contains($0.rule) ?? true }
        fixed = chosen.filter { !$0.edits.isEmpty }
        left = chosen.filter { $0.edits.isEmpty }
        before = findings.plan.graph.templates
        let trees = TemplateEdit.apply(
            fixed.flatMap(\.edits), to: before.map(\.root.tree))
        templates = zip(before, trees).map { template, tree in
            do throws(SourceFault) {
                return Template(
                    name: template.name, path: template.path,
                    root: try SourceNode.read(Array(tree.text.utf8)))
            } catch {
                // Only a template at the limits of size gets there: it takes no fix.
                return template
            }
        }
    }

    /// What was fixed, the difference in the templates, and what is left.
    public var text: String {
        var lines = fixed.map { "fixed \($0.rule.rawValue): \($0.resource)" }
        for (old, new) in zip(before, templates) where old.root.tree != new.root.tree {
            lines += ["", "--- \(old.path)", "+++ \(old.name).template.json"]
            lines += LineDifference.lines(from: old.root.tree.text, to: new.root.tree.text)
        }
        if !left.isEmpty { lines += ["", "left to you"] }
        lines += left.map { "  \($0.rule.rawValue): \($0.resource)\n      fix: \($0.fix)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The lines in which two texts differ, as `diff -u` shows them.
enum LineDifference {
    static let context = 3
    /// Beyond this the quadratic table would take too long; templates are shorter.
    static let linesMax = 6_000

    static func lines(from old: String, to new: String) -> [String] {
        let a = old.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let b = new.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard a.count <= linesMax, b.count <= linesMax else { return ["(too long to compare)"] }
        return hunks(edits(a, b))
    }

    /// Every line with its mark: a space, `-` or `+`. The longest common part is found between the
    /// ends that are equal anyway.
    private static func edits(_ a: [String], _ b: [String]) -> [String] {
        var start = 0
        while start < min(a.count, b.count), a[start] == b[start] { start += 1 }
        var end = 0
        while end < min(a.count, b.count) - start,
            a[a.count - 1 - end] == b[b.count - 1 - end]
        { end += 1 }
        let (x, y) = (Array(a[start..<(a.count - end)]), Array(b[start..<(b.count - end)]))
        return a[..<start].map { " " + $0 } + middle(x, y)
            + a[(a.count - end)...].map { " " + $0 }
    }

    private static func middle(_ a: [String], _ b: [String]) -> [String] {
        let width = b.count + 1
        var common = [UInt16](repeating: 0, count: (a.count + 1) * width)
        for i in stride(from: a.count - 1, through: 0, by: -1) {
            for j in stride(from: b.count - 1, through: 0, by: -1) {
                common[i * width + j] =
                    a[i] == b[j]
                    ? common[(i + 1) * width + j + 1] + 1
                    : max(common[(i + 1) * width + j], common[i * width + j + 1])
            }
        }
        var lines: [String] = []
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if i < a.count, j < b.count, a[i] == b[j] {
                lines.append(" " + a[i])
                (i, j) = (i + 1, j + 1)
            } else if j == b.count
                || i < a.count && common[(i + 1) * width + j] >= common[i * width + j + 1]
            {
                lines.append("-" + a[i])
                i += 1
            } else {
                lines.append("+" + b[j])
                j += 1
            }
        }
        return lines
    }

    /// Changed lines with a few around them.
    private static func hunks(_ lines: [String]) -> [String] {
        let changed = lines.indices.filter { !lines[$0].hasPrefix(" ") }
        var shown: [String] = []
        var reached = 0
        for index in changed {
            let from = max(reached, index - context)
            if from > reached || shown.isEmpty { shown.append("@@") }
            let until = min(lines.count, index + context + 1)
            if from < until { shown += lines[from..<until] }
            reached = max(reached, until)
        }
        return shown
    }
}
