import ArgumentParser
import Base
import Foundation
import Load
import Media

/// Flags that say who comes to the target, when, and with what.
struct BlastLoad: ParsableArguments {
    @Option(help: "Publishers, each of a stream of its own, 0 to 10000; 1 if not said.")
    var publishers: Int?

    @Option(help: "Players, spread over the streams, 0 to 10000; 1 if not said.")
    var players: Int?

    @Option(
        help: ArgumentHelp(
            "How many players there are, instead: 10 after 30 s, 50 a minute later.",
            valueName: "30s:10,1m:50"))
    var stages: String?

    @Option(
        help: ArgumentHelp(
            "How many publishers there are, instead; players are there while their stream is.",
            valueName: "30s:10,1m:50"))
    var publisherStages: String?

    @Option(help: "Players of the same streams by HTTP-FLV, from --http; 0 to 10000.")
    var flvPlayers = 0

    @Option(help: "Players of the same streams by HLS, from --http; 0 to 10000.")
    var hlsPlayers = 0

    @Option(
        help: ArgumentHelp(
            "An HTTP server for --flv-players, --hls-players and --call; the target itself may be "
                + "one.",
            valueName: "http://host"))
    var http: String?

    @Option(
        help: ArgumentHelp(
            "An HTTP request at a rate, such as 'GET /health 100/s' or 'GET /health "
                + "30s:10,1m:200/s', however slow the answers, or 'GET /health 20 callers', each "
                + "of whom waits for its answer; may be repeated.", valueName: "request"))
    var call: [String] = []

    @Option(
        help: ArgumentHelp(
            "A JSON file with such requests, their headers and bodies.", valueName: "file"))
    var calls: String?

    @Option(
        help: ArgumentHelp(
            "Where the target says what it did itself: our /metrics, nginx-rtmp's statistics, "
                + "SRS's /api/v1/summaries.", valueName: "http://host/path"))
    var targetFigures: String?

    @Option(help: "Connections for --call, at most, 1 to 10000.")
    var httpConnections = 64

    @Option(
        help: ArgumentHelp(
            "How long, such as 90s or 1m30s; 4h at most; 60s, or as long as the stages.",
            valueName: "time"))
    var duration: String?

    @Option(
        help: ArgumentHelp(
            "Within which all have come: publishers in its first half, callers in all of it.",
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
        guard publishers == nil, players == nil, flvPlayers == 0, hlsPlayers == 0, stages == nil,
            publisherStages == nil, publishFile == nil
        else {
            throw Failure.usage("--scenario says who comes: no --publishers, --players and such")
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
        plan.webConnections = httpConnections
        plan.shard = try share
        return plan
    }

    func plan(
        _ target: LoadTarget?, _ web: WebTarget?, _ ceilings: Ceilings, _ thresholds: [Threshold]
    ) throws -> LoadPlan {
        let stages = try read(stages, "--stages")
        let publisherStages = try read(publisherStages, "--publisher-stages")
        guard publisherStages == nil || publishers == nil && stages == nil else {
            throw Failure.usage(
                "--publisher-stages says how many publishers there are: no --publishers, and "
                    + "no --stages beside it")
        }
        guard stages == nil || players == nil && flvPlayers == 0 && hlsPlayers == 0 else {
            throw Failure.usage("--stages says how many players there are: no --players and such")
        }
        let isMedia = target != nil
        let publishers = isMedia ? publisherStages?.peopleMost ?? self.publishers ?? 1 : 0
        let most = stages?.peopleMost ?? self.players ?? 1
        let players = isMedia ? most : 0
        let range = 0...Self.clientsMax
        guard range.contains(publishers), range.contains(players), range.contains(flvPlayers),
            range.contains(hlsPlayers), httpConnections > 0, range.contains(httpConnections)
        else { throw Failure.usage("--publishers, --players and such: 0 to 10000") }
        let requests = try requests
        guard web != nil || (requests.isEmpty && flvPlayers + hlsPlayers == 0) else {
            throw Failure.usage("--flv-players, --hls-players and --call: --http says where")
        }
        guard isMedia || flvPlayers + hlsPlayers == 0 else {
            throw Failure.usage(
                "--flv-players and --hls-players: the target's application says what")
        }
        let clients = publishers + players + flvPlayers + hlsPlayers
        guard clients > 0 || !requests.isEmpty else {
            throw Failure.usage("nobody comes: no publisher, no player, no --call")
        }
        let duration =
            try self.duration.map { try time($0, "--duration") } ?? stages?.length
            ?? publisherStages?.length ?? .minutes(1)
        let callers = requests.reduce(0) { $0 + $1.callers }
        let ramp = ceilings.ramp(try askedRamp, clients: clients + callers)
        let warmUp = try askedWarmUp
        guard duration >= .seconds(1), duration <= Self.longest else {
            throw Failure.usage("--duration: 1s to 4h")
        }
        guard ramp <= duration, warmUp < duration else {
            throw Failure.usage(
                "--duration: \(duration.wholeSeconds) s are shorter than the ramp of "
                    + "\(ramp.wholeSeconds) s, or than the warm-up")
        }
        var plan = LoadPlan(
            target: target, web: web, publishers: publishers, players: players, duration: duration,
            ramp: ramp, warmUp: warmUp, shape: try shape, ceilings: ceilings,
            thresholds: thresholds)
        plan.flvPlayers = flvPlayers
        plan.hlsPlayers = hlsPlayers
        plan.webConnections = httpConnections
        plan.calls = requests
        plan.shard = try share
        if let stages { plan.follow(players: stages) }
        if let publisherStages { plan.follow(publishers: publisherStages) }
        if let publishFile { plan.file = try Self.read(publishFile) }
        return plan
    }

    private func read(_ text: String?, _ flag: String) throws -> LoadStages? {
        guard let text else { return nil }
        guard let stages = LoadStages(text) else {
            throw Failure.usage("\(flag) \(text): expected such as 30s:10,1m:50")
        }
        return stages
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
