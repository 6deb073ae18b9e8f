/// By which names streams are published and played.
public enum StreamNames: Sendable, Hashable {
    /// `%d` is the stream's number, from 0.
    case pattern(String)
    /// As an encoder has them, one for each stream: players leave out what follows a `?`, which is
    /// the key.
    case list([String])

    public static let standard = StreamNames.pattern("blast-%d")
    private static let lengthMax = 200

    /// Nil where it does not name each stream differently, or could not stand in an address.
    public init?(pattern: String) {
        guard pattern.ranges(of: "%d").count == 1, Self.isName(pattern) else { return nil }
        self = .pattern(pattern)
    }

    /// A name on each line; empty lines and those that begin with `#` are left out. Nil where a
    /// line is no name, or there is none.
    public init?(lines text: String) {
        let names = text.split(whereSeparator: \.isNewline).map { line in
            String(line.drop { $0 == " " }.prefix { $0 != " " })
        }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !names.isEmpty, names.allSatisfy(Self.isName) else { return nil }
        self = .list(names)
    }

    /// How many streams have a name; nil for any number.
    public var count: Int? {
        switch self {
        case .pattern: nil
        case .list(let names): names.count
        }
    }

    func published(_ number: Int) -> String {
        switch self {
        case .pattern(let pattern): pattern.replacing("%d", with: "\(number)")
        case .list(let names): names[number % names.count]
        }
    }

    func played(_ number: Int) -> String { String(published(number).prefix { $0 != "?" }) }

    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= lengthMax && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            && !text.contains("/") && !text.hasPrefix("?")
    }
}
