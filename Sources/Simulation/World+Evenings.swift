import Base
import Scenarios

/// The evening of viewers of one kind of home, in the time zone of the streams that they watch.
struct ViewerEvening: Sendable {
    /// Index into the scenario's kinds of home.
    var kind: Int
    var zone: TimeZoneRules
    var isNow: Bool
}

/// Lines that are slower in the evening.
extension World {
    mutating func beginEvenings() {
        for index in homes.indices { beginEvening(Int32(index)) }
        for group in scenario.viewers {
            guard let kind = scenario.homes.firstIndex(where: { $0.name == group.home }),
                let evening = scenario.homes[kind].evening
            else { continue }
            for index in group.streams ?? Array(streamers.indices) {
                let zone = streamers[index].zone
                guard viewerEvening(kind, zone) == nil else { continue }
                let isNow = evening.holds(at: zone.local(scenario.start))
                viewerEvenings.append(ViewerEvening(kind: kind, zone: zone, isNow: isNow))
                scheduleViewerEvening(viewerEvenings.count - 1)
            }
        }
    }

    // MARK: Homes

    /// A run may begin in the middle of an evening.
    private mutating func beginEvening(_ index: Int32) {
        guard let evening = scenario.homes[homes[Int(index)].kind].evening else { return }
        homes[Int(index)].isEvening = evening.holds(at: homeZone(index).local(scenario.start))
        setHomeRates(index)
        scheduleEvening(index)
    }

    mutating func scheduleEvening(_ index: Int32) {
        let home = homes[Int(index)]
        guard let evening = scenario.homes[home.kind].evening else { return }
        let clock = home.isEvening ? evening.until : evening.from
        let at = homeZone(index).next(clock, after: queue.now)
        guard at < end else { return }
        queue.push(.home(index, home.isEvening ? .eveningEnds : .eveningBegins), at: at)
    }

    // MARK: Viewers

    private func viewerEvening(_ kind: Int, _ zone: TimeZoneRules) -> ViewerEvening? {
        viewerEvenings.first { $0.kind == kind && $0.zone == zone }
    }

    /// Whether the viewer's line is slow now.
    func isEvening(ofViewer viewer: Int32) -> Bool {
        let slot = viewers[viewer]
        let name = scenario.viewers[slot.group].home
        return viewerEvenings.contains {
            $0.isNow && scenario.homes[$0.kind].name == name
                && $0.zone == streamers[Int(slot.stream)].zone
        }
    }

    private mutating func scheduleViewerEvening(_ index: Int) {
        let state = viewerEvenings[index]
        guard let evening = scenario.homes[state.kind].evening else { return }
        let at = state.zone.next(state.isNow ? evening.until : evening.from, after: queue.now)
        guard at < end else { return }
        queue.push(.viewerEvening(Int32(index)), at: at)
    }

    mutating func turnViewerEvening(_ index: Int) {
        viewerEvenings[index].isNow.toggle()
        scheduleViewerEvening(index)
        for link in Int32(0)..<Int32(links.count)
        where links[link].flow != noFlow && links[link].isOpen {
            guard links[link].client.kind == .viewer else { continue }
            let ceiling = playCeiling(links[link].client, from: links[link].server)
            fluid.change(links[link].flow, at: queue.now) { $0.ceiling = ceiling }
        }
    }
}

extension TimeZoneRules {
    /// When the clock next shows this time.
    fileprivate func next(_ clock: ClockTime, after now: Instant) -> Instant {
        let local = local(now)
        let civil = CivilTime(
            year: local.year, month: local.month, day: local.day, hour: clock.minutes / 60,
            minute: clock.minutes % 60)
        let today = instant(civil)
        return today > now ? today : instant(CivilTime(civil.instantUTC + .days(1)))
    }
}
