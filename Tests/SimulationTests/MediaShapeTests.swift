import Base
import Scenarios
import Testing

@testable import Simulation

@Suite struct MediaShapeTests {
    /// Method: the frames of one group by their own times, each looked at.
    @Test("a group drops no fewer frames than none, whatever part of a frame it ends with")
    func pictures() {
        var random = Random(seed: 8)
        var plans = [(frames: 30, every: Interval.milliseconds(2_010))]
        for _ in 0..<60 {
            plans.append(
                (Int(random.within(1...60)), .milliseconds(random.within(500...5_000))))
        }
        var parts = 0
        for (frames, every) in plans {
            var plan = Plan.media
            plan.framesPerSecond = frames
            plan.keyFrameEvery = every
            let shape = MediaShape(plan, video: plan.video)
            if shape.framesPerGroup * 1_000 != Int64(frames) * every.nanoseconds / 1_000_000 {
                parts += 1
            }
            for _ in 0..<200 {
                let phase = Interval(nanoseconds: random.within(1...every.nanoseconds))
                let left = (1..<max(2, shape.framesPerGroup)).count {
                    $0 < shape.framesPerGroup
                        && $0 * 1_000_000_000 >= phase.nanoseconds * Int64(frames)
                }
                #expect(
                    shape.pictures(from: phase) == Int64(left),
                    "\(frames) a second, \(every), from \(phase)")
            }
            // In the last part of a frame nothing is left to make.
            #expect(shape.pictures(from: every) == 0, "\(frames) a second, \(every)")
        }
        #expect(parts > 30, "only \(parts) groups of part frames")
    }

    @Test("an encoder on a narrow line drops some of its frames, and never fewer than none")
    func encoder() {
        var home = Plan.cable
        home.uplink = .kilobits(2_200)
        var scenario = Plan.fiveFriends(days: 1, home: home)
        scenario.streamers[0].count = 1
        scenario.viewers = []
        scenario.nodes = []
        scenario.streamers[0].schedule[0].length = .minutes(30)
        scenario.streamers[0].media.keyFrameEvery = .milliseconds(2_010)
        let result = Plan.run(scenario)
        let dropped = result.figure("frames_dropped_encoder")
        #expect(dropped > .zero && dropped < result.figure("frames_sent"), "\(dropped)")
    }
}
