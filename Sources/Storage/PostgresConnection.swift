import CPostgres
import Glibc

/// One session with a PostgreSQL server through libpq, used by one thread at a time.
///
/// Statements are sent without blocking and waited for with a deadline of our own, so that a
/// server that vanished without a word is noticed as well as one that cancels a slow statement.
final class PostgresConnection {
    /// What our own deadline adds to the server's for the way there and back.
    private static let grace = Duration.seconds(2)

    private var handle: OpaquePointer?
    private var prepared: [String: String] = [:]
    private(set) var statements = 0
    private var timeout = Duration.seconds(5)
    /// The server's own timeout for this session, where it is not `timeout` already.
    private var timeoutSet: Duration?

    /// `url` is libpq's: `postgres://user:password@host/database?sslmode=verify-full`.
    init(url: String) throws(StoreError) {
        // What comes first may be overridden by the address.
        let settings: [(String, String)] = [
            ("application_name", "streamr-sim"), ("connect_timeout", "5"),
            ("keepalives_idle", "30"), ("tcp_user_timeout", "7000"), ("dbname", url),
            ("client_encoding", "UTF8"),
        ]
        handle = Self.connect(settings)
        guard PQstatus(handle) == CONNECTION_OK else {
            let message = self.message
            close()
            throw .unavailable(message)
        }
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        PQsetnonblocking(handle, 1)
        do throws(StoreError) {
            try script(
                """
                SET search_path TO \(Schema.name); SET idle_in_transaction_session_timeout = 10000;
                SET lock_timeout = 3000; SET default_transaction_isolation = 'read committed'
                """)
        } catch {
            close()
            throw error
        }
    }

    private static func connect(_ settings: [(String, String)]) -> OpaquePointer? {
        let keys = settings.map { strdup($0.0) } + [nil]
        let values = settings.map { strdup($0.1) } + [nil]
        defer { for text in keys + values { free(text) } }
        return keys.map { UnsafePointer($0) }.withUnsafeBufferPointer { keys in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                PQconnectdbParams(keys.baseAddress, values.baseAddress, 1)
            }
        }
    }

    /// What follows may take so long, each statement.
    func limit(to duration: Duration) { timeout = duration }

    func query<Element>(
        _ sql: String, _ values: [Value], _ read: (Row) -> Element
    ) throws(StoreError) -> [Element] {
        try setTimeout()
        let name = try prepare(sql, parameters: values.count)
        statements += 1
        let result = try exchange { Self.send($0, name, values) }
        defer { PQclear(result) }
        return (0..<PQntuples(result)).map { read(.postgres(result, row: $0)) }
    }

    private func prepare(_ sql: String, parameters: Int) throws(StoreError) -> String {
        if let name = prepared[sql] { return name }
        let name = "s\(prepared.count)"
        PQclear(try exchange { PQsendPrepare($0, name, sql, 0, nil) })
        prepared[sql] = name
        return name
    }

    /// Parameters go as text, one after another in one buffer.
    private static func send(_ handle: OpaquePointer, _ name: String, _ values: [Value]) -> Int32 {
        var texts: [CChar] = []
        var offsets: [Int?] = []
        for value in values {
            switch value {
            case .null:
                offsets.append(nil)
                continue
            case .number(let number):
                offsets.append(texts.count)
                texts.append(contentsOf: String(number).utf8.lazy.map { CChar(bitPattern: $0) })
            case .text(let text):
                offsets.append(texts.count)
                texts.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
            }
            texts.append(0)
        }
        return texts.withUnsafeBufferPointer { texts in
            let pointers = offsets.map { offset in offset.map { texts.baseAddress! + $0 } }
            return PQsendQueryPrepared(
                handle, name, Int32(values.count), pointers, nil, nil, 0)
        }
    }

    func script(_ sql: String) throws(StoreError) {
        try setTimeout()
        PQclear(try exchange { PQsendQuery($0, sql) })
    }

    /// Before a transaction begins: one that is rolled back would take its settings along.
    private func setTimeout() throws(StoreError) {
        guard timeoutSet != timeout else { return }
        PQclear(
            try exchange {
                PQsendQuery($0, "SET statement_timeout = \(timeout.milliseconds)")
            })
        timeoutSet = timeout
    }

    /// Sends by `send` and waits for the whole answer: its last result, or its first error.
    private func exchange(
        _ send: (OpaquePointer) -> Int32
    ) throws(StoreError) -> OpaquePointer {
        guard let handle, send(handle) == 1 else { throw lost() }
        let deadline = ContinuousClock.now + timeout + Self.grace
        var last: OpaquePointer?
        var isWhole = false
        defer { if !isWhole { PQclear(last) } }
        while true {
            try wait(until: deadline)
            guard let result = PQgetResult(handle) else { break }
            if let kept = last, Self.failed(kept) {
                PQclear(result)
            } else {
                PQclear(last)
                last = result
            }
        }
        guard let last else { throw lost() }
        guard !Self.failed(last) else { throw fault(last) }
        isWhole = true
        return last
    }

    private static func failed(_ result: OpaquePointer) -> Bool {
        let status = PQresultStatus(result)
        return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK
    }

    /// Until `PQgetResult` would not block.
    private func wait(until deadline: ContinuousClock.Instant) throws(StoreError) {
        while true {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw lost() }
            if unsent == 0 && PQisBusy(handle) == 0 { return }
            let events = Int16(POLLIN | (unsent == 1 ? POLLOUT : 0))
            var entry = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero, poll(&entry, 1, Int32(clamping: left.milliseconds)) != 0 else {
                close()
                throw .unavailable("no answer in time")
            }
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
    }

    private func lost() -> StoreError {
        let message = self.message
        close()
        return .unavailable(message)
    }

    /// https://www.postgresql.org/docs/15/errcodes-appendix.html
    private func fault(_ result: OpaquePointer) -> StoreError {
        let code = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let text = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
        let message = text ?? self.message
        if PQstatus(handle) != CONNECTION_OK { return lost() }
        return switch code ?? "" {
        // Serialisation failure, deadlock, and a number that somebody else took first.
        case "40001", "40P01", "23505": .conflict(message)
        case "57014", "55P03": .unavailable(message)
        // A server that became a standby takes no writes: another connection may find the new one.
        case "25006": lost()
        case let code where ["08", "53", "57", "58"].contains(String(code.prefix(2))):
            .unavailable(message)
        case _: .refused(message)
        }
    }

    /// libpq's last message in one line; it never has the password in it.
    private var message: String {
        let text = handle.map { String(cString: PQerrorMessage($0)) } ?? "not connected"
        return text.split(separator: "\n").joined(separator: "; ")
    }

    /// Whether a statement may be sent: a server that ended the session has said so by now.
    var isAlive: Bool {
        guard let handle, PQstatus(handle) == CONNECTION_OK else { return false }
        var entry = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return true }
        return PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
            && entry.revents & Int16(POLLHUP | POLLERR) == 0
    }

    func close() {
        PQfinish(handle)
        handle = nil
        prepared = [:]
    }
}
