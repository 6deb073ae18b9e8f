import Base
import Results

/// One second of a load: a row of its time series, and what a live view shows.
public struct LoadRow: Sendable {
    var tally: Tally
    public var publishers: Int64
    public var players: Int64
    public var cpuPercent: Fixed
    var clientsNotCalled: Int64
    /// That called and have neither failed nor left.
    var clients: Int64
    /// How long each player has stood still that does so at the second's end, and how many of them
    /// beyond all patience.
    var standing = Distribution()
    var playersStuck: Int64 = 0
    /// Of the generator's own connections, at the second's end.
    var queues = SocketQueues()
    /// Of the second, not rounded up.
    var length: Interval

    private func megabits(_ bytes: Int64) -> Fixed {
        Fixed.ratio(Int128(bytes) * 8_000, Int128(max(1, length.nanoseconds)))
    }

    public var sentMbit: Fixed { megabits(tally.bytesSent) }
    public var receivedMbit: Fixed { megabits(tally.bytesReceived) }
    public var failures: Int64 { tally.failuresSum + tally.callFailuresSum }
    public var callsAnswered: Int64 { tally.callsAnswered }
    /// Of the generator's own connections, bytes in the mean.
    public var unread: Fixed { queues.unreadMean }
    public var unsent: Fixed { queues.unsentMean }
    /// Milliseconds, of the second's slowest look from outside.
    public var targetAnswer: Fixed { tally[.targetAnswer].most }

    /// Milliseconds.
    public func percentile(_ percent: Int64, _ metric: LoadMetric) -> Fixed {
        tally[metric].percentile(Fixed(percent))
    }

    static let columns: [Series.Column] = [
        ("publishers", "count"), ("players", "count"), ("sent", "Mbit/s"),
        ("received", "Mbit/s"), ("delay_p50", "ms"), ("delay_p95", "ms"), ("delay_p99", "ms"),
        ("jitter_p95", "ms"), ("pictures", "count"), ("pictures_lost", "count"),
        ("stalls", "count"), ("standing_still", "count"), ("held_back", "count"),
        ("failures", "count"), ("send_lateness_p99", "ms"), ("loop_lag_p99", "ms"),
        ("generator_cpu", "%"),
        ("calls", "per second"), ("call_p50", "ms"), ("call_p99", "ms"), ("call_raw_p99", "ms"),
        ("target_answer", "ms"), ("target_health", "ms"), ("looks_missed", "count"),
        ("unread", "bytes"), ("unsent", "bytes"),
    ].map { Series.Column(name: $0.0, unit: $0.1, values: []) }

    /// One for each column.
    var values: [Fixed] {
        [
            Fixed(publishers), Fixed(players), sentMbit, receivedMbit,
            percentile(50, .deliveryDelay), percentile(95, .deliveryDelay),
            percentile(99, .deliveryDelay), percentile(95, .jitter), Fixed(tally.pictures),
            Fixed(tally.picturesLost), Fixed(tally[.stall].count), Fixed(standing.count),
            Fixed(tally.messagesHeldBack), Fixed(failures), percentile(99, .sendLateness),
            percentile(99, .loopLag), cpuPercent, Fixed(callsAnswered),
            percentile(50, .httpCall), percentile(99, .httpCall), percentile(99, .httpRaw),
            tally[.targetAnswer].most, tally[.targetHealth].most,
            Fixed(tally.looksMissed + tally.healthBad), queues.unreadMean, queues.unsentMean,
        ]
    }
}
