import Foundation
import Reports

/// A results folder that is opened before privileges are given up and written after it.
///
/// Files are written beside their names and moved into place, by the folder's descriptor: whoever
/// may no longer walk the path to it still can.
final class OutputFolder {
    let path: String
    private let descriptor: Int32

    /// All that a capture leaves.
    static let captureNames = [
        ResultsFolder.summaryName, ResultsFolder.seriesName, ResultsFolder.reportName,
        ResultsFolder.runInfoName,
    ]

    /// Makes the folder where there is none. Root gives it to `owner`, whom it is about to become.
    /// `names` are all that is ever written there: a folder with more has other results, which
    /// would be left half replaced.
    init(_ path: String, owner: String?, names: [String] = captureNames) throws {
        let url = URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath()
        do {
            try ResultsFolder.refuseForeign(url, names: names)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch let failure as ResultsFolder.Failure {
            throw Failure.usage(failure.description)
        } catch {
            throw Failure.usage("cannot write \(path): \(error.localizedDescription)")
        }
        descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure.usage("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        self.path = path
        if geteuid() == 0, let owner, let entry = getpwnam(owner)?.pointee {
            fchown(descriptor, entry.pw_uid, entry.pw_gid)
        }
    }

    deinit { close(descriptor) }

    func write(_ files: [(name: String, data: Data)]) throws {
        for (name, data) in files {
            let side = ".\(name).new"
            let file = openat(descriptor, side, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw failure(name) }
            do {
                try FileHandle(fileDescriptor: file, closeOnDealloc: true).write(contentsOf: data)
            } catch {
                throw Failure.usage("cannot write \(path)/\(name): \(error)")
            }
            guard renameat(descriptor, side, descriptor, name) == 0 else { throw failure(name) }
        }
    }

    private func failure(_ name: String) -> any Error {
        Failure.usage("cannot write \(path)/\(name): \(String(cString: strerror(errno)))")
    }
}
