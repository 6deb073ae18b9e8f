import ArgumentParser
import Base
import Foundation
import Load
import Media

/// Flags that say who comes to the target, when, and with what.
struct BlastLoad: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Publishers to a target of RTMP, each of a stream of its own; 1 if not said. "
                + Self.arrivalsHelp,
            valueName: "arrivals"))
    var publishers: String?

    @Option(
        help: ArgumentHelp(
            "Players by RTMP, each of a stream that is on the air; 1 if not said. As publishers: "
                + "a number, stages, or a rate.", valueName: "arrivals"))
    var players: String?

    @Option(
        help: ArgumentHelp(
            "Players of the same streams by HTTP-FLV, from --http. The same.",
            valueName: "arrivals"))
    var flvPlayers: String?

    @Option(
        help: ArgumentHelp(
            "Players of the same streams by HLS, from --http. The same.", valueName: "arrivals"))
    var hlsPlayers: String?

    @Option(
        help: ArgumentHelp(
            "Publishers and players that fail come again, as OBS does with this retry delay, 1s to "
                + "15m: each wait is half as long again, up to 15 minutes, 25 times in a row. If "
                + "not said, they stay away; a scenario's come again as simulated.",
            valueName: "time"))
    var reconnect: String?

    @Option(
        help: ArgumentHelp(
            "An HTTP server beside a target of RTMP, for --flv-players, --hls-players and --call; "
                + "for --call alone the target itself may be one.",
            valueName: "http://host"))
    var http: String?

    @Option(
        help: ArgumentHelp(
            "An HTTP request at a rate, such as 'GET /health 100/s' or 'GET /health "
                + "30s:10,1m:200/s', however slow the answers, or 'GET /health 20 callers' or "
                + "'GET /health 30s:10,1m:50 callers', each of whom waits for its answer; may be "
                + "repeated.", valueName: "request"))
    var call: [String] = []

    @Option(
        help: ArgumentHelp(
            "A JSON file with such requests, their headers and bodies.", valueName: "file"))
    var calls: String?

    @Option(
        help: ArgumentHelp(
            "What answers should be: 'status == 200', 'body contains WORDS', 'header NAME contains "
                + "WORDS', for one call 'GET /health: status == 200'; of players 'first picture "
                + "decodable'. Counted; --threshold 'checks: rate>0.99' rules. May be repeated.",
            valueName: "check"))
    var check: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where the target says what it did itself: our /metrics, nginx-rtmp's statistics, "
                + "SRS's /api/v1/summaries.", valueName: "http://host/path"))
    var targetFigures: String?

    @Option(
        help: ArgumentHelp(
            "Where the target says whether it is well: asked every second; anything but 200 or so "
                + "within 5 s is reported, and fails the load.", valueName: "http://host/health"))
    var targetHealth: String?

    @Option(help: "Connections for --call, at most, 1 to 10000.")
    var httpConnections = 64

    @Option(
        help: ArgumentHelp(
            "How long, such as 90s or 1m30s; 4h at most; 60s, or as long as the longest stages.",
            valueName: "time"))
    var duration: String?

    @Option(
        help: ArgumentHelp(
            "Within which those have come who stay: publishers in its first half, players in its "
                + "second, callers in all of it; the rate of calls grows along it.",
            valueName: "time"))
    var ramp = "10s"

    @Option(
        help: ArgumentHelp("What is measured before is not ruled on.", valueName: "time"))
    var warmUp = "0s"

    @Option(
        help: ArgumentHelp(
            "An FLV file that publishers send instead of a clip of ours, over and over; delays of "
                + "delivery and losses are then not known.", valueName: "file.flv"))
    var publishFile: String?

    @Option(help: ArgumentHelp("Bits a second of a stream's pictures.", valueName: "bits"))
    var videoRate = "2500k"

    @Option(help: ArgumentHelp("Bits a second of its sound; 0 for none.", valueName: "bits"))
    var audioRate = "150k"

    @Option(help: "Pictures a second.")
    var fps = 30

    @Option(help: ArgumentHelp("Pictures from one key frame to the next.", valueName: "pictures"))
    var gop = 60

    @Option(
        help: ArgumentHelp(
            "This machine's share of the streams and calls, such as 2/3; ceilings are the whole's. "
                + "merge adds the results up.", valueName: "i/n"))
    var shard = "1/1"

    private static let arrivalsHelp =
        "A number (50) comes along the ramp and stays; 30s:10,1m:50 is how many there are after "
        + "30 s and a minute later; '2/s for 30s' lets two come every second and stay for 30 s, "
        + "'30s:1,1m:5/s for 30s' by a rate that changes, and without 'for' to the end."

    private static let clientsMax = 10_000
    private static let longest = Interval.hours(4)

    var askedRamp: Interval {
        get throws { try time(ramp, "--ramp") }
    }

    private var askedWarmUp: Interval {
        get throws {
            let asked = try time(warmUp, "--warm-up")
            guard asked.isWholeSeconds else { throw Failure.usage("--warm-up: whole seconds") }
            return asked
        }
    }

    /// The plan of a scenario's part, for which who comes when is not said by flags.
    func plan(
        _ stretch: ScenarioStretch, _ target: LoadTarget?, _ web: WebTarget?, _ ceilings: Ceilings,
        _ thresholds: [Threshold]
    ) throws -> LoadPlan {
        guard publishers == nil, players == nil, flvPlayers == nil, hlsPlayers == nil,
            publishFile == nil
        else {
            throw Failure.usage("--scenario says who comes: no --publishers, --players and such")
        }
        guard reconnect == nil else {
            throw Failure.usage("--reconnect: a --scenario's clients come again as simulated")
        }
        let warmUp = try askedWarmUp
        guard warmUp < stretch.duration else {
            throw Failure.usage("--warm-up: longer than the load")
        }
        let requests = try requests
        guard web != nil || requests.isEmpty else {
            throw Failure.usage("--call: --http says where")
        }
        var plan = LoadPlan(
            stretch, target: target, web: web, warmUp: warmUp, ceilings: ceilings,
            thresholds: thresholds)
        plan.calls = requests
        plan.checks = try checks
        plan.webConnections = try webConnections
        plan.shard = try share
        return plan
    }

    func plan(
        _ target: LoadTarget?, _ web: WebTarget?, _ ceilings: Ceilings, _ thresholds: [Threshold]
    ) throws -> LoadPlan {
        let isMedia = target != nil
        let arrivals = try arrivals(isMedia: isMedia)
        let webConnections = try webConnections
        let requests = try requests
        let nobody = Arrivals.population(0)
        let hasWebPlayers = arrivals.flvPlayers != nobody || arrivals.hlsPlayers != nobody
        guard web != nil || (requests.isEmpty && !hasWebPlayers) else {
            throw Failure.usage("--flv-players, --hls-players and --call: --http says where")
        }
        guard arrivals.all.contains(where: { $0 != nobody }) || !requests.isEmpty else {
            throw Failure.usage("nobody comes: no publisher, no player, no --call")
        }
        let duration =
            try self.duration.map { try time($0, "--duration") }
            ?? ([arrivals.length] + requests.map(\.length)).compactMap { $0 }.max() ?? .minutes(1)
        let callers = requests.reduce(0) { $0 + $1.callers }
        let ramp = ceilings.ramp(try askedRamp, clients: arrivals.population + callers)
        let warmUp = try askedWarmUp
        guard duration >= .seconds(1), duration <= Self.longest else {
            throw Failure.usage("--duration: 1s to 4h")
        }
        guard ramp <= duration, warmUp < duration else {
            throw Failure.usage(
                "--duration: \(duration.wholeSeconds) s are shorter than the ramp of "
                    + "\(ramp.wholeSeconds) s, or than the warm-up")
        }
        for (flag, arrivals) in zip(Self.kinds, arrivals.all) {
            if let reason = arrivals.excess(in: duration) {
                throw Failure.usage("\(flag): \(reason)")
            }
        }
        var plan = LoadPlan(
            target: target, web: web, publishers: 0, players: 0, duration: duration,
            ramp: ramp, warmUp: warmUp, shape: try shape, ceilings: ceilings,
            thresholds: thresholds)
        plan.webConnections = webConnections
        plan.calls = requests
        plan.checks = try checks
        plan.shard = try share
        plan.reconnecting = try reconnecting(isMedia: isMedia)
        plan.follow(arrivals)
        let most = [plan.publishers, plan.players, plan.flvPlayers, plan.hlsPlayers].max() ?? 0
        guard most <= Self.clientsMax else {
            throw Failure.usage(
                "--publishers, --players and such: \(Self.clientsMax) at once at most")
        }
        if let publishFile { plan.file = try Self.read(publishFile) }
        return plan
    }

    /// In the order of `LoadArrivals`.
    private static let kinds = ["--publishers", "--players", "--flv-players", "--hls-players"]

    private func arrivals(isMedia: Bool) throws -> LoadArrivals {
        func read(_ text: String?, _ flag: String, _ standard: Int) throws -> Arrivals {
            guard let text else { return .population(standard) }
            guard let arrivals = Arrivals(text), arrivals.population <= Self.clientsMax else {
                throw Failure.usage(
                    "\(flag) \(text): expected such as 50, 30s:10,1m:50 or '2/s for 30s'; "
                        + "\(Self.clientsMax) at most")
            }
            return arrivals
        }
        let standard = isMedia ? 1 : 0
        let arrivals = LoadArrivals(
            publishers: try read(publishers, "--publishers", standard),
            players: try read(players, "--players", standard),
            flvPlayers: try read(flvPlayers, "--flv-players", 0),
            hlsPlayers: try read(hlsPlayers, "--hls-players", 0))
        for (flag, own) in zip(Self.kinds, arrivals.all)
        where !isMedia && own != .population(0) {
            throw Failure.usage(
                "\(flag) goes with a target of RTMP, rtmp://HOST/APP, and this one is of HTTP: "
                    + "--call and --calls go with it; --http names an HTTP server beside RTMP")
        }
        return arrivals
    }

    private func reconnecting(isMedia: Bool) throws -> Reconnecting? {
        guard let reconnect else { return nil }
        guard isMedia else {
            throw Failure.usage("--reconnect: of publishers and players, and there are none")
        }
        let delay = try time(reconnect, "--reconnect")
        guard Reconnecting.delays.contains(delay) else {
            throw Failure.usage("--reconnect \(reconnect): a time from 1s to 15m")
        }
        return .after(delay)
    }

    private var webConnections: Int {
        get throws {
            guard httpConnections > 0, httpConnections <= Self.clientsMax else {
                throw Failure.usage("--http-connections: 1 to \(Self.clientsMax)")
            }
            return httpConnections
        }
    }

    private var share: LoadPlan.Shard {
        get throws {
            guard let shard = LoadPlan.Shard(shard) else {
                throw Failure.usage("--shard \(self.shard): expected such as 2/3")
            }
            return shard
        }
    }

    private static let fileBytesMax = 256 << 20

    private static func read(_ path: String) throws -> [UInt8] {
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
        guard let size, size <= fileBytesMax,
            let data = FileManager.default.contents(atPath: path)
        else { throw Failure.usage("--publish-file \(path): no file of 256 MiB at most") }
        return [UInt8](data)
    }

    private var requests: [LoadCall] {
        get throws {
            var all: [LoadCall] = []
            for text in call {
                guard let call = LoadCall(text) else {
                    throw Failure.usage("--call \(text): expected such as 'GET /health 100/s'")
                }
                all.append(call)
            }
            if let calls { all += try CallsFile.read(calls) }
            return all
        }
    }

    private var checks: [LoadCheck] {
        get throws {
            try check.map { text in
                guard let check = LoadCheck(text) else {
                    throw Failure.usage(
                        "--check \(text): expected such as 'status == 200', 'GET /health: body "
                            + "contains healthy' or 'first picture decodable'")
                }
                return check
            }
        }
    }

    private var shape: Clip.Shape {
        get throws {
            var shape = Clip.Shape()
            shape.videoRate = try rate(videoRate, "--video-rate")
            shape.audioRate = try rate(audioRate, "--audio-rate")
            shape.framesPerSecond = fps
            shape.groupLength = gop
            do throws(ClipError) {
                _ = try Clip(shape)
            } catch {
                throw Failure.usage("no clip can be made like this: \(error)")
            }
            return shape
        }
    }

    private func time(_ text: String, _ flag: String) throws -> Interval {
        guard let time = Interval(brief: text) else {
            throw Failure.usage("\(flag) \(text): expected a time such as 90s or 1m30s")
        }
        return time
    }

    private func rate(_ text: String, _ flag: String) throws -> Int {
        guard let rate = ServeSettings.number(text, isRate: true), rate >= 0 else {
            throw Failure.usage("\(flag) \(text): expected bits a second such as 2500k")
        }
        return rate
    }
}
