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
        return true
    }
}
