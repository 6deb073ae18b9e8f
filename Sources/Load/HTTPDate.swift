import Base
import Reports

/// A time as HTTP has it: `Sun, 06 Nov 1994 08:49:37 GMT`. RFC 9110, 5.6.7.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Nil for anything but the form that servers write.
    static func instant(_ text: String) -> Instant? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[1].count == 2,
            let month = months.firstIndex(of: String(words[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return Moment(text: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")?.instant
    }
}
