/// The tables, and how older ones become them: versioned steps, forward only.
///
/// Instants are nanoseconds since 1970, because both engines must give back what they were told
/// and PostgreSQL's timestamps end at microseconds. Money is NUMERIC(20, 9) in PostgreSQL and
/// whole nano-dollars in SQLite, which has no exact decimals; never binary floating point.
enum Schema {
    /// PostgreSQL's schema of that name keeps the tables apart from whatever else is there.
    static let name = "streamr"
    static let version = Int64(steps.count)

    /// The words in which the engines differ.
    struct Words {
        var integer: String
        var flag: String
        var money: String
        /// A row's own number, given by the engine.
        var row: String
        /// Functions that a connection to SQLite brings along.
        var moneyFunctions: String
        /// What ends a table, and one whose rows are rewritten all the time.
        var end: String
        var endRewritten: String

        static let sqlite = Words(
            integer: "INTEGER", flag: "INTEGER", money: "INTEGER", row: "INTEGER PRIMARY KEY",
            moneyFunctions: "", end: ") STRICT", endRewritten: ") STRICT")
        /// Half-filled pages let a heartbeat's new row stay beside its old one, without a change
        /// to any index (https://www.postgresql.org/docs/15/storage-hot.html).
        static let postgres = Words(
            integer: "BIGINT", flag: "BOOLEAN", money: "NUMERIC(20,9)",
            row: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            moneyFunctions: """
                CREATE FUNCTION nanodollars(amount NUMERIC) RETURNS BIGINT IMMUTABLE LANGUAGE SQL
                AS 'SELECT CAST(amount * 1000000000 AS BIGINT)';
                CREATE FUNCTION dollars(nano BIGINT) RETURNS NUMERIC IMMUTABLE LANGUAGE SQL
                AS 'SELECT nano * 0.000000001';

                """, end: ")",
            endRewritten: ") WITH (fillfactor = 50)")
    }

    /// Step N makes version N of version N - 1. What was released is never edited.
    static let steps: [@Sendable (Words) -> String] = [
        { $0.moneyFunctions + people($0) + nodes($0) + ledger($0) },
        // Nodes earn, and `accounts` has what; nothing was ever written here.
        { _ in "ALTER TABLE users DROP COLUMN balance" },
    ]

    private static func people(_ words: Words) -> String {
        """
        CREATE TABLE users (
            id \(words.integer) PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            password TEXT NOT NULL,
            balance \(words.money) NOT NULL DEFAULT 0
        \(words.end);
        CREATE TABLE api_keys (
            id \(words.integer) PRIMARY KEY,
            user_id \(words.integer) NOT NULL REFERENCES users,
            label TEXT NOT NULL,
            scopes \(words.integer) NOT NULL,
            digest TEXT NOT NULL UNIQUE,
            is_revoked \(words.flag) NOT NULL DEFAULT FALSE
        \(words.end);
        CREATE INDEX api_keys_user ON api_keys (user_id, id);
        CREATE TABLE feedback (
            id \(words.integer) PRIMARY KEY,
            user_id \(words.integer),
            said_at \(words.integer) NOT NULL,
            text TEXT NOT NULL
        \(words.end);
        CREATE TABLE streams (
            id \(words.integer) PRIMARY KEY,
            owner \(words.integer) NOT NULL REFERENCES users,
            title TEXT NOT NULL,
            stream_key \(words.integer) NOT NULL,
            status \(words.integer) NOT NULL CHECK (status BETWEEN 0 AND 5),
            changed_at \(words.integer) NOT NULL
        \(words.end);
        CREATE INDEX streams_owner ON streams (owner, id);
        CREATE INDEX streams_status ON streams (status, id);
        CREATE TABLE leases (
            job \(words.integer) PRIMARY KEY,
            holder \(words.integer) NOT NULL,
            expires_at \(words.integer) NOT NULL
        \(words.end);

        """
    }

