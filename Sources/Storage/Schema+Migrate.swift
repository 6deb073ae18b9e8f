extension Schema {
    /// The same number names our lock in every process ("strm").
    private static let lock = 0x7374_726D
    private static let timeout = Duration.seconds(60)

    /// Brings the database up to this program's version in one transaction, which only one
    /// process does at a time; a newer database is refused and left alone.
    static func migrate(_ connection: Connection) throws(StoreError) {
        connection.limit(to: timeout)
        if try found(connection) == version { return }
        try connection.transaction(.committed) { () throws(StoreError) in
            try lock(connection)
            let found = try found(connection)
            guard found <= version else {
                throw StoreError.newerSchema(found: found, known: version)
            }
            for step in steps[Int(found)...] { try connection.script(step(words(connection))) }
            try connection.run("DELETE FROM schema_version")
            try connection.run(
                "INSERT INTO schema_version (version) VALUES ($1)", [.integer(version)])
        }
    }

    /// The version of the database; zero where it has none of our tables yet.
    private static func found(_ connection: Connection) throws(StoreError) -> Int64 {
        let hasTable =
            switch connection {
            case .sqlite(let connection): try connection.isOurs()
            case .postgres:
                try connection.query(
                    "SELECT to_regclass('\(name).schema_version') IS NOT NULL", []
                ) { $0.flag(0) } == [true]
            }
        guard hasTable else { return 0 }
        return try connection.query("SELECT version FROM schema_version") { $0.integer(0) }
            .first ?? 0
    }

    /// SQLite has locked the whole file already. What is new is made to hold a version.
    private static func lock(_ connection: Connection) throws(StoreError) {
        switch connection {
        case .sqlite(let file):
            if try file.isOurs() { return }
            try file.takePossession()
        case .postgres:
            try connection.run("SELECT pg_advisory_xact_lock(\(lock))")
            let isThere = try connection.query(
                "SELECT 1 FROM pg_namespace WHERE nspname = '\(name)'"
            ) { _ in true }
            // Even IF NOT EXISTS asks for the right to create one.
            if isThere.isEmpty { try connection.script("CREATE SCHEMA \(name)") }
        }
        let words = words(connection)
        try connection.script(
            """
            CREATE TABLE IF NOT EXISTS schema_version (
                version \(words.integer) NOT NULL
            \(words.end)
            """
        )
    }

    private static func words(_ connection: Connection) -> Words {
        switch connection {
        case .sqlite: .sqlite
        case .postgres: .postgres
        }
    }
}
