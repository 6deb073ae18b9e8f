import ArgumentParser
import Reports
import Results

/// `streamr-sim report DIR`: renders the page again from the folder's own files.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Renders report.html again from a results folder's own files.")

    @Argument(help: ArgumentHelp("The results folder.", valueName: "dir"))
    var folder: String

    @Flag(help: "Print summary.json instead of the text summary.")
    var json = false

    @Flag(help: "Print nothing.")
    var quiet = false

    @Flag(inversion: .prefixedNo, help: "Colour the text summary (default: on a terminal only).")
    var color: Bool?

    func run() throws {
        let record: RunRecord
        var load: LoadResult?
        do {
            load = try LoadRecord.renderReport(in: folder)
        } catch {
            throw Failure.usage(error.description)
        }
        if let load { return try show(load) }
        do {
            record = try ResultsFolder.renderReport(in: folder)
        } catch {
            throw Failure.usage(error.description)
        }
        if quiet { return }
        if json {
            print(try ResultsFolder.text(record.summary), terminator: "")
        } else {
            let report = "\(folder)/\(ResultsFolder.reportName)"
            let painted = color ?? Terminal.isColorful
            print(
                TextSummary.render(record, color: painted, reportPath: report), terminator: "")
        }
    }

    private func show(_ load: LoadResult) throws {
        if quiet { return }
        if json {
            print(try ResultsFolder.text(LoadSummary(load)), terminator: "")
        } else {
            print(LoadText.render(load), terminator: "")
            print("\nReport: \(folder)/\(ResultsFolder.reportName)")
        }
    }
}
