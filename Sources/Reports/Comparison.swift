import Base
import Results

/// Two runs side by side: what changed, by how much, and whether it was allowed to.
///
/// Runs of one mode must be equal in every figure, amount and ruling. A fluid run may differ from
/// a run by frames by what its method is allowed to be off; bills must still agree to the cent.
public struct Comparison: Sendable, Hashable, Codable {
    public static let schema = "streamr-sim/comparison/1"

    public var schema: String
    public var before: Side
    public var after: Side
    public var rows: [Row]

    public struct Side: Sendable, Hashable, Codable {
        public var scenario: String
        public var seed: UInt64
        public var mode: RunMode
        public var fingerprint: String
    }

    /// What a row is about, in the order of the rows.
    public enum Subject: String, Sendable, Hashable, Codable, CaseIterable {
        case fingerprint, verdicts, gates, bill, figures
    }

    public struct Row: Sendable, Hashable, Codable {
        public var subject: Subject
        public var name: String
        /// Null where only the other run has it.
        @OrNull public var before: String?
        @OrNull public var after: String?
        /// `after − before`, where both are numbers.
        @OrNull public var difference: ExactNumber?
        public var allowed: String
        public var within: Bool
    }

    public var outside: Int { rows.count { !$0.within } }

    /// `tolerances` go before the defaults; the last one that covers a name counts.
    public init(
        before: (Summary, BillSheet), after: (Summary, BillSheet), tolerances: [Tolerance]
    ) {
        schema = Self.schema
        self.before = Side(before.0)
        self.after = Side(after.0)
        let rule = Rule(before: before.0, after: after.0, tolerances: tolerances)
        rows =
            [rule.fingerprint(before.0, after.0)]
            + rule.words(
                .verdicts, "verdict.", before.0.verdicts.map { ($0.id, $0.status.rawValue) },
                after.0.verdicts.map { ($0.id, $0.status.rawValue) })
            + rule.words(
                .gates, "gate.", before.0.gates.map { ($0.rule, $0.status.rawValue) },
                after.0.gates.map { ($0.rule, $0.status.rawValue) })
            + rule.numbers(.bill, "bill.", before.1.amounts, after.1.amounts)
            + rule.numbers(.figures, "", before.0.figures.amounts, after.0.figures.amounts)
    }
}

extension Comparison.Side {
    fileprivate init(_ summary: Summary) {
        scenario = summary.scenario
        seed = summary.seed
        mode = summary.mode
        fingerprint = summary.fingerprint
    }
}

extension BillSheet {
    /// Both totals, then every line's month.
    fileprivate var amounts: [(String, Fixed)] {
        [("total730h", Money.value(total730h)), ("totalPeriod", Money.value(totalPeriod))]
            + lines.map { ($0.id, Money.value($0.amount730h)) }
    }
}

extension Figures {
    fileprivate var amounts: [(String, Fixed)] { list.map { ($0.name, $0.value) } }
}

/// Which tolerance a row has, and which side of it is the reference.
private struct Rule {
    var tolerances: [Tolerance]
    var sameMode: Bool
    var sameRun: Bool
    /// Frames are nearer to the truth than flows; else what came before is the reference.
    var referenceIsAfter: Bool

    init(before: Summary, after: Summary, tolerances: [Tolerance]) {
        self.tolerances = tolerances
        sameMode = before.mode == after.mode
        sameRun =
            sameMode && before.scenario == after.scenario && before.seed == after.seed
            && tolerances.isEmpty
        referenceIsAfter = after.mode == .frame && before.mode != .frame
    }

    func fingerprint(_ before: Summary, _ after: Summary) -> Comparison.Row {
        word(
            .fingerprint, "fingerprint", before.fingerprint, after.fingerprint,
            otherwise: sameRun ? .exact : .any)
    }

    func words(
        _ subject: Comparison.Subject, _ prefix: String, _ before: [(String, String)],
        _ after: [(String, String)]
    ) -> [Comparison.Row] {
        paired(before, after).map {
            word(subject, prefix + $0.name, $0.before, $0.after, otherwise: .exact)
        }
    }

    func numbers(
        _ subject: Comparison.Subject, _ prefix: String, _ before: [(String, Fixed)],
        _ after: [(String, Fixed)]
    ) -> [Comparison.Row] {
        paired(before, after).map { pair in
            let name = prefix + pair.name
            let byDefault = subject == .bill ? .cent : figureDefault(name)
            let allowed = asked(name) ?? byDefault
            let shown = { (value: Fixed) in
                subject == .bill ? value.text(decimals: 2) : value.description
            }
            guard let a = pair.before, let b = pair.after else {
                return Comparison.Row(
                    subject: subject, name: name, before: pair.before.map(shown),
                    after: pair.after.map(shown), difference: nil,
                    allowed: allowed.description, within: allowed == .any)
            }
            let (value, reference) = referenceIsAfter ? (a, b) : (b, a)
            return Comparison.Row(
                subject: subject, name: name, before: shown(a), after: shown(b),
                difference: ExactNumber(.difference(b, a)), allowed: allowed.description,
                within: allowed.holds(value, reference: reference))
        }
    }

    /// How far a fluid run may be from one by frames.
    private func figureDefault(_ name: String) -> Tolerance.Allowed {
        guard !sameMode else { return .exact }
        // How often a buffer that hovers around empty stalls is chance; for how long is not.
        if name == "stalls" { return .relative(millionths: 150_000) }
        if name.contains("stall") || name.contains("dropped") {
            return .relative(millionths: 50_000)
        }
        if name.hasSuffix("_bytes") || name.contains("cpu") {
            return .relative(millionths: 10_000)
        }
        return .any
    }

    private func asked(_ name: String) -> Tolerance.Allowed? {
        tolerances.last { $0.covers(name) }?.allowed
    }

    /// Words have no distance: any tolerance but `any` asks for equality.
    private func word(
        _ subject: Comparison.Subject, _ name: String, _ before: String?, _ after: String?,
        otherwise: Tolerance.Allowed
    ) -> Comparison.Row {
        let allowed: Tolerance.Allowed = asked(name) ?? otherwise == .any ? .any : .exact
        return Comparison.Row(
            subject: subject, name: name, before: before, after: after, difference: nil,
            allowed: allowed.description, within: allowed == .any || before == after)
    }

    /// In the order of `before`, then what only `after` has; names that repeat pair in turn.
    private func paired<Value>(
        _ before: [(String, Value)], _ after: [(String, Value)]
    ) -> [(name: String, before: Value?, after: Value?)] {
        var rest = after
        var pairs: [(name: String, before: Value?, after: Value?)] = []
        for (name, value) in before {
            let place = rest.firstIndex { $0.0 == name }
            pairs.append((name, value, place.map { rest.remove(at: $0).1 }))
        }
        return pairs + rest.map { ($0.0, nil, $0.1) }
    }
}
