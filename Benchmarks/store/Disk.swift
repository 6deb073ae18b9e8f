import Foundation

/// What a commit waits for: no store that keeps its word answers faster than its disk.
enum Disk {
    private static let flushCount = 100

    /// The time that `fdatasync` takes after a page was written.
    static func flushes(in folder: URL) throws -> String {
        let path = folder.appending(path: "flush").path
        let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 7, count: 4_096)
        let times = (0..<flushCount).map { _ in
            let begin = ContinuousClock.now
            guard write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0
            else { fatalError("the disk of \(path) refuses") }
            return (ContinuousClock.now - begin) / .milliseconds(1)
        }.sorted()
        return String(
            format: "median %.1f ms, p99 %.1f ms", times[flushCount / 2],
            times[flushCount * 99 / 100])
    }
}
