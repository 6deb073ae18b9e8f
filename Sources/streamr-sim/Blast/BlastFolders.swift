import Foundation
import Reports

/// Where a load's results, packets and lines go: looked at before the load, for after it nothing
/// can be mended.
enum BlastFolders {
    static func check(out: String, capture: String?, jsonLines: String?) throws {
        let folder = place(out)
        do throws(ResultsFolder.Failure) {
            try ResultsFolder.refuseForeign(folder)
            try ResultsFolder.refuseUnwritable(folder)
            if let capture { try ResultsFolder.refuseUnwritable(place(capture)) }
        } catch {
            throw Failure.usage(error.description)
        }
        // It may become another user's.
        if let capture, let foreign = foreign(in: place(capture).path) {
            throw Failure.usage("--capture \(capture): has \(foreign), which is no capture")
        }
        for (flag, path) in [("--capture", capture), ("--json-lines", jsonLines)] {
            guard let path else { continue }
            guard !(place(path).path + "/").hasPrefix(folder.path + "/") else {
                throw Failure.usage("\(flag) \(path): \(out) is for the results alone")
            }
        }
    }

    private static func foreign(in folder: String) -> String? {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        return names?.sorted().first { !$0.hasPrefix("capture-") || !$0.hasSuffix(".pcap") }
    }

    /// Links are followed as far as the path is there.
    private static func place(_ path: String) -> URL {
        var there = URL(filePath: path).standardizedFileURL
        var rest: [String] = []
        while !FileManager.default.fileExists(atPath: there.path), there.path != "/" {
            rest.append(there.lastPathComponent)
            there.deleteLastPathComponent()
        }
        return rest.reversed().reduce(there.resolvingSymlinksInPath()) { $0.appending(path: $1) }
    }
}
