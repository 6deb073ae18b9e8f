import Base
import Cloud

/// The words of a scenario file for homes and for those who live in them.
extension HomeKind: Formed {
    static var initial: HomeKind {
        var home = shipped[0]
        home.name = ""
        return home
    }

    /// A shipped home's name brings its figures along; any other starts as a fibre home.
    mutating func visit(_ form: inout Form) {
        form.required(
            "name", &name, example: "fibre",
            "Name; fibre, cable, dsl and mobile exist and may be changed.",
            .name)
        if form.mode == .reading, let shipped = HomeKind.shipped.first(where: { $0.name == name }) {
            self = shipped
        }
        form.field("uplink", &uplink, "Rate out of the home.", .rate(Limits.homeRate))
        form.field("downlink", &downlink, "Rate into the home.", .rate(Limits.homeRate))
        form.field(
            "delay", &delay, "One way, to the platform's region.", .time(Limits.delay))
        form.field("loss", &loss, "Packets lost at random.", .share(Limits.loss))
        form.field("congestion", &congestion, "TCP congestion control of the senders.", .word)
        form.optionalObject(
            "evening", &evening, initial: .initial, "Hours in which the rates shrink.")
        form.optional(
            "rebootEvery", &rebootEvery, example: .days(30),
            "How often the router reboots on average; never without it.",
            .time(Interval.hours(1)...Limits.duration))
        form.field(
            "rebootLength", &rebootLength, "How long a reboot keeps the home away.",
            .time(Interval.seconds(1)...Interval.hours(24)))
        form.field(
            "addressChanges", &addressChanges,
            "Whether a reboot gives the home another address: then nobody finds a node there "
                + "until its next heartbeat.", .flag)
    }
}

extension EveningSlowdown: Formed {
    static var initial: EveningSlowdown {
        EveningSlowdown(
            from: ClockTime(minutes: 19 * 60), until: ClockTime(minutes: 23 * 60),
            left: .percent(80))
    }

    mutating func visit(_ form: inout Form) {
        form.field("from", &from, "Local time of day.", .clock)
        form.field("until", &until, "Local time of day; before `from` it is the next day.", .clock)
        form.field(
            "left", &left, "The part of the rates that is left.",
            .share(Share.percent(1)...Share.whole))
        if from == until {
            form.faults.add(
                form.path(of: "until"), "another time than `from`", found: "\"\(until.text)\"")
        }
    }
}

extension StreamerGroup: Formed {
    static var initial: StreamerGroup {
        StreamerGroup(
            name: "", count: 1, home: "fibre", timeZone: "Europe/Dublin",
            schedule: [.initial], media: .initial)
    }

    mutating func visit(_ form: inout Form) {
        form.required(
            "name", &name, example: "streamer",
            "Name of the group; its people are `name-1`, `name-2` and so on.", .name)
        form.field("count", &count, "How many friends.", .count(1...Limits.people))
        form.field("home", &home, "Name of a home.", .name)
        form.field(
            "timeZone", &timeZone, "Where the schedule's clock hangs.",
            .one(of: TimeZoneRules.all.map(\.name)))
        form.list(
            "schedule", &schedule, max: Limits.scheduleEntries, initial: .initial,
            "When each friend streams.")
        form.object("media", &media, "What the encoder sends.")
    }
}

extension ScheduleEntry: Formed {
    static var initial: ScheduleEntry {
        ScheduleEntry(
            weekdays: Array(0..<7), from: ClockTime(minutes: 19 * 60), length: .hours(4),
            jitter: .zero)
    }

    mutating func visit(_ form: inout Form) {
        form.field("weekdays", &weekdays, "\"daily\" or a list of weekdays.", .weekdays)
        form.field("from", &from, "Local time of day.", .clock)
        form.field(
            "length", &length, "How long the stream lasts.",
            .time(Interval.seconds(1)...Interval.hours(24)))
        form.field(
            "jitter", &jitter, "The start is drawn within this much after `from`.",
            .time(Limits.day))
    }
}

extension MediaPlan: Formed {
    /// 720p at 30 frames a second, as the plan has it: 2.5 Mbit/s and a key frame every 2 s.
    /// A key frame of 8 ordinary frames is an assumption.
    static var initial: MediaPlan {
        MediaPlan(
            video: .kilobits(2_500), audio: .kilobits(128), framesPerSecond: 30,
            keyFrameEvery: .seconds(2), keyFrameRatio: 8, variation: .zero,
            variationEvery: .seconds(10))
    }

