import ArgumentParser
import Cloud
import Scenarios

/// `streamr-sim validate FILE...`: reads scenario files and tells all that is wrong with them.
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Reads scenario files and tells all that is wrong with them.",
        discussion: """
            Every mistake is told at once, with its JSON path, what was expected and the nearest \
            right word, and the exit code is 2. Nothing is run and nothing is written.
            """)

    @Argument(help: "Scenario files, JSON.", completion: .file(extensions: ["json"]))
    var files: [String]

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let results = files.map { file in (file, faults(of: file)) }
        if json {
            print(JSONTree.array(results.map(tree)).text, terminator: "")
        } else {
            for (file, faults) in results where faults.isEmpty { print("\(file): valid") }
        }
        let lines = results.flatMap { file, faults in faults.map { "\(file): \($0)" } }
        guard lines.isEmpty else {
            throw json ? ExitCode(2) : refuse(lines.joined(separator: "\n"))
        }
    }

    private func faults(of file: String) -> [FileFault] {
        do throws(FileFaults) {
            _ = try readScenario(file)
            return []
        } catch {
            return error.faults
        }
    }

    private func tree(_ file: String, _ faults: [FileFault]) -> JSONTree {
        .object([
            JSONTree.Member("file", .string(file)),
            JSONTree.Member("valid", .bool(faults.isEmpty)),
            JSONTree.Member("errors", .array(faults.map(tree))),
        ])
    }

    private func tree(_ fault: FileFault) -> JSONTree {
        .object([
            JSONTree.Member("path", .string(fault.path)),
            JSONTree.Member("expected", .string(fault.expected)),
            JSONTree.Member("found", .string(fault.found)),
            JSONTree.Member("hint", fault.hint.map { .string($0) } ?? .null),
        ])
    }
}
