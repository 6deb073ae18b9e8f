import Results

/// `junit.xml` of a load: a test case for each ruling, and one for whether it can be believed.
///
/// As for runs, what is inconclusive is an `error`: pipelines count what is skipped as passed.
enum LoadJUnit {
    static func render(_ result: LoadResult) -> String {
        let believed = LoadRuling(
            id: "can be believed", status: result.doubts.isEmpty ? .pass : .inconclusive,
            evidence: result.doubts.joined(separator: "\n"))
        let rulings = result.rulings + [believed]
        let counts: Markup = """
            tests="\(rulings.count)" failures="\(rulings.count { $0.status == .fail })" \
            errors="\(rulings.count { $0.status == .inconclusive })"
            """
        let document: Markup = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites \(counts)>
            <testsuite name="blast \(result.heading.target)" \(counts)>
            \(rulings.map(testCase))
            </testsuite>
            </testsuites>

            """
        return document.text
    }

    private static func testCase(_ ruling: LoadRuling) -> Markup {
        let open: Markup = "<testcase classname=\"blast\" name=\"\(ruling.id)\""
        return switch ruling.status {
        case .pass: "\(open)/>"
        case .fail:
            "\(open)>\n<failure message=\"failed\">\(ruling.evidence)</failure>\n</testcase>"
        case .inconclusive:
            "\(open)>\n<error message=\"inconclusive\">\(ruling.evidence)</error>\n</testcase>"
        }
    }
}