    /// What heartbeats write and what jobs write are tables of their own, so that neither waits
    /// for the other. Nodes are never deleted, so rows that only they have need no foreign key:
    /// the statement that appends one has looked for its node.
    private static func nodes(_ words: Words) -> String {
        """
        CREATE TABLE nodes (
            id \(words.integer) PRIMARY KEY,
            stream \(words.integer) NOT NULL REFERENCES streams,
            name TEXT NOT NULL,
            host TEXT NOT NULL,
            rtmp_port \(words.integer) NOT NULL,
            http_port \(words.integer) NOT NULL,
            stats_url TEXT NOT NULL DEFAULT '',
            capacity \(words.integer) NOT NULL DEFAULT 0,
            viewers \(words.integer) NOT NULL DEFAULT 0,
            heartbeat_at \(words.integer) NOT NULL DEFAULT 0,
            reported_until \(words.integer) NOT NULL DEFAULT 0,
            is_active \(words.flag) NOT NULL DEFAULT FALSE,
            is_allowed \(words.flag) NOT NULL DEFAULT TRUE,
            UNIQUE (stream, name)
        \(words.endRewritten);
        CREATE INDEX nodes_stream ON nodes (stream, id);
        CREATE TABLE accounts (
            node \(words.integer) PRIMARY KEY,
            trust \(words.integer) NOT NULL,
            is_flagged \(words.flag) NOT NULL DEFAULT FALSE,
            balance \(words.money) NOT NULL DEFAULT 0,
            reports_settled \(words.integer) NOT NULL DEFAULT 0,
            reports_verified \(words.integer) NOT NULL DEFAULT 0,
            bytes_settled \(words.integer) NOT NULL DEFAULT 0,
            bytes_verified \(words.integer) NOT NULL DEFAULT 0
        \(words.end);
        CREATE TABLE probes (
            id \(words.row),
            node \(words.integer) NOT NULL,
            probed_at \(words.integer) NOT NULL,
            is_reachable \(words.flag) NOT NULL,
            viewers \(words.integer) NOT NULL
        \(words.end);
        CREATE INDEX probes_node ON probes (node, id);
        CREATE INDEX probes_at ON probes (probed_at);
        CREATE TABLE spot_checks (
            id \(words.row),
            node \(words.integer) NOT NULL,
            checked_at \(words.integer) NOT NULL,
            has_passed \(words.flag) NOT NULL
        \(words.end);
        CREATE INDEX spot_checks_node ON spot_checks (node, checked_at);

        """
    }

    /// The ledger is one table with an index for each of the few rows that a job looks for:
    /// those that wait, and those that are due. Partitions would only make the daily sweep
    /// cheaper, which reads its rows once anyway to sum them up.
    private static func ledger(_ words: Words) -> String {
        """
        CREATE TABLE ledger (
            id \(words.row),
            node \(words.integer) NOT NULL,
            bytes \(words.integer) NOT NULL,
            begins_at \(words.integer) NOT NULL,
            ends_at \(words.integer) NOT NULL,
            source_bitrate \(words.integer) NOT NULL,
            state \(words.integer) NOT NULL CHECK (state BETWEEN 0 AND 3)
        \(words.end);
        CREATE INDEX ledger_waiting ON ledger (node, bytes) WHERE state = 0;
        CREATE INDEX ledger_waiting_id ON ledger (id) WHERE state = 0;
        CREATE INDEX ledger_due ON ledger (node, ends_at) WHERE state = 1;
        CREATE INDEX ledger_ends ON ledger (ends_at);
        CREATE TABLE months (
            node \(words.integer) NOT NULL,
            month \(words.integer) NOT NULL,
            bytes_reported \(words.integer) NOT NULL,
            bytes_verified \(words.integer) NOT NULL,
            PRIMARY KEY (node, month)
        \(words.end);
        CREATE TABLE hours_paid (
            hour \(words.integer) PRIMARY KEY,
            paid_at \(words.integer) NOT NULL,
            amount \(words.money) NOT NULL
        \(words.end);
        CREATE TABLE payouts (
            hour \(words.integer) NOT NULL REFERENCES hours_paid,
            node \(words.integer) NOT NULL,
            bytes \(words.integer) NOT NULL,
            amount \(words.money) NOT NULL,
            PRIMARY KEY (hour, node)
        \(words.end);
        CREATE INDEX payouts_node ON payouts (node, hour);

        """
    }
}
