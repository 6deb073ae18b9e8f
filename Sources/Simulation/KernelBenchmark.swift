import Base

/// The event queue under a steady load: pop, look at the event, push another.
public enum KernelBenchmark {
    /// Runs `events` events with `pending` always in the queue; returns a digest, so that no
    /// compiler leaves the work out. The caller takes the time.
    public static func run(events: Int64, pending: Int) -> UInt64 {
        check(pending > 0 && events > 0, "a benchmark of nothing")
        var queue = EventQueue(start: Instant(nanoseconds: 0))
        var random = Random(seed: 1)
        for _ in 0..<pending {
            queue.push(.scan, at: Instant(nanoseconds: Int64(random.below(1_000_000))))
        }
        var digest: UInt64 = 0
        for _ in 0..<events {
            switch queue.pop() {
            case .scan: digest &+= 1
            case .probe: digest &+= 2
            case .arrive(let index, let generation):
                digest &+= UInt64(UInt32(bitPattern: index)) &+ UInt64(generation)
            case .wake, .timer, .answer, .link, .keyFrame, .redraw, .audience, .viewerGone,
                .healthCheck, .home, .viewerEvening, .fault, .restart, .instanceUp,
                .repair, .visit, .sample, .share:
                digest &+= 3
            }
            let wait = Interval(nanoseconds: Int64(random.next() & 0xF_FFFF))
            let next: Event =
                digest & 1 == 0 ? .scan : .arrive(flight: Int32(digest & 0xFF), generation: 1)
            queue.push(next, at: queue.now + wait)
        }
        return digest
    }
}