    mutating func visit(_ form: inout Form) {
        form.field("video", &video, "Mean video rate.", .rate(Limits.mediaRate))
        form.field("audio", &audio, "Audio rate.", .rate(Limits.mediaRate))
        form.field("framesPerSecond", &framesPerSecond, "Video frames.", .count(1...240))
        form.field(
            "keyFrameEvery", &keyFrameEvery, "Time between key frames.",
            .time(Interval.milliseconds(100)...Interval.seconds(60)))
        form.field(
            "keyFrameRatio", &keyFrameRatio,
            "How many times an ordinary frame's size a key frame has.", .count(1...100))
        form.field(
            "variation", &variation,
            "Zero is a constant bit rate; otherwise the video rate is redrawn within ± this share.",
            .share(Share.zero...Share.percent(90)))
        form.field(
            "variationEvery", &variationEvery, "How often a varying rate is redrawn.",
            .time(Interval.seconds(1)...Interval.hours(1)))
    }
}

extension ViewerGroup: Formed {
    static var initial: ViewerGroup {
        ViewerGroup(
            name: "", count: 1, home: "fibre", streams: nil, source: .server,
            arriveWithin: .zero, stay: nil, window: nil, buffer: .seconds(2),
            patience: .seconds(30), returnsAfter: .minutes(1))
    }

    mutating func visit(_ form: inout Form) {
        form.required("name", &name, example: "viewer", "Name of the group.", .name)
        form.field("count", &count, "Viewers of each stream.", .count(1...Limits.people))
        form.field("home", &home, "Name of a home.", .name)
        form.optional(
            "streams", &streams, example: [0, 1], "Which streams; without it all.", .streams)
        form.field(
            "source", &source, "The RTMP server, or what the coordinator answers.", .word)
        form.field(
            "arriveWithin", &arriveWithin,
            "A viewer comes within this time after the stream began.", .time(Limits.day))
        form.optional(
            "stay", &stay, example: .hours(1), "How long; without it until the stream ends.",
            .time(Interval.seconds(1)...Interval.hours(24)))
        form.optionalObject(
            "window", &window, initial: .initial,
            "Only sessions that begin in this part of the run have these viewers.")
        form.field(
            "buffer", &buffer, "Media buffered before playing, and again after a stall.",
            .time(Interval.milliseconds(50)...Interval.minutes(1)))
        form.field(
            "patience", &patience, "A stall longer than this makes the viewer leave.",
            .time(Interval.seconds(1)...Interval.hours(24)))
        form.field(
            "returnsAfter", &returnsAfter,
            "How long after leaving the viewer tries again, on average (drawn from half to one "
                + "and a half of it), or \"never\".",
            .never(or: .time(Interval.seconds(1)...Interval.hours(24))))
    }
}

extension RunWindow: Formed {
    static var initial: RunWindow { RunWindow(from: .zero, until: .days(1)) }

    mutating func visit(_ form: inout Form) {
        let offset = Leaf<Interval>.time(Interval.zero...Limits.duration)
        form.required("from", &from, example: .zero, "Offset from the run's start.", offset)
        form.required("until", &until, example: .days(1), "Offset from the run's start.", offset)
        if until <= from {
            form.faults.add(
                form.path(of: "until"), "more than `from`",
                found: "\"\(Units.time.text(until.nanoseconds))\"")
        }
    }
}

extension NodeGroup: Formed {
    static var initial: NodeGroup {
        NodeGroup(
            name: "", count: 1, home: "fibre", streams: nil, portForwarding: true, viewersMax: 10)
    }

    mutating func visit(_ form: inout Form) {
        form.required(
            "name", &name, example: "node",
            "Name of the group; its nodes are `name-1`, `name-2` and so on.", .name)
        form.field("count", &count, "How many nodes.", .count(1...Limits.people))
        form.field("home", &home, "Name of a home.", .name)
        form.optional(
            "streams", &streams, example: [0], "Streams dealt to the nodes; without it all.",
            .streams)
        form.field(
            "portForwarding", &portForwarding,
            "Without it nobody outside the home can reach the node.", .flag)
        form.field(
            "viewersMax", &viewersMax, "Viewers a node serves at once.",
            .count(1...Limits.people))
    }
}

extension DashboardUse: Formed {
    static var initial: DashboardUse { DashboardUse(visitsPerDay: 5, home: "fibre") }

    mutating func visit(_ form: inout Form) {
        form.field(
            "visitsPerDay", &visitsPerDay,
            "Page visits, besides the minutely probe of the criterion.", .count(0...1_000_000))
        form.field("home", &home, "Name of a home.", .name)
    }
}
