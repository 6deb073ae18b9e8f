import Base
import Media
import RTMP

/// Who loads a target, and for how long.
public struct LoadPlan: Sendable {
    /// Whom publishers and players call.
    public var target: LoadTarget?
    /// Whom calls are made to, and players over HTTP call.
    public var web: WebTarget?
    /// Each publishes a stream of its own.
    public var publishers: Int
    /// By RTMP, each of one of the streams in turn. Of every kind this is how many there are, or
    /// where they come and go how many there are at once at most.
    public var players: Int
    /// Players by HTTP-FLV, of the same streams.
    public var flvPlayers = 0
    /// Players by HLS, of the same streams.
    public var hlsPlayers = 0
    /// Who comes when; nil where all come along the ramp and stay.
    var timetable: [Client]?
    public var streams = StreamNames.standard
    /// Connections for calls, at most.
    public var webConnections = 64
    public var calls: [LoadCall] = []
    /// The page on which the target says what it did itself.
    public var figures: WebTarget?
    /// What answers and first pictures should be.
    public var checks: [LoadCheck] = []
    /// Where the target says whether it is well, and is asked every second.
    public var health: WebTarget?
    /// Which of the streams and calls are this process's, of how many that share the load.
    public var shard = Shard(place: 0, count: 1)
    /// From when the first may come to the end.
    public var duration: Interval
    /// Those who stay come along it, evenly spaced: publishers in its first half, players in its
    /// second, callers in all of it; a call's rate grows along it. Who has arrivals by the clock
    /// comes by those.
    public var ramp: Interval
    /// What is measured before this is not ruled on.
    public var warmUp: Interval
    /// What publishers send; a client says which.
    public var shapes: [Clip.Shape]
    /// What publishers send instead of a clip: a whole FLV file.
    public var file: [UInt8]?
    public var ceilings: Ceilings
    public var thresholds: [Threshold]
    /// How clients that fail come again; nil is not at all.
    public var reconnecting: Reconnecting?
    /// The part of a scenario that is driven, if it is one.
    public var stretch: ScenarioStretch?

    public init(
        target: LoadTarget?, web: WebTarget? = nil, publishers: Int, players: Int,
        duration: Interval, ramp: Interval,
        warmUp: Interval, shape: Clip.Shape, ceilings: Ceilings, thresholds: [Threshold]
    ) {
        self.target = target
        self.web = web
        self.publishers = publishers
        self.players = players
        self.duration = duration
        self.ramp = ramp
        self.warmUp = warmUp
        shapes = [shape]
        self.ceilings = ceilings
        self.thresholds = thresholds
    }

    /// Why the ceilings do not let it begin; nil if they do.
    public var refusal: String? { ceilings.refusal(of: self) }

    /// A share of a load: whole streams, with their players, because delays are measured on one
    /// machine's clock.
    public struct Shard: Sendable, Hashable {
        /// Invariant: below `count`.
        public let place: Int
        public let count: Int

        init(place: Int, count: Int) {
            self.place = place
            self.count = count
        }

        /// As it is given.
        var text: String { "\(place + 1)/\(count)" }

        /// `2/3` is the second of three; nil for anything else.
        public init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]),
                (1...1_000).contains(count), (1...count).contains(number)
            else { return nil }
            self.init(place: number - 1, count: count)
        }
    }

    /// What one event loop has of the calls: those whose numbers leave `place` over `stride`, on
    /// so many connections.
    struct CallShare: Sendable, Hashable {
        var place: Int
        var stride: Int
        var connections: Int
    }

    /// The calls' connections are the whole's: shards share them, and a shard's loops its own.
    /// Who would have none makes no calls, nor do loops that would have no caller.
    func callShares(loops: Int) -> [CallShare] {
        let shards = min(shard.count, webConnections)
        guard !calls.isEmpty, shard.place < shards else { return [] }
        let own = Self.part(of: webConnections, shard.place, of: shards)
        let makers = min(loops, own, callersMost ?? loops)
        return (0..<makers).map { maker in
            CallShare(
                place: shard.place + shards * maker, stride: shards * makers,
                connections: Self.part(of: own, maker, of: makers))
        }
    }

    private static func part(of whole: Int, _ place: Int, of count: Int) -> Int {
        (whole + count - 1 - place) / count
    }

    /// Of one call; nil where any is made by the clock.
    private var callersMost: Int? {
        var most = 0
        for call in calls {
            guard call.callers > 0 else { return nil }
            most = max(most, call.callers)
        }
        return most
    }

    /// What all send, or the first of those that send different things.
    public var shape: Clip.Shape {
        get { shapes[0] }
        set { shapes[0] = newValue }
    }

    /// Of the one that has most.
    var streamRate: Rate {
        Rate(bitsPerSecond: Int64(shapes.map { $0.videoRate + $0.audioRate }.max() ?? 0))
    }

    /// What publishers send, one for each of the shapes.
    func tapes() throws(LoadRun.Refusal) -> [ClipTape] {
        do {
            if let file {
                let tape = try ClipTape(flv: file)
                return shapes.map { _ in tape }
            }
            return try shapes.map { try ClipTape($0) }
        } catch {
            throw LoadRun.Refusal(description: "nothing that can be published: \(error)")
        }
    }

    /// Of HTTP requests, as far as that is known before.
    var requestRate: Rate {
        guard let web else { return Rate(bitsPerSecond: 0) }
        let perSecond = calls.reduce(Int128(0)) { sum, call in
            sum + call.ratePeak.millionths * Int128(call.wireLength(to: web)) * 8
        }
        return Rate(bitsPerSecond: Int64(perSecond / 1_000_000))
    }

    /// By RTMP, HTTP-FLV and HLS.
    public var playersOfAll: Int { players + flvPlayers + hlsPlayers }

    var isOfRTMPAlone: Bool { calls.isEmpty && flvPlayers + hlsPlayers == 0 }

    /// Connections that look at the target from outside, of all shards: each looks for itself.
    var looks: Int {
        let kinds = (isGreeted ? 1 : 0) + (health == nil ? 0 : 1)
        return kinds * shard.count
    }

    /// Whether it is seen from outside if the target takes new clients.
    var isGreeted: Bool { target != nil && publishers + players > 0 }

    /// As it was given; the one for media first.
    public var title: String {
        [target?.text, web?.text].compactMap { $0 }.joined(separator: " and ")
    }

    /// Calls a second, once the ramp is over, without those of callers.
    var callRate: Fixed {
        calls.reduce(.zero) { Fixed(millionths: $0.millionths + $1.ratePeak.millionths) }
    }

    /// What the ceiling leaves to callers, who call as fast as they are answered; nil without one.
    var callersRate: Fixed? {
        ceilings.calls.map { Fixed(millionths: Fixed($0).millionths - callRate.millionths) }
    }

    /// Whether there is anything that the check looks at.
    public func isChecked(by check: LoadCheck) -> Bool {
        check.isOfPlayers ? playersOfAll > 0 : calls.contains { check.covers($0) }
    }

    var hasCallers: Bool { calls.contains { $0.callers > 0 } }
}
