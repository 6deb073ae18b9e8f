import ArgumentParser
import Logging

/// How much a program tells, on standard error.
struct ProgramLog: ParsableArguments {
    @Option(help: "debug, info, notice, warning or error.")
    var log = "notice"

    func validate() throws {
        guard Logger.Level(rawValue: log) != nil else {
            throw ValidationError("--log: there is no level \"\(log)\"")
        }
    }

    var logger: Logger { Self.logger(Logger.Level(rawValue: log) ?? .notice) }

    static func logger(_ level: Logger.Level) -> Logger {
        var logger = Logger(
            label: "streamr-sim", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        return logger
    }
}
