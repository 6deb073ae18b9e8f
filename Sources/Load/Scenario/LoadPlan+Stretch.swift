import Base
import Media

extension LoadPlan {
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
        if !stretch.shapes.isEmpty { shapes = stretch.shapes }
        timetable = clients
        spreadOut()
    }
}
