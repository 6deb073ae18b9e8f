import CSQLite
import Glibc

/// One session with an SQLite file: one writer, or one of the readers beside it.
///
/// Write-ahead logging lets readers go on while one writes; `synchronous=FULL` puts every commit
/// on the disk before it is answered (https://www.sqlite.org/pragma.html#pragma_synchronous).
final class SQLiteConnection {
    /// How long another process may hold the file before `unavailable` is said.
    private static let busyMilliseconds: Int32 = 5_000
    /// `strm`: tells our files from others'
    /// (https://www.sqlite.org/pragma.html#pragma_application_id).
    private static let applicationID: Int64 = 0x7374_726D
    /// Steps of the engine between two looks at the clock.
    private static let stepsPerLook: Int32 = 20_000

    private var handle: OpaquePointer?
    private var prepared: [String: OpaquePointer] = [:]
    private let path: String
    private let logKeeper: LogKeeper
    private(set) var statements = 0
    /// When the statement that runs is interrupted.
    private var deadline = ContinuousClock.now

    init(path: String) throws(StoreError) {
        self.path = path
        logKeeper = LogKeeper(path: path)
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK else {
            let error = fault(code)
            close()
            throw error
        }
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Self.busyMilliseconds)
        defineMoney()
        interruptWhenLate()
    }

    /// Whether the file is one of ours.
    func isOurs() throws(StoreError) -> Bool {
        try query("PRAGMA application_id", []) { $0.integer(0) } == [Self.applicationID]
    }

    /// Within a transaction: a new file becomes ours; one that another program made stays as it is.
    func takePossession() throws(StoreError) {
        let found = try query("PRAGMA application_id", []) { $0.integer(0) }
        let tables = try query("SELECT COUNT(*) FROM sqlite_schema", []) { $0.integer(0) }
        guard found == [0], tables == [0] else {
            throw .refused("the file is another program's database")
        }
        // It will hold stream keys and hashes of passwords. By its name: closing a descriptor of
        // our own would end the locks of every connection
        // (https://www.sqlite.org/howtocorrupt.html).
        guard chmod(path, 0o600) == 0 else { throw .unavailable("the file is not our own") }
        try script("PRAGMA application_id=\(Self.applicationID)")
    }

    /// The settings of a file that is known to be ours.
    func settle(isReader: Bool) throws(StoreError) {
        try script(
            """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
            PRAGMA cache_size=-16000; PRAGMA query_only=\(isReader ? 1 : 0);
            """)
        if !isReader { watchLog() }
    }

    /// Money is whole nano-dollars here, so what PostgreSQL must convert is the number itself.
    private func defineMoney() {
        for name in ["nanodollars", "dollars"] {
            sqlite3_create_function_v2(
                handle, name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nil,
                { context, _, arguments in
                    sqlite3_result_value(context, arguments?[0])
                }, nil, nil, nil)
        }
    }

    private func interruptWhenLate() {
        let this = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_progress_handler(
            handle, Self.stepsPerLook,
            { this in
                guard let this else { return 0 }
                let connection = Unmanaged<SQLiteConnection>.fromOpaque(this).takeUnretainedValue()
                return ContinuousClock.now > connection.deadline ? 1 : 0
            }, this)
    }

    /// Hears the length of the log after each commit, in place of SQLite's own way, which is to
    /// carry it over within the commit (https://www.sqlite.org/c3ref/wal_hook.html).
    private func watchLog() {
        let keeper = Unmanaged.passUnretained(logKeeper).toOpaque()
        sqlite3_wal_hook(
            handle,
            { keeper, handle, _, pages in
                guard let keeper else { return SQLITE_OK }
                if pages >= LogKeeper.pagesMax {
                    sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
                } else if pages >= LogKeeper.pagesMin {
                    Unmanaged<LogKeeper>.fromOpaque(keeper).takeUnretainedValue().carryOver()
                }
                return SQLITE_OK
            }, keeper)
    }

    /// What follows may take so long in all.
    func limit(to duration: Duration) { deadline = ContinuousClock.now + duration }

    func query<Element>(
        _ sql: String, _ values: [Value], _ read: (Row) -> Element
    ) throws(StoreError) -> [Element] {
        let statement = try prepare(sql)
        defer { sqlite3_reset(statement) }
        for (index, value) in values.enumerated() {
            let code = Self.bind(value, Int32(index + 1), statement)
            guard code == SQLITE_OK else { throw fault(code) }
        }
        statements += 1
        var rows: [Element] = []
        while true {
            let code = sqlite3_step(statement)
            switch code {
            case SQLITE_ROW: rows.append(read(.sqlite(statement)))
            case SQLITE_DONE: return rows
            case _: throw fault(code)
            }
        }
    }

    /// SQLite would number `$1` by its first place in the text; `?1` is the first parameter.
    private func prepare(_ sql: String) throws(StoreError) -> OpaquePointer {
        if let statement = prepared[sql] { return statement }
        let text = String(sql.map { $0 == "$" ? "?" : $0 })
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw fault(code) }
        prepared[sql] = statement
        return statement
    }

    private static func bind(_ value: Value, _ index: Int32, _ statement: OpaquePointer) -> Int32 {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .number(let number): sqlite3_bind_int64(statement, index, number)
        case .text(let text): bind_text(statement, index, text, Int32(text.utf8.count))
        }
    }

    func script(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw fault(code) }
    }

    /// https://www.sqlite.org/rescode.html
    private func fault(_ code: Int32) -> StoreError {
        let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
        return switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: .unavailable("another process holds the file")
        case SQLITE_INTERRUPT: .unavailable("a statement took too long")
        case SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM,
            SQLITE_NOMEM:
            .unavailable(message)
        case _: .refused(message)
        }
    }

    func close() {
        for statement in prepared.values { sqlite3_finalize(statement) }
        prepared = [:]
        logKeeper.finish()
        sqlite3_close_v2(handle)
        handle = nil
    }
}
