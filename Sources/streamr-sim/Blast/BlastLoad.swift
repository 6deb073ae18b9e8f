import ArgumentParser
import Base
import Load
import Media

/// Flags that say who comes to the target, when, and with what.
struct BlastLoad: ParsableArguments {
    @Option(help: "Publishers, each of a stream of its own, 0 to 10000.")
    var publishers = 1

    @Option(help: "Players, spread over the streams, 0 to 10000.")
    var players = 1

    @Option(help: "Players of the same streams by HTTP-FLV, from --http; 0 to 10000.")
    var flvPlayers = 0

    @Option(
        help: ArgumentHelp(
            "An HTTP server for --flv-players and --call; the target itself may be one.",
            valueName: "http://host"))
    var http: String?

    @Option(
        help: ArgumentHelp(
            "An HTTP request at a rate, such as 'GET /health 100/s', however slow the answers; "
                + "may be repeated.", valueName: "request"))
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

    @Option(help: "Connections for these, at most, 1 to 10000.")
    var httpConnections = 64

    @Option(help: ArgumentHelp("How long, such as 90s or 1m30s; 4h at most.", valueName: "time"))
    var duration = "60s"

    @Option(
        help: ArgumentHelp(
            "Within which all have come: publishers in its first half.", valueName: "time"))
    var ramp = "10s"

    @Option(
        help: ArgumentHelp("What is measured before is not ruled on.", valueName: "time"))
    var warmUp = "0s"

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

    func plan(
        _ target: LoadTarget?, _ web: WebTarget?, _ ceilings: Ceilings, _ thresholds: [Threshold]
    ) throws -> LoadPlan {
        let range = 0...Self.clientsMax
        guard range.contains(publishers), range.contains(players), range.contains(flvPlayers),
            httpConnections > 0, range.contains(httpConnections)
        else { throw Failure.usage("--publishers, --players and such: 0 to 10000") }
        let requests = try requests
        guard web != nil || (requests.isEmpty && flvPlayers == 0) else {
            throw Failure.usage("--flv-players and --call: --http says where")
        }
        guard target != nil || flvPlayers == 0 else {
            throw Failure.usage("--flv-players: the target's application says what")
        }
        let (publishers, players) = target == nil ? (0, 0) : (publishers, players)
        let clients = publishers + players + flvPlayers
        guard clients > 0 || !requests.isEmpty else {
            throw Failure.usage("nobody comes: no publisher, no player, no --call")
        }
        let duration = try time(duration, "--duration")
        let ramp = ceilings.ramp(try askedRamp, clients: clients)
        let warmUp = try time(warmUp, "--warm-up")
        guard duration >= .seconds(1), duration <= Self.longest else {
            throw Failure.usage("--duration: 1s to 4h")
        }
        guard ramp <= duration, warmUp < duration else {
            throw Failure.usage(
                "--duration \(self.duration) is shorter than the ramp of \(ramp.wholeSeconds) s, "
                    + "or than the warm-up")
        }
        var plan = LoadPlan(
            target: target, web: web, publishers: publishers, players: players, duration: duration,
            ramp: ramp, warmUp: warmUp, shape: try shape, ceilings: ceilings,
            thresholds: thresholds)
        plan.flvPlayers = flvPlayers
        plan.webConnections = httpConnections
        plan.calls = requests
        guard let shard = LoadPlan.Shard(shard) else {
            throw Failure.usage("--shard \(self.shard): expected such as 2/3")
        }
        plan.shard = shard
        return plan
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
