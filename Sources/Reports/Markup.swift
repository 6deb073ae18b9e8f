/// A piece of HTML or XML. Text that is put into one is escaped on the way, so that no name from
/// a scenario can become a tag: only `Markup` itself goes in as it is.
struct Markup: Sendable, Hashable, ExpressibleByStringInterpolation {
    private(set) var text: String

    init(stringLiteral literal: String) { text = literal }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Text between tags, or inside a quoted attribute.
    init(text plain: String) { text = Self.escaped(plain) }

    /// Trusted bytes: a style sheet, a script, path data.
    init(verbatim text: String) { self.text = text }

    static func + (a: Markup, b: Markup) -> Markup { Markup(verbatim: a.text + b.text) }

    /// Safe between tags and inside quoted attributes.
    ///
    /// Characters that XML 1.0 does not allow at all (section 2.2) become U+FFFD.
    static func escaped(_ plain: String) -> String {
        var result = ""
        result.reserveCapacity(plain.utf8.count)
        for scalar in plain.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
                result.unicodeScalars.append("\u{FFFD}")
            case _: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ plain: String) { text += Markup.escaped(plain) }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ number: Int64) { text += String(number) }
        mutating func appendInterpolation(_ number: UInt64) { text += String(number) }
        mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
        mutating func appendInterpolation(_ list: [Markup]) {
            for (index, markup) in list.enumerated() {
                if index > 0 { text += "\n" }
                text += markup.text
            }
        }
    }
}
