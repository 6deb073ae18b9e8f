import Foundation

/// A file that is opened before privileges are given up and written after it. What was in it stays
/// until then.
final class OutputFile {
    private let flag: String
    private let path: String
    private let descriptor: Int32
    private let isNew: Bool
    private var isWritten = false

    /// `flag` is by which name it was asked for.
    init(_ path: String, flag: String) throws {
        self.path = path
        self.flag = flag
        isNew = !FileManager.default.fileExists(atPath: path)
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure.usage("\(flag) \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// One that was made for nothing goes again; where we may not remove it any more, as those who
    /// gave up their privileges, we say so.
    deinit {
        close(descriptor)
        guard isNew, !isWritten, unlink(path) != 0, errno != ENOENT else { return }
        Terminal.tell("\(flag) \(path): left behind: \(String(cString: strerror(errno)))\n")
    }

    func write(_ text: String) throws {
        guard ftruncate(descriptor, 0) == 0 else {
            throw Failure.usage("\(flag) \(path): \(String(cString: strerror(errno)))")
        }
        do {
            try FileHandle(fileDescriptor: descriptor).write(contentsOf: Data(text.utf8))
        } catch {
            throw Failure.usage("\(flag) \(path): \(error)")
        }
        isWritten = true
    }
}
