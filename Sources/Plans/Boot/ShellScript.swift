/// A shell script cut into simple commands and the files that it writes from its own text.
///
/// This is no shell: variables, functions and branches are not followed. A command is a line (or a
/// part of one between `;`, `&&` and `|`), in words.
struct ShellScript {
    static let linesMax = 2_000  // user data is at most 16 KB

    private(set) var lines: [String] = []
    private(set) var commands: [[String]] = []
    private(set) var files: [File] = []

    struct File {
        var path: String
        var text: String
    }

    init(_ script: String) {
        var rest = script.split(separator: "\n", omittingEmptySubsequences: false)
            .prefix(Self.linesMax).map(String.init)[...]
        while var line = rest.popFirst() {
            while line.hasSuffix("\\"), let next = rest.popFirst() {
                line = line.dropLast() + " " + next
            }
            lines.append(line)
            for part in Self.parts(line) {
                let words = Self.words(part)
                if !words.isEmpty && !words[0].hasPrefix("#") { commands.append(words) }
            }
            if let end = Self.heredocEnd(line) { readFile(line, until: end, &rest) }
        }
    }

    private mutating func readFile(
        _ line: String, until end: String, _ rest: inout ArraySlice<String>
    ) {
        var text: [String] = []
        while let next = rest.popFirst(), next.drop(while: { $0 == "\t" }) != end {
            text.append(next)
            lines.append(next)
        }
        guard let path = Self.target(line) else { return }
        files.append(File(path: path, text: text.joined(separator: "\n") + "\n"))
    }

    /// The word that ends a text which begins here: `<<'EOF'`, `<<-EOF`.
    private static func heredocEnd(_ line: String) -> String? {
        guard let start = line.range(ofPlain: "<<") else { return nil }
        let after = line[line.index(start, offsetBy: 2)...].drop { $0 == "-" || $0 == " " }
        let word = after.prefix { !$0.isWhitespace && $0 != ">" && $0 != ";" }
        let bare = word.filter { $0 != "'" && $0 != "\"" && $0 != "\\" }
        return bare.isEmpty ? nil : bare
    }

    /// Where the text goes: `> path` or `tee path`.
    private static func target(_ line: String) -> String? {
        let words = line.split(separator: " ").map(String.init)
        for (index, word) in words.enumerated() where index + 1 < words.count {
            if word == ">" || word == ">>" || word == "tee" { return words[index + 1] }
        }
        let glued = words.first { $0.hasPrefix(">") && $0.count > 1 }
        return glued.map { String($0.drop { $0 == ">" }) }
    }

    private static func parts(_ line: String) -> [Substring] {
        var parts: [Substring] = []
        var start = line.startIndex
        var quote: Character?
        var index = line.startIndex
        while index < line.endIndex {
            let character = line[index]
            let next = line.index(after: index)
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == ";" || character == "|" || character == "&" {
                parts.append(line[start..<index])
                start = next
            }
            index = next
        }
        return parts + [line[start...]]
    }

    private static func words(_ part: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        var isOpen = false
        var quote: Character?
        for character in part {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                (quote, isOpen) = (character, true)
            } else if character.isWhitespace {
                if isOpen || !word.isEmpty { words.append(word) }
                (word, isOpen) = ("", false)
            } else {
                word.append(character)
            }
        }
        if isOpen || !word.isEmpty { words.append(word) }
        return words.first == "sudo" ? Array(words.dropFirst()) : words
    }
}
