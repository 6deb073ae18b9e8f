import ArgumentParser
import Cloud
import Scenarios

/// `streamr-sim schema`: prints the JSON Schema of scenario files.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of scenario files.",
        discussion: """
            The schema comes from the words that the parser itself reads. It has every field with \
            its meaning, unit, limits and default; scenarios/scenario.schema.json is a copy.
            """)

    func run() { print(Scenario.schema.text, terminator: "") }
}
