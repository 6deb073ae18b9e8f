import ArgumentParser
import Base
import Cloud
import Foundation
import Plans

/// The templates of a plan, and what they do not say.
struct PlanOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Templates, one for each stack.", valueName: "template"),
        completion: .file(extensions: ["json", "yaml", "yml"]))
    var templates: [String]

    @Option(help: "The region that the stacks are for.")
    var region = "eu-west-1"

    @Option(
        help: ArgumentHelp(
            "A value for a parameter, of every stack or of one.",
            valueName: "[stack.]name=value"))
    var parameter: [String] = []

    @Option(
        help: ArgumentHelp(
            "The compose file that the user data starts, where it is not in the templates.",
            valueName: "file"))
    var compose: String?

    static let templatesMax = 50

    func validate() throws {
        guard !templates.isEmpty, templates.count <= Self.templatesMax else {
            throw ValidationError("one to \(Self.templatesMax) templates are expected")
        }
    }

    /// Reads the plan; what cannot be read is told on standard error, with code 2.
    func plan() throws -> Plan {
        var plan = Plan(try readTemplates(), try settings())
        if let compose {
            do throws(SourceFault) {
                plan.use(try Compose.read(try readFile(compose)))
            } catch {
                throw Failure.usage("\(compose): \(error)")
            }
        }
        return plan
    }

    func readTemplates() throws -> [Template] {
        var read: [Template] = []
        for path in templates {
            do throws(SourceFault) {
                read.append(try Template.read(path: path, bytes: try readFile(path)))
            } catch {
                throw Failure.usage("\(path):\(error.line): \(error.message)")
            }
        }
        for (index, template) in read.enumerated()
        where read[..<index].contains(where: { $0.name == template.name }) {
            throw Failure.usage("two templates of a stack called \(template.name)")
        }
        return read
    }

    private func settings() throws -> ReadSettings {
        var settings = ReadSettings(region: region)
        for text in parameter {
            guard let equals = text.firstIndex(of: "=") else {
                throw Failure.usage("--parameter \(text): expected name=value")
            }
            let name = text[..<equals].split(separator: ".", maxSplits: 1).map(String.init)
            guard let last = name.last else {
                throw Failure.usage("--parameter \(text): expected name=value")
            }
            settings.parameters.append(
                ReadSettings.Parameter(
                    stack: name.count == 2 ? name[0] : nil, name: last,
                    value: String(text[text.index(after: equals)...])))
        }
        return settings
    }
}

/// A file's bytes, one more than may be read at most, so that longer ones are seen to be.
func readFile(_ path: String) throws(SourceFault) -> [UInt8] {
    guard let handle = FileHandle(forReadingAtPath: path) else {
        throw SourceFault(line: 1, message: "cannot be read")
    }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: JSONTree.bytesMax + 1) else {
        throw SourceFault(line: 1, message: "cannot be read")
    }
    return [UInt8](data)
}

/// Writes a file in one go; where that fails, says so and ends with code 2.
func writeFile(_ text: String, to path: String) throws {
    do {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
        throw Failure.usage("\(path): \(error.localizedDescription)")
    }
}
