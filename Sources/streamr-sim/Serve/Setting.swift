import Logging

/// One setting of a program: its name on the command line, and what it does.
struct Setting<Settings>: Sendable {
    var name: String
    /// In words, for whoever wrote something else.
    var expected: String
    /// False if the value cannot be used.
    var set: @Sendable (inout Settings, String) -> Bool

    /// A whole number in this range.
    static func number(
        _ name: String, _ range: ClosedRange<Int>,
        _ set: @escaping @Sendable (inout Settings, Int) -> Void
    ) -> Setting {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        return Setting(name: name, expected: expected) { settings, text in
            guard let value = Int(text), range.contains(value) else { return false }
            set(&settings, value)
            return true
        }
    }

    /// Text that is not empty.
    static func text(
        _ name: String, _ expected: String,
        _ set: @escaping @Sendable (inout Settings, String) -> Void
    ) -> Setting {
        Setting(name: name, expected: expected) { settings, text in
            set(&settings, text)
            return !text.isEmpty
        }
    }

    static func log(
        _ set: @escaping @Sendable (inout Settings, Logger.Level) -> Void
    ) -> Setting {
        Setting(name: "log", expected: "a level such as info") { settings, text in
            guard let level = Logger.Level(rawValue: text) else { return false }
            set(&settings, level)
            return true
        }
    }
}
