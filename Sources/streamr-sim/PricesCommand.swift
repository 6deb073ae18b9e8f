import ArgumentParser
import Cloud

/// `streamr-sim prices`: the price book, with a source for every price.
struct PricesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices",
        abstract: "Shows the price book: every price with its date and source.",
        subcommands: [PricesImportCommand.self])

    @Option(
        help: ArgumentHelp(
            "Only this region: \(PriceBook.regions.joined(separator: ", ")).",
            valueName: "region"))
    var region: String?

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() throws {
        guard let listing = priceListing(region: region) else {
            let regions = PriceBook.regions.joined(separator: ", ")
            throw refuse("--region: expected one of \(regions), found \"\(region ?? "")\"")
        }
        print(json ? listing.json : listing.text, terminator: "")
    }
}
