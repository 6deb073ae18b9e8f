import CPostgres
import CSQLite

/// What is bound to a parameter of a statement.
enum Value {
    case null
    case number(Int64)
    case text(String)

    static func integer(_ value: some BinaryInteger) -> Value { .number(Int64(value)) }
    static func optional(_ value: (some BinaryInteger)?) -> Value {
        value.map { .number(Int64($0)) } ?? .null
    }
    /// All 64 bits, for an engine that only has signed ones.
    static func bits(_ value: UInt64) -> Value { .number(Int64(bitPattern: value)) }
    static func flag(_ value: Bool) -> Value { .number(value ? 1 : 0) }
}

/// One row of a result, while its statement runs. NULL reads as zero or the empty text.
enum Row {
    case sqlite(OpaquePointer)
    case postgres(OpaquePointer, row: Int32)

    func integer(_ column: Int32) -> Int64 {
        switch self {
        case .sqlite(let statement): sqlite3_column_int64(statement, column)
        case .postgres(let result, let row): Self.integer(PQgetvalue(result, row, column))
        }
    }

    func short(_ column: Int32) -> Int32 { Int32(clamping: integer(column)) }

    func flag(_ column: Int32) -> Bool { integer(column) != 0 }

    func text(_ column: Int32) -> String {
        switch self {
        case .sqlite(let statement):
            sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
        case .postgres(let result, let row):
            PQgetvalue(result, row, column).map { String(cString: $0) } ?? ""
        }
    }

    func isNull(_ column: Int32) -> Bool {
        switch self {
        case .sqlite(let statement): sqlite3_column_type(statement, column) == SQLITE_NULL
        case .postgres(let result, let row): PQgetisnull(result, row, column) == 1
        }
    }

    /// PostgreSQL sends text: digits with a sign, `t` and `f` for a boolean, nothing for NULL.
    private static func integer(_ text: UnsafeMutablePointer<CChar>?) -> Int64 {
        guard var next = text else { return 0 }
        if next.pointee == CChar(UInt8(ascii: "t")) { return 1 }
        let isNegative = next.pointee == CChar(UInt8(ascii: "-"))
        if isNegative { next += 1 }
        var value: Int64 = 0
        while case let digit = Int64(next.pointee) - Int64(UInt8(ascii: "0")), 0...9 ~= digit {
            value = value &* 10 &- digit  // downwards, so that the least number fits
            next += 1
        }
        return isNegative ? value : 0 &- value
    }
}

/// One session with a database. Statements are written once, in the words that both engines
/// know, with `$1` … for parameters; each session prepares them when it first needs them.
enum Connection {
    case sqlite(SQLiteConnection)
    case postgres(PostgresConnection)

    /// Connects and brings the schema up to date.
    init(_ place: Store.Place, isReader: Bool) throws(StoreError) {
        switch place {
        case .file(let path): self = .sqlite(try SQLiteConnection(path: path))
        case .server(let url): self = .postgres(try PostgresConnection(url: url))
        }
        do throws(StoreError) {
            try Schema.migrate(self)
            if case .sqlite(let connection) = self { try connection.settle(isReader: isReader) }
        } catch {
            close()
            throw error
        }
    }

    /// Runs one statement and hands each row of its result to `read`.
    func query<Element>(
        _ sql: String, _ values: [Value] = [], _ read: (Row) -> Element
    ) throws(StoreError) -> [Element] {
        for case .text(let text) in values where text.utf8.contains(0) {
            throw .refused("a text with a NUL character")  // PostgreSQL has none; so has nobody
        }
        return switch self {
        case .sqlite(let connection): try connection.query(sql, values, read)
        case .postgres(let connection): try connection.query(sql, values, read)
        }
    }

    /// Runs one statement without a result, or whose result does not matter.
    func run(_ sql: String, _ values: [Value] = []) throws(StoreError) {
        _ = try query(sql, values) { _ in () }
    }

    /// Several statements at once, without parameters; for schemas and settings.
    func script(_ sql: String) throws(StoreError) {
        switch self {
        case .sqlite(let connection): try connection.script(sql)
        case .postgres(let connection): try connection.script(sql)
        }
    }

    enum Isolation {
        /// Each statement sees what was committed before it, and waits for rows that others hold.
        case committed
        /// As if alone in the database, or a conflict.
        case serializable
    }

    /// What `body` does takes place as a whole or not at all. In SQLite, one writes at a time.
    func transaction<Answer>(
        _ isolation: Isolation, _ body: () throws(StoreError) -> Answer
    ) throws(StoreError) -> Answer {
        switch (self, isolation) {
        case (.sqlite, _): try script("BEGIN IMMEDIATE")  // waits for others here, not later
        case (.postgres, .committed): try script("BEGIN")
        case (.postgres, .serializable): try script("BEGIN ISOLATION LEVEL SERIALIZABLE")
        }
        do throws(StoreError) {
            let answer = try body()
            try script("COMMIT")
            return answer
        } catch {
            try? script("ROLLBACK")  // fails where the connection did, which ends it as well
            throw error
        }
    }

    /// How long what follows may take.
    func limit(to duration: Duration) {
        switch self {
        case .sqlite(let connection): connection.limit(to: duration)
        case .postgres(let connection): connection.limit(to: duration)
        }
    }

    /// Statements with parameters that were run: all but those that begin and end transactions.
    var statements: Int {
        switch self {
        case .sqlite(let connection): connection.statements
        case .postgres(let connection): connection.statements
        }
    }

    /// False where the other side has ended the session.
    var isAlive: Bool {
        switch self {
        case .sqlite: true
        case .postgres(let connection): connection.isAlive
        }
    }

    func close() {
        switch self {
        case .sqlite(let connection): connection.close()
        case .postgres(let connection): connection.close()
        }
    }
}
