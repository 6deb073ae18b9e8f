import ArgumentParser
import Foundation
import Load

/// Flags that say by which names streams go.
struct BlastStreams: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Streams' names; %d is the number, from 0.", valueName: "name-%d"))
    var streamName: String?

    @Option(
        help: ArgumentHelp(
            "A file with a stream's name on each line, as an encoder has it: name?key=KEY.",
            valueName: "file"))
    var keys: String?

    @Flag(
        help: ArgumentHelp(
            "Opens accounts with streams at the coordinator (--http), for the publishers; for a "
                + "scenario's nodes as well, whose heartbeats and reports it then sends."))
    var register = false

    private static let bytesMax = 4 << 20

    /// Nil where the coordinator gives them.
    func names(publishers: Int) throws -> StreamNames? {
        guard [streamName != nil, keys != nil, register].count(where: { $0 }) <= 1 else {
            throw Failure.usage("--stream-name, --keys or --register: one of them")
        }
        if register { return nil }
        if let streamName {
            guard let names = StreamNames(pattern: streamName) else {
                throw Failure.usage(
                    "--stream-name \(streamName): expected a name with one %d in it")
            }
            return names
        }
        guard let keys else { return .standard }
        guard let data = FileManager.default.contents(atPath: keys), data.count <= Self.bytesMax,
            let names = StreamNames(lines: String(decoding: data, as: UTF8.self))
        else { throw Failure.usage("--keys \(keys): not a file of names") }
        if let count = names.count, count < publishers {
            throw Failure.usage("--keys \(keys): \(count) names for \(publishers) publishers")
        }
        return names
    }
}
