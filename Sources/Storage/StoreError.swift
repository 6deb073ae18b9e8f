/// Why a transaction has no answer.
public enum StoreError: Error, Sendable, Hashable {
    /// The database is down, does not answer in time, or too much waits for it. A write may have
    /// been done or not, and is never repeated here: only an answer says that it was done.
    case unavailable(String)
    /// Others did the same at the same time, in every try; nothing was done.
    case conflict(String)
    /// The database was made by a newer version of this program; nothing was changed.
    case newerSchema(found: Int64, known: Int64)
    /// The database refuses what it was told, or is not one: a defect of ours, or a damaged one.
    case refused(String)
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let why): "the database does not answer: \(why)"
        case .conflict(let why): "others changed the same rows in every try: \(why)"
        case .newerSchema(let found, let known):
            "the database has schema \(found), this program knows \(known): run the newer program"
        case .refused(let why): "the database refuses: \(why)"
        }
    }
}
