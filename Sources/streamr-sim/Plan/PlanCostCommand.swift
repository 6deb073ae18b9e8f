import ArgumentParser
import Cloud
import Foundation
import Plans

/// `streamr-sim plan cost TEMPLATE...`: the price of a plan, by stack and resource.
struct PlanCostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Prices a plan by stack and resource, with each price's date and source.",
        discussion: """
            What stands there is certain; what is used (egress, load balancer capacity, CPU \
            surplus) comes from a run's folder or a usage file. What has no price is named, never \
            guessed. --than prices other templates as well and shows the difference.
            """)

    @OptionGroup var options: PlanOptions

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("What was used: a results folder of a run.", valueName: "dir"))
    var folder: String?

    @Option(help: ArgumentHelp("What was used: a usage file.", valueName: "file"))
    var usage: String?

    @Option(
        help: ArgumentHelp(
            "A price book to use instead (prices import makes one).", valueName: "file"))
    var prices: String?

    @Option(
        help: ArgumentHelp(
            "The price regime: \(Regime.names.joined(separator: ", ")).", valueName: "regime"))
    var regime = "on-demand"

    @Option(help: "table, json or csv.")
    var format = Format.table

    @Flag(help: "As --format json.")
    var json = false

    @Option(
        help: ArgumentHelp("Write an Infracost usage file of what was used.", valueName: "file"))
    var infracost: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Templates of another plan, to show how much more this one costs.",
            valueName: "template"))
    var than: [String] = []

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, csv }

    func run() throws {
        let plan = try options.plan()
        let book = try readBook(plan.region)
        guard let regime = Regime(name: regime, creditsCents: Regime.creditsCentsAtSignUp) else {
            throw Failure.usage(
                "--regime \(regime): expected one of \(Regime.names.joined(separator: ", "))")
        }
        let measured = try readMeasured(plan)
        let cost = PlanCost(plan, measured, at: book, under: regime)
        if let infracost { try writeFile(measured.infracost(plan, at: book), to: infracost) }
        guard than.isEmpty else {
            var other = options
            other.templates = than
            let before = PlanCost(try other.plan(), measured, at: book, under: regime)
            print(PlanCost.difference(from: before, to: cost), terminator: "")
            return
        }
        switch json ? .json : format {
        case .table: print(cost.text(measured), terminator: "")
        case .json: print(cost.json.text, terminator: "")
        case .csv: print(cost.csv, terminator: "")
        }
    }

    private func readBook(_ region: String) throws -> PriceBook {
        guard let prices else {
            guard let book = PriceBook.shipped(region: region) else {
                throw Failure.usage(
                    "no price book for \(region): give one with --prices (there are "
                        + "\(PriceBook.regions.joined(separator: " and ")))")
            }
            return book
        }
        do throws(SourceFault) {
            switch PriceBook.read(try readFile(prices)) {
            case .success(let book): return book
            case .failure(let faults): throw SourceFault(line: 1, message: faults.description)
            }
        } catch {
            throw Failure.usage("\(prices): \(error.message)")
        }
    }

    private func readMeasured(_ plan: Plan) throws -> PlanCost.Measured {
        guard folder == nil || usage == nil else {
            throw Failure.usage("--run and --usage: one of them says what was used")
        }
        do throws(SourceFault) {
            if let folder {
                let bill = try readFile(folder + "/bill.json")
                return try PlanCost.Measured.read(bill: bill, of: plan)
            }
            guard let usage else { return .nothing }
            switch PlanCost.Measured.read(usage: try readFile(usage)) {
            case .success(let measured): return measured
            case .failure(let faults): throw SourceFault(line: 1, message: faults.description)
            }
        } catch {
            throw Failure.usage("\(folder ?? usage ?? ""): \(error.message)")
        }
    }
}
