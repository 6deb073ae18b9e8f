import ArgumentParser
import Foundation
import Results

@main
struct StreamrSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streamr-sim",
        abstract: "Finds out whether a small live-streaming platform holds, before it is deployed.",
        version: version,
        subcommands: [
            RunCommand.self, ValidateCommand.self, BillCommand.self, PricesCommand.self,
            CheckDeterminismCommand.self, CompareCommand.self, ReportCommand.self,
            GateCommand.self, SchemaCommand.self, ServeCommand.self, PlanCommand.self,
            PcapCommand.self, BlastCommand.self, MergeCommand.self, NodeCommand.self,
            FriendCommand.self,
        ]
    )

    static let version = "0.1.0"

    /// As ArgumentParser's own, but a wrong command line ends with our code for usage, not 64.
    static func main() async {
        Terminal.fillClosedStreams()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Terminal.tell(fullMessage(for: error) + "\n")
            Foundation.exit(CommandExit.usage.rawValue)
        }
    }
}
