import Base
import Cloud
import Results
import Scenarios

/// What a results folder holds, whether fresh from a run or read back from disk.
///
/// Every report is a pure function of this value, so nothing can be in a report that is not in
/// the files.
public struct RunRecord: Sendable, Hashable {
    public var summary: Summary
    public var bill: BillSheet
    /// The bytes of `bill.json`, which has more than a report shows.
    public var billFile: String
    public var series: Series
    public var events: [LogEntry]
    /// The fingerprint's prefix at the end of each simulated hour.
    public var hours: [String]
    /// The network of the scenario's templates as SVG; nil where it is deployed from none.
    public var drawing: String?
    /// The scenario of each remedy that is quoted, as a file.
    public var remedies: [RemedyFile]

    public struct RemedyFile: Sendable, Hashable {
        public var name: String
        public var text: String

        init(name: String, text: String) {
            self.name = name
            self.text = text
        }

        /// Without its templates: the deployment is written in full, and they lie elsewhere.
        init(name: String, _ scenario: Scenario) {
            var scenario = scenario
            scenario.plan = nil
            self.init(name: name, text: scenario.tree.text)
        }
    }

    /// `reproduce` is the command line that leads to this result again.
    public init(_ result: RunResult, reproduce: String) {
        summary = Summary(result, reproduce: reproduce)
        bill = BillSheet(result.bill)
        billFile = result.bill.json.text
        series = result.series
        events = result.events
        hours = result.hours
        remedies = result.verdicts.compactMap { verdict in
            verdict.remedy.map {
                RemedyFile(name: ResultsFolder.remedyName(verdict.id), $0.scenario)
            }
        }
    }

    init(
        summary: Summary, bill: BillSheet, billFile: String, series: Series,
        events: [LogEntry], hours: [String], drawing: String?, remedies: [RemedyFile]
    ) {
        self.summary = summary
        self.bill = bill
        self.billFile = billFile
        self.series = series
        self.events = events
        self.hours = hours
        self.drawing = drawing
        self.remedies = remedies
    }
}
