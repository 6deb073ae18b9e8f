import Foundation
import Results

extension Baseline {
    /// Nil where there is none yet.
    public static func read(name: String, in folder: String) throws(ResultsFolder.Failure)
        -> Baseline?
    {
        let file = Self.file(name: name, in: folder)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let baseline = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
            guard baseline.schema == schema else {
                throw ResultsFolder.Failure.cannotRead(
                    path: file.path, reason: "its schema is \(baseline.schema), not \(schema)")
            }
            return baseline
        } catch let failure as ResultsFolder.Failure {
            throw failure
        } catch {
            let reason = ResultsFolder.reason(error)
            throw .cannotRead(
                path: file.path, reason: "\(reason); `streamr-sim gate --update` writes it anew")
        }
    }

    public func write(name: String, in folder: String) throws(ResultsFolder.Failure) {
        let file = Self.file(name: name, in: folder)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try ResultsFolder.json(self).write(to: file, options: .atomic)
        } catch {
            throw .cannotWrite(path: file.path, reason: "\(error.localizedDescription)")
        }
    }

    private static func file(name: String, in folder: String) -> URL {
        URL(filePath: folder).appending(path: name).appending(path: fileName)
    }
}
