import ArgumentParser
import Cloud
import Foundation
import Scenarios

/// Reads a scenario file and those it extends.
///
/// Paths are taken from the working directory; `extends` is relative to the file that says it.
func readScenario(_ path: String) throws(FileFaults) -> ScenarioFile {
    try ScenarioFile.read(path: path) { path in
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        // One byte more than is allowed is enough to see that a file is too long.
        return try? [UInt8](handle.read(upToCount: JSONTree.bytesMax + 1) ?? Data())
    }
}

/// As `readScenario`, but tells of every fault on standard error and ends with code 2.
func loadScenario(_ path: String) throws -> ScenarioFile {
    do throws(FileFaults) {
        return try readScenario(path)
    } catch {
        throw refuse(error.faults.map { "\(path): \($0)" }.joined(separator: "\n"))
    }
}
