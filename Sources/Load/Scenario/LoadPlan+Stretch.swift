import Base
import Media
import Scenarios

extension LoadPlan {
    /// What a load draws from; one without a scenario draws the same every time.
    var seed: UInt64 { stretch?.scenario.seed ?? 0 }

    /// The plan of a scenario's part; ceilings spread its clients out where they must.
    public init(
        _ stretch: ScenarioStretch, target: LoadTarget?, web: WebTarget?, warmUp: Interval,
        ceilings: Ceilings, thresholds: [Threshold]
    ) {
        let clients = target == nil ? [] : stretch.clients
        self.init(
            target: target, web: web,
            publishers: Set(clients.filter { $0.kind == .publisher }.map(\.stream)).count,
            players: Self.most(clients.filter { $0.kind == .player }),
            duration: stretch.duration + Self.headStart * 2, ramp: .zero, warmUp: warmUp,
            shape: Clip.Shape(),
            ceilings: ceilings, thresholds: thresholds)
        self.stretch = stretch
        reconnecting = .asSimulated
        if !stretch.shapes.isEmpty { shapes = stretch.shapes }
        timetable = clients
        spreadOut()
    }
}
