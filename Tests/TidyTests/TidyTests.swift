import Foundation
import Testing

/// The rules of the design and the style that a machine can check, over the whole of `Sources`.
@Suite struct TidyTests {
    struct Source {
        var path: String
        var target: String
        var lines: [String]
    }

    /// Which targets each may import; whatever is not named is a library.
    static let mayImport: [String: [String]] = [
        "Base": [], "RTMP": ["Base"], "Media": ["Base", "RTMP"],
        "RESP": ["Base"], "Platform": ["Base", "RTMP", "Media", "RESP"], "Cloud": ["Base"],
        "Plans": ["Base", "Cloud"], "Scenarios": ["Base", "Cloud", "Plans"],
        "Packets": ["Base", "RTMP", "Media"], "CPcap": [], "Capture": ["Base", "Packets", "CPcap"],
        "Results": ["Base", "Cloud", "Scenarios"],
        "Simulation": [
            "Base", "RTMP", "Packets", "Platform", "Cloud", "Scenarios", "Results",
        ],
        "Reports": ["Base", "Packets", "Cloud", "Scenarios", "Results"],
        "Sockets": ["Base", "RTMP", "Media", "RESP", "Platform"],
        "CSQLite": [], "CPostgres": [],
        "Storage": ["Base", "Platform", "CSQLite", "CPostgres"],
        "Load": [
            "Base", "RTMP", "Media", "Platform", "Scenarios", "Results", "Reports", "Sockets",
        ],
        "streamr-sim": [
            "Base", "Cloud", "Plans", "Scenarios", "Results", "Reports", "Simulation", "Platform",
            "RTMP", "Media", "Sockets", "Packets", "Storage", "Capture", "Load",
        ],
    ]
    static let belowDrivers = [
        "Base", "RTMP", "Media", "RESP", "Packets", "Platform", "Cloud", "Plans", "Scenarios",
        "Results", "Simulation",
    ]

    /// What is banned below the drivers, and what to use for it.
    static let banned: [(word: String, instead: String)] = [
        ("import Foundation", "nothing of it is needed here"), ("import Glibc", "integers"),
        ("import Dispatch", "the event queue"), ("Date(", "the `now` that was told"),
        ("UUID(", "a number"), ("ContinuousClock", "the `now` that was told"),
        ("SystemRandomNumberGenerator", "a named Random"), (".random(in:", "Random.within"),
        (".shuffled()", "Random.shuffle"), (".randomElement(", "Random.below"),
        (".hashValue", "Digest"), ("ObjectIdentifier", "an index"), ("Task {", "events"),
        ("async ", "events"), ("await ", "events"), ("DispatchQueue", "events"),
        ("@unchecked Sendable", "a value"), ("nonisolated(unsafe)", "a value"),
        ("Dictionary<", "Lookup or an array"), ("Set<", "Lookup or an array"),
        ("[String: ", "Lookup or an array"), ("try!", "throw"), ("as!", "a type"),
        ("print(", "a result"), (" default:", "every case by its name"),
        ("Double", "integers, Fixed or Ratio"), ("Float", "integers, Fixed or Ratio"),
    ]
    /// `Lookup` is what stands in for a dictionary; AMF0 numbers and Redis' scores are doubles on the
    /// wire.
    static let exempt = [
        "Sources/Base/Lookup.swift", "Sources/RTMP/Wire/AMFValue.swift",
        "Sources/Platform/Cache/Score.swift",
    ]

    static let sources: [Source] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: "Sources")
        let names =
            FileManager.default.enumerator(atPath: folder.path)?
            .compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted() ?? []
        return names.map { name in
            let text =
                (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
            return Source(
                path: "Sources/" + name, target: String(name.prefix { $0 != "/" }),
                lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(
                    String.init))
        }
    }()

    /// The code of a line, without its comment and without what stands in quotes.
    static func code(_ line: String) -> String {
        let trimmed = line.trimmingCharacters(in: .whitespaces)
        if trimmed.hasPrefix("//") { return "" }
        var result = ""
        var isQuoted = false
        for character in line {
            if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted {
                result.append(character)
            }
        }
        return result
    }

    @Test("there are sources to look at")
    func found() { #expect(Self.sources.count > 60) }

    @Test("arrows point down only")
    func imports() {
        for source in Self.sources {
            guard let allowed = Self.mayImport[source.target] else {
                Issue.record("\(source.path): a target that the picture does not show")
                continue
            }
            for line in source.lines where line.hasPrefix("import ") || line.hasPrefix("@testable")
            {
                let name = String(line.split(separator: " ").last ?? "")
                guard Self.mayImport[name] != nil else { continue }
                #expect(allowed.contains(name), "\(source.path) imports \(name)")
            }
        }
    }

    /// Libraries that what simulates, and what reports on it, may import: none of the network.
    static let libraries = [
        "RTMP": ["Crypto"], "Plans": ["Yams"], "Reports": ["Foundation"],
    ]

    @Test("the simulating part imports no network library")
    func libraryImports() {
        for source in Self.sources
        where Self.belowDrivers.contains(source.target) || source.target == "Reports" {
            for line in source.lines where line.hasPrefix("import ") {
                let name = String(line.dropFirst("import ".count))
                let isOurs = Self.mayImport[name] != nil
                let isAllowed = Self.libraries[source.target]?.contains(name) ?? false
                #expect(isOurs || isAllowed, "\(source.path) imports \(name)")
            }
        }
    }

    @Test("nothing that makes runs differ is used below the drivers")
    func bans() {
        for source in Self.sources where Self.belowDrivers.contains(source.target) {
            guard !Self.exempt.contains(source.path) else { continue }
            for (number, line) in source.lines.enumerated() {
                let code = Self.code(line)
                for ban in Self.banned where code.contains(ban.word) {
                    Issue.record(
                        "\(source.path):\(number + 1): \(ban.word) is banned: use \(ban.instead)")
                }
            }
        }
    }

    @Test("the ban list bites")
    func canary() {
        #expect(Self.code("let now = Date()").contains("Date("))
        #expect(!Self.code("// Date() is banned").contains("Date("))
        #expect(!Self.code("let text = \"Date()\"").contains("Date("))
    }

    @Test("files are at most 500 lines of at most 100 columns, without marks of unfinished work")
    func size() {
        for source in Self.sources {
            #expect(source.lines.count <= 501, "\(source.path): \(source.lines.count) lines")
            for (number, line) in source.lines.enumerated() {
                #expect(line.count <= 100, "\(source.path):\(number + 1): \(line.count) columns")
                for mark in ["TODO", "FIXME", "XXX"] where line.contains(mark) {
                    Issue.record("\(source.path):\(number + 1): \(mark)")
                }
            }
        }
    }

    @Test("an option of TCP is set as one: as a socket's it would be SO_DEBUG, which is root's")
    func options() {
        for source in Self.sources {
            for (number, line) in source.lines.enumerated() {
                #expect(!line.contains(".socketOption(.tcp_"), "\(source.path):\(number + 1)")
            }
        }
    }
}
