import Base
import Reports

/// A playlist of HLS, as far as a player that only measures needs it: RFC 8216, 4.3.
struct HLSPlaylist: Sendable, Hashable {
    struct Segment: Sendable, Hashable {
        /// Its media sequence number.
        var number: Int64
        var address: String
        var length: Interval
        /// When its first picture was made, by the server's clock: 4.3.2.6.
        var date: Instant?
    }

    /// No segment is longer.
    var target = Interval.zero
    var segments: [Segment] = []
    var isEnded = false
    /// The first of a multivariant playlist's playlists; nil in a media playlist.
    var variant: String?

    private static let linesMax = 20_000
    /// More than any stream comes to, and far from what an integer holds.
    private static let numbers: Range<Int64> = 0..<1 << 53

    /// Nil for what is no playlist.
    init?(_ text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard lines.first?.hasPrefix("#EXTM3U") == true, lines.count <= Self.linesMax else {
            return nil
        }
        var number: Int64 = 0
        var length: Interval?
        var date: Instant?
        var isVariantNext = false
        for line in lines.dropFirst() {
            if let value = line.value(of: "#EXT-X-TARGETDURATION:") {
                guard let seconds = Self.seconds(value) else { return nil }
                target = seconds
            } else if let value = line.value(of: "#EXT-X-MEDIA-SEQUENCE:") {
                guard let first = Int64(value), Self.numbers.contains(first) else { return nil }
                number = first
            } else if let value = line.value(of: "#EXTINF:") {
                guard let seconds = Self.seconds(value.prefix { $0 != "," }) else { return nil }
                length = seconds
            } else if let value = line.value(of: "#EXT-X-PROGRAM-DATE-TIME:") {
                date = Self.date(value)
            } else if line.hasPrefix("#EXT-X-STREAM-INF:") {
                isVariantNext = true
            } else if line.hasPrefix("#EXT-X-ENDLIST") {
                isEnded = true
            } else if line == "#EXT-X-DISCONTINUITY" {
                date = nil
            } else if !line.hasPrefix("#") {
                if isVariantNext {
                    variant = variant ?? String(line)
                } else if let known = length {
                    segments.append(
                        Segment(number: number, address: String(line), length: known, date: date))
                    // Each follows on the one before, unless it has a date of its own.
                    date = date.map { $0 + known }
                    number += 1
                }
                (length, isVariantNext) = (nil, false)
            }
        }
        guard variant != nil || target > .zero else { return nil }
    }

    /// Where a player of a live stream begins: three target durations before the end, or as near
    /// to that as there is. RFC 8216, 6.3.3.
    var firstNumber: Int64? {
        var left = target * 3
        for segment in segments.reversed() {
            left = left - segment.length
            if left <= .zero { return segment.number }
        }
        return segments.first?.number
    }

    /// Nil for an address on another server: nobody goes there.
    static func path(_ address: String, from playlist: String) -> String? {
        guard !address.contains("://"), !address.hasPrefix("//"),
            address.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        if address.hasPrefix("/") { return address }
        let folder = playlist.prefix { $0 != "?" }
        let end = folder.lastIndex(of: "/").map(folder.index(after:)) ?? folder.startIndex
        return folder[..<end] + address
    }

    /// ISO 8601 with an offset of whole minutes, or none; nil for anything else.
    static func date(_ text: Substring) -> Instant? {
        let separator = text.firstIndex(of: "T") ?? text.startIndex
        let zone = text[separator...].firstIndex { "Z+-".contains($0) } ?? text.endIndex
        var time = text[..<zone]
        if time.contains(".") {
            // As a moment is written: without zeros at its end.
            while time.hasSuffix("0") { time.removeLast() }
            if time.hasSuffix(".") { time.removeLast() }
        }
        guard let moment = Moment(text: "\(time)Z"), let offset = offset(text[zone...]) else {
            return nil
        }
        return moment.instant - offset
    }

    /// `Z`, `+01:30` or `-0800`.
    private static func offset(_ text: Substring) -> Interval? {
        if text == "Z" || text.isEmpty { return .zero }
        let digits = text.dropFirst().filter { $0 != ":" }
        guard digits.count == 4, let hours = Int64(digits.prefix(2)),
            let minutes = Int64(digits.suffix(2)), hours < 24, minutes < 60
        else { return nil }
        return .minutes((hours * 60 + minutes) * (text.hasPrefix("-") ? -1 : 1))
    }

    private static func seconds(_ text: some StringProtocol) -> Interval? {
        guard let value = Fixed(decimal: text), value >= .zero, value < Fixed(3_600) else {
            return nil
        }
        return Interval(nanoseconds: Int64(value.millionths) * 1_000)
    }
}

extension Substring {
    fileprivate func value(of tag: String) -> Substring? {
        hasPrefix(tag) ? dropFirst(tag.count) : nil
    }
}
