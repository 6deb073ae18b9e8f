import Base
import Foundation

/// Random commands after templates.
///
/// Words of a template stand apart by blanks. `a|b` is one of several, `$name` a value of that kind,
/// `[ … ]` is there one time in three, `( … )*` one to three times.
struct CommandGrammar {
    struct Template {
        var text: String
        var keys: [String]
        var weight: Int
        /// The order of the reply's elements is not told.
        var isUnordered: Bool

        init(_ text: String, _ keys: [String], weight: Int = 2, isUnordered: Bool = false) {
            self.text = text
            self.keys = keys
            self.weight = weight
            self.isUnordered = isUnordered
        }
    }

    struct Command {
        var words: [[UInt8]]
        var isUnordered: Bool

        var name: String { String(decoding: words[0], as: UTF8.self).uppercased() }
        var text: String {
            words.map { String(decoding: $0, as: UTF8.self).debugDescription }
                .joined(separator: " ")
        }
    }

    private var random: Random
    private let templates: [Template]
    private let weight: UInt64
    private var keys: [String] = []

    init(_ templates: [Template], seed: UInt64) {
        self.templates = templates
        weight = UInt64(templates.reduce(0) { $0 + $1.weight })
        random = Random(seed: seed)
    }

    mutating func next() -> Command {
        var rest = Int(random.below(weight))
        let template = templates.first {
            rest -= $0.weight
            return rest < 0
        }!
        // Now and then a key of another family, for errors of type.
        keys = random.below(8) == 0 ? Self.anyKeys : template.keys
        var words: [[UInt8]] = []
        var tokens = template.text.split(separator: " ")[...]
        expand(&tokens, into: &words, isWanted: true)
        // And a word too few.
        if random.below(100) == 0, words.count > 1, !template.isUnordered { words.removeLast() }
        return Command(words: words, isUnordered: template.isUnordered)
    }

    private mutating func expand(
        _ tokens: inout ArraySlice<Substring>, into words: inout [[UInt8]], isWanted: Bool
    ) {
        while let token = tokens.popFirst() {
            switch token {
            case "]", ")*": return
            case "[":
                expand(&tokens, into: &words, isWanted: isWanted && random.below(3) == 0)
            case "(":
                let group = tokens
                for _ in 0...random.below(3) {
                    tokens = group
                    expand(&tokens, into: &words, isWanted: isWanted)
                }
            case _:
                let choices = token.split(separator: "|")
                let choice = choices[Int(random.below(UInt64(choices.count)))]
                guard isWanted else { continue }
                if choice.hasPrefix("$") {
                    append(String(choice.dropFirst()), to: &words)
                } else {
                    words.append(Array(choice.utf8))
                }
            }
        }
    }

    private mutating func append(_ kind: String, to words: inout [[UInt8]]) {
        switch kind {
        case "key": words.append(pick(keys))
        case "counted":
            let count = random.below(3) + 1
            words.append(random.below(12) == 0 ? pick(["0", "-1", "5", "x"]) : digits(count))
            for _ in 0..<count { words.append(pick(keys)) }
        case "empty": words.append([])
        case "score" where random.below(2) == 0: words.append(fraction())
        case "float" where random.below(2) == 0: words.append(fraction())
        case "value" where random.below(4) == 0: words.append(digits(random.below(20_000)))
        case "member" where random.below(2) == 0: words.append(digits(random.below(40)))
        case "bound": words.append((random.below(3) == 0 ? [0x28] : []) + pick(Self.kinds[kind]!))
        case _: words.append(pick(Self.kinds[kind]!))
        }
    }

    private mutating func pick(_ words: [String]) -> [UInt8] {
        Array(words[Int(random.below(UInt64(words.count)))].utf8)
    }

    private func digits(_ number: UInt64) -> [UInt8] { Array(String(number).utf8) }

    /// Numbers of all sizes, with as many digits as a double has or fewer.
    private mutating func fraction() -> [UInt8] {
        let whole = random.below(1 << random.below(50))
        let part = String(random.below(1 << random.below(45)))
        let text = (random.below(3) == 0 ? "-" : "") + "\(whole).\(part)"
        return Array(text.utf8)
    }

    static let anyKeys = ["a", "b", "h1", "h2", "l1", "s1", "s2", "z1", "z2", "none"]

    private static let kinds: [String: [String]] = [
        "value": [
            "x", "", "hello", "10", "-5", "3.25", "1e3", "abc def", "9223372036854775807", "007",
            " 1", String(repeating: "v", count: 70), String(repeating: "z", count: 45), "inf",
            "nan", "\u{0}é\r\n",
        ],
        "number": [
            "1", "-1", "5", "100", "9223372036854775807", "-9223372036854775808", "abc", "1.5",
            "", "0", "+1", "12", "01", "-0",
        ],
        "small": ["0", "1", "-1", "2", "3", "-2", "5", "10", "-10", "100"],
        "index": (-7...7).map(String.init),
        "float": [
            "0.1", "10.5", "-3.75", "1e10", "3.0e-5", "abc", "inf", "nan", "1e400", "-0.1", "2",
            "1e17", "0.00000000000000001", "", "1e", ".5", "5.",
        ],
        "score": [
            "1", "2", "3", "1.5", "-1", "0", "inf", "-inf", "0.1", "3.3", "1e20", "1e-7", "abc",
            "nan", "1e22", "123456789012345678", "-0", "5e-324", "1.7976931348623157e308",
        ],
        "bound": ["1", "2", "0", "inf", "-inf", "1.5", "-1", "3", "x"],
        "lex": ["-", "+", "[a", "(a", "[m", "(m5", "[zz", "b", "[m10"],
        "member": [
            "a", "b", "c", "d", "m1", "m5", "m10", "-7", String(repeating: "long", count: 20),
        ],
        "far": ["4000000000", "-1", "0", "x", "9223372036854775807", "4000000000000"],
    ]
}
