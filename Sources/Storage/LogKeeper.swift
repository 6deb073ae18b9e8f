import CSQLite
import Dispatch
import Synchronization

/// Carries SQLite's write-ahead log over into the tables, beside the writer rather than within
/// one of its commits: that takes as long as the disk likes, and nobody waits for it.
///
/// Under steady load the log never stands still, so it is never started afresh; when it is too
/// long all the same, the writer carries over the little that is left itself, and starts afresh.
final class LogKeeper: Sendable {
    /// Pages of log (4 KiB each) that are worth the trouble: rows that change often stand in it
    /// many times, and are carried over once.
    static let pagesMin: Int32 = 4_000
    /// 64 MB: then the writer does it.
    static let pagesMax: Int32 = 16_000

    private let path: String
    private let queue = DispatchQueue(label: "store log")
    private let isBusy = Atomic(false)

    init(path: String) { self.path = path }

    func carryOver() {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
        else { return }
        queue.async { [self] in
            var handle: OpaquePointer?
            if sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK {
                // It may well fail: there is always a next time.
                sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
            }
            sqlite3_close_v2(handle)
            isBusy.store(false, ordering: .relaxed)
        }
    }

    /// Returns when nothing is under way.
    func finish() { queue.sync {} }
}
