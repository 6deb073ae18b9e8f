import ArgumentParser
import Foundation
import Results

/// How a command ends when it does not succeed.
enum Failure {
    /// Says what was wrong on standard error; the error to throw ends with the code for usage.
    static func usage(_ message: String) -> ExitCode {
        FileHandle.standardError.write(Data("streamr-sim: \(message)\n".utf8))
        return ExitCode(CommandExit.usage.rawValue)
    }

    /// Ends with the first exit status that applies; returns where it is success.
    static func exit(_ outcome: Outcome) throws {
        guard outcome.exit != .success else { return }
        throw ExitCode(outcome.exit.rawValue)
    }
}

/// What standard output can show.
enum Terminal {
    /// On a terminal that is not dumb, unless NO_COLOR says otherwise (https://no-color.org).
    static var isColorful: Bool {
        let environment = ProcessInfo.processInfo.environment
        guard environment["NO_COLOR", default: ""].isEmpty, environment["TERM"] != "dumb" else {
            return false
        }
        return isatty(STDOUT_FILENO) == 1
    }
}
