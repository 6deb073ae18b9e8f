import Base
import Foundation
import Platform
import TestServers
import Testing

@testable import Storage

@Suite struct SchemaTests {
    private func set(version: Int64, _ place: Store.Place) throws {
        let connection = try Connection(place, isReader: false)
        defer { connection.close() }
        try connection.run("UPDATE schema_version SET version = $1", [.integer(version)])
    }

    @Test(
        "a newer database is refused in clear words and left as it is", arguments: Engine.allCases)
    func newer(engine: Engine) async throws {
        try await engine.withPlace { place in
            try set(version: Schema.version + 1, place)
            let store = Store(place)
            let error = await #expect(throws: StoreError.self) { try await store.open() }
            await store.close()
            #expect(error == .newerSchema(found: Schema.version + 1, known: Schema.version))
            #expect(error?.description.contains("run the newer program") == true)
        }
    }

    /// As the first version left it: the one column that the second takes away is put back.
    @Test(
        "a database of the first version comes forward, and keeps what is in it",
        arguments: Engine.allCases)
    func older(engine: Engine) async throws {
        try await engine.withPlace { place in
            let first = Store(place)
            _ = try await first.execute(.addUser(name: "ada", PasswordHash("x")), at: start)
            await first.close()
            let connection = try Connection(place, isReader: false)
            try connection.script("ALTER TABLE users ADD COLUMN balance INTEGER NOT NULL DEFAULT 0")
            try connection.run("UPDATE schema_version SET version = 1")
            connection.close()

            let store = Store(place)
            let answer = try await store.execute(.findUser(name: "ada"), at: start)
            await store.close()
            let row = UserRow(user: UserID(0), name: "ada", password: PasswordHash("x"))
            #expect(answer == .user(row))
            let reader = try Connection(place, isReader: true)
            defer { reader.close() }
            #expect(throws: StoreError.self) {
                try reader.query("SELECT balance FROM users") { _ in true }
            }
            let versions = try reader.query("SELECT version FROM schema_version") {
                $0.integer(0)
            }
            #expect(versions == [Schema.version])
        }
    }

    @Test("many that start together make one schema", arguments: Engine.allCases)
    func together(engine: Engine) async throws {
        try await engine.withPlace { place in
            let stores = (0..<6).map { _ in Store(place) }
            try await withThrowingTaskGroup { group in
                for store in stores { group.addTask { try await store.open() } }
                try await group.waitForAll()
            }
            for store in stores { await store.close() }
            let connection = try Connection(place, isReader: true)
            defer { connection.close() }
            let versions = try connection.query("SELECT version FROM schema_version") {
                $0.integer(0)
            }
            #expect(versions == [Schema.version])
        }
    }

    @Test("what one store wrote another reads", arguments: Engine.allCases)
    func reopened(engine: Engine) async throws {
        try await engine.withPlace { place in
            for name in ["ada", "grace"] {
                let store = Store(place)
                _ = try await store.execute(.addUser(name: name, PasswordHash("x")), at: start)
                await store.close()
            }
            let store = Store(place)
            let answer = try await store.execute(.findUser(name: "grace"), at: start)
            await store.close()
            guard case .user(let row) = answer else { throw StoreError.refused("\(answer)") }
            #expect(row.user == UserID(1))
        }
    }

    @Test("a file that is another program's, or no database at all, is refused and left alone")
    func foreign() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "other.db")
            let other = try SQLiteConnection(path: file.path)
            try other.script("CREATE TABLE theirs (x INTEGER)")
            other.close()
            let text = folder.appending(path: "letter.txt")
            try Data(String(repeating: "Dear all, ", count: 500).utf8).write(to: text)
            for path in [file.path, text.path] {
                let before = try Data(contentsOf: URL(filePath: path))
                let store = Store(.file(path: path))
                let error = await #expect(throws: StoreError.self) { try await store.open() }
                await store.close()
                guard case .refused = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(try Data(contentsOf: URL(filePath: path)) == before)
            }
        }
    }

    @Test("nobody else may read the file, nor its log")
    func permissions() async throws {
        try await Engine.sqlite.withPlace { place in
            guard case .file(let path) = place else { return }
            let store = Store(place)
            try await store.open()
            for file in [path, path + "-wal"] {
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
                #expect(mode as? Int == 0o600, "\(file)")
            }
            await store.close()
        }
    }

    @Test("money is kept in exact decimals, and never as a binary fraction")
    func money() async throws {
        let url = try PostgresServer.shared.get().database(isDurable: false)
        let connection = try Connection(.server(url: url), isReader: false)
        defer { connection.close() }
        let types = try connection.query(
            """
            SELECT data_type, COUNT(*) FROM information_schema.columns
            WHERE table_schema = $1 GROUP BY data_type ORDER BY data_type
            """, [.text(Schema.name)]
        ) { $0.text(0) }
        #expect(types == ["bigint", "boolean", "numeric", "text"])
        for nano in [0, 1, -1, 46_250_000, .max, .min] as [Int64] {
            let back = try connection.query(
                "SELECT nanodollars(CAST(dollars($1) AS NUMERIC(20,9)))", [.integer(nano)]
            ) { $0.integer(0) }
            #expect(back == [nano])
        }
    }
}
