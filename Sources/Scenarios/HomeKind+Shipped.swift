import Base

/// Home connections that every scenario knows; a file may change them by name, or add others.
///
/// Round figures chosen for this project, not measurements: advertised rates of common
/// products, with delays, losses and evening slow-down of the order that the FCC's "Measuring
/// Broadband America" and Ofcom's "UK Home Broadband Performance" reports show for each
/// technology: fibre steady and near, cable slower in the evening, copper and radio worse.
extension HomeKind {
    static let shipped = [
        HomeKind(
            name: "fibre", uplink: .megabits(50), downlink: .megabits(250),
            delay: .milliseconds(10), loss: Share(millionths: 100), congestion: .cubic,
            evening: nil, rebootEvery: nil, rebootLength: .minutes(2), addressChanges: false),
        HomeKind(
            name: "cable", uplink: .megabits(20), downlink: .megabits(200),
            delay: .milliseconds(15), loss: Share(millionths: 500), congestion: .cubic,
            evening: EveningSlowdown(
                from: ClockTime(minutes: 19 * 60), until: ClockTime(minutes: 23 * 60),
                left: .percent(80)),
            rebootEvery: nil, rebootLength: .minutes(4), addressChanges: true),
        HomeKind(
            name: "dsl", uplink: .megabits(8), downlink: .megabits(40),
            delay: .milliseconds(20), loss: Share(millionths: 500), congestion: .cubic,
            evening: nil, rebootEvery: nil, rebootLength: .minutes(4), addressChanges: true),
        HomeKind(
            name: "mobile", uplink: .megabits(8), downlink: .megabits(30),
            delay: .milliseconds(35), loss: Share(millionths: 1_000), congestion: .cubic,
            evening: EveningSlowdown(
                from: ClockTime(minutes: 18 * 60), until: ClockTime(minutes: 23 * 60),
                left: .percent(60)),
            rebootEvery: nil, rebootLength: .minutes(2), addressChanges: true),
    ]
}
