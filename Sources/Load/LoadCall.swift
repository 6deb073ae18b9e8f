import Base
import NIOHTTP1
import Reports

/// An HTTP request that is made again and again, at a rate that answers do not change: an open
/// model. The rate grows with the ramp from nothing, then stays.
public struct LoadCall: Sendable {
    public var method: String
    public var path: String
    public var headers: [(name: String, value: String)]
    public var body: String
    /// Calls a second.
    public var rate: Fixed

    static let rateMax = Fixed(100_000)

    /// Nil if this is no request: the path begins with a slash and has no spaces, and so on.
    public init?(
        method: String, path: String, headers: [(name: String, value: String)], body: String,
        rate: Fixed
    ) {
        guard !method.isEmpty, method.allSatisfy({ $0.isASCII && $0.isUppercase }),
            path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            rate > .zero, rate <= Self.rateMax,
            headers.allSatisfy({ header in
                !header.name.isEmpty
                    && (header.name + header.value).utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
                    && !header.name.contains { $0 == ":" || $0 == " " }
            })
        else { return nil }
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.rate = rate
    }

    /// `GET /health 100/s`; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[2].hasSuffix("/s"),
            let rate = Fixed(decimal: words[2].dropLast(2))
        else { return nil }
        self.init(
            method: String(words[0]), path: String(words[1]), headers: [], body: "", rate: rate)
    }

    /// When the call with this number is due, from the start; the distance of two falls along the
    /// ramp, over which half as many calls are made as in the same time later.
    func due(_ number: Int64, ramp: Interval) -> Interval {
        let rate = Double(rate.millionths) / 1_000_000
        let ramp = Double(ramp.nanoseconds) / 1e9
        let inRamp = rate * ramp / 2
        let number = Double(number)
        let seconds =
            number < inRamp
            ? (2 * ramp * number / rate).squareRoot() : ramp + (number - inRamp) / rate
        return Interval(nanoseconds: Int64(seconds * 1e9))
    }

    func head(to target: WebTarget) -> HTTPRequestHead {
        var fields = HTTPHeaders([("Host", target.authority), ("User-Agent", "streamr-sim")])
        for header in headers { fields.add(name: header.name, value: header.value) }
        if !body.isEmpty {
            if !fields.contains(name: "Content-Type") {
                fields.add(name: "Content-Type", value: "application/json")
            }
            fields.add(name: "Content-Length", value: "\(body.utf8.count)")
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method), uri: target.prefix + path,
            headers: fields)
    }
}
