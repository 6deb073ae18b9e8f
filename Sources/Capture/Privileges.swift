import CPcap
import Foundation
import Glibc

/// What root must not keep while it reads what strangers sent.
public enum Privileges {
    public static let defaultUser = "nobody"

    /// Becomes `user` for good where this process is root's; true if it was.
    public static func giveUp(for user: String) throws(CaptureFailure) -> Bool {
        guard geteuid() == 0 else { return false }
        guard let entry = getpwnam(user)?.pointee else { throw .unknownUser(user) }
        guard setgroups(0, nil) == 0, setgid(entry.pw_gid) == 0, setuid(entry.pw_uid) == 0 else {
            throw .cannotGiveUpPrivileges(reason: String(cString: strerror(errno)))
        }
        guard entry.pw_uid == 0 || setuid(0) != 0 else {
            throw .cannotGiveUpPrivileges(reason: "they can be taken back")
        }
        try giveUpElsewhere(entry.pw_uid, entry.pw_gid)
        return true
    }

    /// In threads that the C library left out, which are few: it does not count those that end.
    private static func giveUpElsewhere(_ user: uid_t, _ group: gid_t) throws(CaptureFailure) {
        for _ in 0..<triesMax {
            guard let others = threads(notOf: user) else {
                throw .cannotGiveUpPrivileges(reason: "/proc/self/task cannot be read")
            }
            if others.isEmpty { return }
            for thread in others { _ = streamr_have_thread_become(thread, user, group) }
            usleep(pause)
        }
        throw .cannotGiveUpPrivileges(reason: "a thread keeps them")
    }

    private static let triesMax = 200
    private static let pause: UInt32 = 10_000

    /// Living threads of this process with another user: proc(5). Nil where that is not known.
    private static func threads(notOf user: uid_t) -> [Int32]? {
        let folder = "/proc/self/task"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return nil
        }
        return names.compactMap(Int32.init).filter { thread in
            let path = "\(folder)/\(thread)/status"
            guard let status = try? String(contentsOfFile: path, encoding: .utf8) else {
                // Only one that is gone has none.
                return FileManager.default.fileExists(atPath: path)
            }
            return !status.contains("State:\tZ")
                && !status.contains("\nUid:\t\(user)\t\(user)\t\(user)\t")
        }
    }
}
