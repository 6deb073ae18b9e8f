import Base
import Platform

/// Accounts, keys and feedback. A new row's number is one above the highest; whoever takes the
/// same one at the same time runs into the primary key, and is tried again.
extension Session {
    func addUser(_ name: String, _ password: PasswordHash) throws(StoreError) -> StoreAnswer {
        let added = try connection.query(
            """
            INSERT INTO users (id, name, password)
            SELECT next, CAST($1 AS TEXT), CAST($2 AS TEXT)
            FROM (SELECT COALESCE(MAX(id) + 1, 0) AS next FROM users) AS highest
            WHERE next < $3
            ON CONFLICT (name) DO NOTHING
            RETURNING id, name, password
            """,
            [.text(name), .text(password.text), .integer(Tables.usersMax)], user)
        if let row = added.first { return .user(row) }
        return .refused(try userRow(name) == nil ? .full : .nameTaken)
    }

    func findUser(_ name: String) throws(StoreError) -> StoreAnswer {
        try userRow(name).map { .user($0) } ?? .refused(.noUser)
    }

    private func userRow(_ name: String) throws(StoreError) -> UserRow? {
        try connection.query(
            "SELECT id, name, password FROM users WHERE name = $1",
            [.text(name)], user
        ).first
    }

    private func user(_ row: Row) -> UserRow {
        UserRow(
            user: UserID(row.short(0)), name: row.text(1), password: PasswordHash(row.text(2)))
    }

    func hasUser(_ user: UserID) throws(StoreError) -> Bool {
        try !connection.query(
            "SELECT 1 FROM users WHERE id = $1", [.integer(user.raw)]
        ) { _ in true }.isEmpty
    }

    func addKey(
        _ user: UserID, _ label: String, _ scopes: Scopes, _ digest: SecretDigest
    ) throws(StoreError) -> StoreAnswer {
        guard try hasUser(user) else { return .refused(.noUser) }
        let known = try connection.query(
            "SELECT 1 FROM api_keys WHERE digest = $1", [.text(digest.text)]
        ) { _ in true }
        guard known.isEmpty else { return .refused(.nameTaken) }
        let kept = try connection.query(
            "SELECT COUNT(*) FROM api_keys WHERE user_id = $1", [.integer(user.raw)]
        ) { $0.integer(0) }
        guard kept[0] < Tables.keysMax else { return .refused(.full) }
        let added = try connection.query(
            """
            INSERT INTO api_keys (id, user_id, label, scopes, digest)
            SELECT COALESCE(MAX(id) + 1, 0), CAST($1 AS BIGINT), CAST($2 AS TEXT),
                CAST($3 AS BIGINT), CAST($4 AS TEXT)
            FROM api_keys
            RETURNING id
            """,
            [
                .integer(user.raw), .text(label), .integer(scopes.rawValue),
                .text(digest.text),
            ]
        ) { KeyID($0.short(0)) }
        return .key(
            KeyRow(key: added[0], user: user, label: label, scopes: scopes, isRevoked: false))
    }

    func findKey(_ digest: SecretDigest) throws(StoreError) -> StoreAnswer {
        let found = try connection.query(
            """
            SELECT id, user_id, label, scopes, is_revoked FROM api_keys
            WHERE digest = $1 AND NOT is_revoked
            """, [.text(digest.text)], key)
        return found.first.map { .key($0) } ?? .refused(.noKey)
    }

    func keys(_ user: UserID) throws(StoreError) -> StoreAnswer {
        .keys(
            try connection.query(
                """
                SELECT id, user_id, label, scopes, is_revoked FROM api_keys
                WHERE user_id = $1 ORDER BY id
                """, [.integer(user.raw)], key))
    }

    private func key(_ row: Row) -> KeyRow {
        KeyRow(
            key: KeyID(row.short(0)), user: UserID(row.short(1)), label: row.text(2),
            scopes: Scopes(rawValue: UInt8(clamping: row.integer(3))), isRevoked: row.flag(4))
    }

    func revokeKey(_ key: KeyID, by user: UserID) throws(StoreError) -> StoreAnswer {
        let owners = try connection.query(
            "SELECT user_id FROM api_keys WHERE id = $1", [.integer(key.raw)]
        ) { UserID($0.short(0)) }
        guard let owner = owners.first else { return .refused(.noKey) }
        guard owner == user else { return .refused(.notYours) }
        try connection.run(
            "UPDATE api_keys SET is_revoked = TRUE WHERE id = $1", [.integer(key.raw)])
        return .done
    }

    func addFeedback(_ user: UserID?, _ text: String) throws(StoreError) -> StoreAnswer {
        let added = try connection.query(
            """
            INSERT INTO feedback (id, user_id, said_at, text)
            SELECT next, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT)
            FROM (SELECT COALESCE(MAX(id) + 1, 0) AS next FROM feedback) AS highest
            WHERE next < $4
            RETURNING id
            """,
            [
                .optional(user?.raw), .integer(now.nanoseconds), .text(text),
                .integer(Tables.feedbackMax),
            ]
        ) { _ in true }
        return added.isEmpty ? .refused(.full) : .done
    }
}

extension SecretDigest {
    /// 64 hexadecimal digits: how it is stored.
    fileprivate var text: String {
        var text = ""
        for index in words.indices {
            let digits = String(words[index], radix: 16)
            text += String(repeating: "0", count: 16 - digits.count) + digits
        }
        return text
    }
}
