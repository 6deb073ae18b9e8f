import ArgumentParser
import Cloud
import Foundation
import Plans
import Scenarios

/// `streamr-sim plan synth SCENARIO`: the scenario's deployment as CloudFormation templates.
struct PlanSynthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synth",
        abstract: "Writes a scenario's deployment as Foundation and Application templates.",
        discussion: """
            What lasts (network, database, cache, secrets, zones) is one stack, what is replaced \
            (instance, load balancer, rules) the other. Reading them back gives the same \
            deployment; what CloudFormation has no word for stands in the instance's metadata.
            """)

    @Argument(help: ArgumentHelp("The scenario file.", valueName: "scenario.json"))
    var scenario: String

    @Option(help: ArgumentHelp("The folder to write to.", valueName: "dir"))
    var out: String

    func run() throws {
        let deployment = try loadScenario(scenario).scenario.deployment
        let synthesis: Synthesis
        do throws(Synthesis.Fault) {
            synthesis = try Synthesis(deployment)
        } catch {
            throw Failure.usage("\(scenario): \(error)")
        }
        try? FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        for template in synthesis.templates {
            let path = "\(out)/\(template.path)"
            try writeFile(template.root.tree.text, to: path)
            print(path)
        }
    }
}
