import Base
import NIOHTTP1
import Reports

/// An HTTP request that is made again and again.
public struct LoadCall: Sendable {
    /// When it is made.
    public enum Arrival: Sendable, Hashable {
        /// So many a second, however slow the answers; the rate grows along the ramp from nothing.
        case rate(Fixed)
        /// The same, by a rate that changes.
        case stages(LoadStages)
        /// By so many callers, each of whom waits for its answer before it calls again.
        case callers(Int)
        /// The same, by a number of them that changes.
        case callerStages(LoadStages)
        case every(Interval, from: Interval, until: Interval)
        /// At these times, in order.
        case at([Interval])
    }

    /// What it counts as where a load and a simulation are set side by side.
    public enum Kind: Int, Sendable, Hashable, CaseIterable {
        case other, heartbeat, report, dashboard
    }

    public var method: String
    public var path: String
    public var headers: [(name: String, value: String)]
    public var body: String
    public var arrival: Arrival
    /// How long a time its body speaks of, up to when the call is due: `{from}` and `{until}` there
    /// stand for its ends.
    var span: Interval?
    public var kind = Kind.other

    /// As long as its stages; nil for what has none.
    public var length: Interval? {
        switch arrival {
        case .stages(let stages), .callerStages(let stages): stages.length
        case .rate, .callers, .every, .at: nil
        }
    }

    static let rateMax = Fixed(100_000)
    static let callersMax = 10_000

    /// Nil if this is no request: the path begins with a slash and has no spaces, and so on.
    public init?(
        method: String, path: String, headers: [(name: String, value: String)] = [],
        body: String = "", arrival: Arrival
    ) {
        guard !method.isEmpty, method.allSatisfy({ $0.isASCII && $0.isUppercase }),
            path.hasPrefix("/"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            Self.isPossible(arrival),
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
        self.arrival = arrival
    }

    /// A page that is fetched once; the target's own address stands before `path`.
    init(page path: String) {
        method = "GET"
        self.path = path
        headers = []
        body = ""
        arrival = .at([])
    }

    private static func isPossible(_ arrival: Arrival) -> Bool {
        switch arrival {
        case .rate(let rate): rate > .zero && rate <= rateMax
        case .stages(let stages): stages.most > .zero
        case .callers(let count): (1...callersMax).contains(count)
        case .callerStages(let stages):
            (1...callersMax).contains(stages.peopleMost) && stages.comers <= Arrivals.clientsMax
        case .every(let pause, let from, _): pause >= .milliseconds(1) && from >= .zero
        case .at(let times): zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }
        }
    }

    /// `GET /health 100/s`, `GET /health 30s:10,1m:200/s`, `GET /health 20 callers` or `GET /health
    /// 30s:10,1m:50 callers`; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count >= 3, let arrival = Self.arrival(words[2...]) else { return nil }
        self.init(method: String(words[0]), path: String(words[1]), arrival: arrival)
    }

    private static func arrival(_ words: ArraySlice<Substring>) -> Arrival? {
        let isOfCallers = words.last == "callers" || words.last == "caller"
        guard let first = words.first, words.count == (isOfCallers ? 2 : 1),
            let arrivals = Arrivals(first)
        else { return nil }
        switch arrivals {
        case .population(let count): return isOfCallers ? .callers(count) : nil
        case .stages(let stages): return isOfCallers ? .callerStages(stages) : nil
        case .rate(let rate, _): return isOfCallers ? nil : .rate(rate)
        case .rates(let stages, _): return isOfCallers ? nil : .stages(stages)
        }
    }

    /// How many make it at once at most, each as soon as its last was answered; 0 where the clock
    /// does.
    public var callers: Int {
        switch arrival {
        case .callers(let count): count
        case .callerStages(let stages): stages.peopleMost
        case .rate, .stages, .every, .at: 0
        }
    }

    /// When each of those who make it is there: those that stay come along the ramp.
    func callerStays(ramp: Interval) -> [LoadStages.Stay] {
        switch arrival {
        case .callers(let count):
            Arrivals.population(count).stays(from: .zero, ramp: ramp, until: .zero)
        case .callerStages(let stages): stages.stays
        case .rate, .stages, .every, .at: []
        }
    }

    /// Calls a second, as far as that is known before.
    var ratePeak: Fixed {
        switch arrival {
        case .rate(let rate): rate
        case .stages(let stages): stages.most
        case .callers, .callerStages: .zero
        case .every(let pause, _, _): Fixed.ratio(1_000_000_000, Int128(pause.nanoseconds))
        case .at(let times): Fixed(Int64(Self.most(times)))
        }
    }

    /// Of these in one second.
    private static func most(_ times: [Interval]) -> Int {
        var (first, most) = (0, 0)
        for (last, time) in times.enumerated() {
            while times[first] + .seconds(1) <= time { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    /// When the call with this number is due, from the start; nil where there is none, or where
    /// answers decide.
    ///
    /// The distance of two falls along the ramp, over which half as many calls are made as in the
    /// same time later.
    func due(_ number: Int64, ramp: Interval) -> Interval? {
        switch arrival {
        case .rate(let rate): Self.due(number, at: rate, ramp: ramp)
        case .stages(let stages): stages.due(number)
        case .callers, .callerStages: nil
        case .every(let pause, let from, let until):
            from + pause * number < until ? from + pause * number : nil
        case .at(let times): number < times.count ? times[Int(number)] : nil
        }
    }

    private static func due(_ number: Int64, at rate: Fixed, ramp: Interval) -> Interval {
        let rate = Double(rate.millionths) / 1_000_000
        let ramp = Double(ramp.nanoseconds) / 1e9
        let inRamp = rate * ramp / 2
        let number = Double(number)
        let seconds =
            number < inRamp
            ? (2 * ramp * number / rate).squareRoot() : ramp + (number - inRamp) / rate
        return Interval(nanoseconds: Int64(seconds * 1e9))
    }

    func wireLength(to target: WebTarget) -> Int {
        head(to: target, body).wireLength + body.utf8.count
    }

    /// What it says when it is due at that time of day.
    func body(at time: Instant) -> String {
        guard let span else { return body }
        return body.replacing("{from}", with: Moment(time - span).text)
            .replacing("{until}", with: Moment(time).text)
    }

    func head(to target: WebTarget, _ body: String) -> HTTPRequestHead {
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
