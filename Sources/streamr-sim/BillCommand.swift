import ArgumentParser
import Cloud
import Foundation

/// `streamr-sim bill USAGE.json`: prices stated usage alone.
struct BillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bill",
        abstract: "Prices a usage file, line by line, for a month of 730 hours.",
        discussion: """
            The file states what was used and for how long; scenarios/bills has examples. Prices \
            come from the book that `streamr-sim prices` shows. A file with mistakes gets all of \
            them at once, and exit code 2.
            """)

    @Argument(help: "The usage file, JSON.", completion: .file(extensions: ["json"]))
    var usage: String

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Price under this regime, not the file's: \(Regime.names.joined(separator: ", ")).",
            valueName: "regime"))
    var regime: String?

    func run() throws {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: usage))
        } catch {
            throw refuse("\(usage): \(error.localizedDescription)")
        }
        switch billReport([UInt8](bytes), regime: regime) {
        case .success(let listing): print(json ? listing.json : listing.text, terminator: "")
        case .failure(let faults): throw refuse("\(usage):\n\(faults)")
        }
    }
}

/// Tells what is wrong with the input, and ends with the code for that.
func refuse(_ message: String) -> ExitCode {
    Terminal.tell(message + "\n")
    return ExitCode(2)
}
