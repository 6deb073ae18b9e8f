import Base
import Reports

/// What a target says of itself, read from a page of its own.
///
/// Known are this project's `/metrics`, the statistics of nginx-rtmp and the summaries of SRS's API
/// (`/api/v1/summaries`): bytes over RTMP and CPU time since the server began, and its memory.
struct TargetFigures: Sendable, Hashable {
    var bytesReceived: Int64
    var bytesSent: Int64
    /// Nil where the page does not say.
    var residentBytes: Int64?
    /// Nil where the page does not say.
    var cpuSeconds: Fixed?

    /// Nil for a page of another kind.
    init?(_ page: String) {
        if let received = Self.number(after: "\nstreamr_received_bytes_total ", in: page),
            let sent = Self.number(after: "\nstreamr_sent_bytes_total ", in: page)
        {
            bytesReceived = received
            bytesSent = sent
            residentBytes = Self.number(after: "\nstreamr_resident_bytes ", in: page)
            cpuSeconds = page.firstRange(of: "\nstreamr_cpu_seconds_total ").flatMap { range in
                Fixed(decimal: page[range.upperBound...].prefix { $0 != "\n" })
            }
        } else if page.contains("<rtmp>"),
            let received = Self.number(after: "<bytes_in>", in: page),
            let sent = Self.number(after: "<bytes_out>", in: page)
        {
            // The first of each is the server's; streams and clients come after.
            bytesReceived = received
            bytesSent = sent
        } else if let received = Self.number(after: "\"srs_recv_bytes\":", in: page),
            let sent = Self.number(after: "\"srs_send_bytes\":", in: page)
        {
            bytesReceived = received
            bytesSent = sent
            residentBytes = Self.number(after: "\"mem_kbyte\":", in: page).map { $0 * 1_024 }
        } else {
            return nil
        }
    }

    private static func number(after word: String, in page: String) -> Int64? {
        guard let range = page.firstRange(of: word) else { return nil }
        let digits = page[range.upperBound...].drop { $0 == " " }.prefix {
            $0.isASCII && $0.isNumber
        }
        // Beyond this a number is no count of bytes, and would not bear to be multiplied.
        return Int64(digits).flatMap { $0 < 1 << 53 ? $0 : nil }
    }
}
