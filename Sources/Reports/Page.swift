/// `report.html`: one file that opens without a network.
enum Page {
    static func render(_ record: RunRecord) -> String {
        let headline = Headline(record)
        return "<!doctype html><title>\(escaped(headline.text))</title>"
    }
}
