import ArgumentParser
import Foundation
import Results

/// How a command ends when it does not succeed.
enum Failure {
    /// Says what was wrong on standard error; the error to throw ends with the code for usage.
    static func usage(_ message: String) -> ExitCode {
        Terminal.tell("streamr-sim: \(message)\n")
        return ExitCode(CommandExit.usage.rawValue)
    }

    /// Ends with the first exit status that applies; returns where it is success.
    static func exit(_ outcome: Outcome) throws {
        guard outcome.exit != .success else { return }
        throw ExitCode(outcome.exit.rawValue)
    }
}

/// Standard output and standard error, and what they can show.
enum Terminal {
    /// Writes to standard error. What cannot be written there is dropped: there is nobody to tell.
    static func tell(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Writes the outcome to standard output; where that cannot be, says so and throws the code
    /// for it.
    static func show(_ text: String) throws {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            tell("streamr-sim: standard output cannot be written\n")
            throw ExitCode(CommandExit.outputLost.rawValue)
        }
    }

    /// Puts what cannot be written in the place of standard streams that are closed, lest the next
    /// file to be opened is given their number.
    static func fillClosedStreams() {
        for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// On a terminal that is not dumb, unless NO_COLOR says otherwise (https://no-color.org).
    static var isColorful: Bool {
        let environment = ProcessInfo.processInfo.environment
        guard environment["NO_COLOR", default: ""].isEmpty, environment["TERM"] != "dumb" else {
            return false
        }
        return isatty(STDOUT_FILENO) == 1
    }
}
