import Base
import RTMP

// What happens because time passes.
extension StreamServer {
    /// Looks after everybody once a second: sessions' own deadlines, publishers that went silent,
    /// players that take nothing, rates.
    mutating func sweep(at now: Instant, into outbox: inout StreamOutbox) {
        for slot in clients.indices where clients[slot]?.phase == .open {
            sweepClient(slot, at: now, into: &outbox)
        }
        for index in relays.indices { sweepRelay(index, at: now, into: &outbox) }
        for index in streams.indices where streams[index] != nil {
            sweepStream(index, at: now, into: &outbox)
        }
        for index in addresses.indices {
            addresses[index].meter.note(addresses[index].bytes, at: now)
        }
        sweepFetchers(at: now, into: &outbox)
        received.note(bytesReceived, at: now)
        sent.note(bytesSent, at: now)
        let isBusy =
            clientsCount > 0 || relays.contains { $0 != nil } || !fetchers.isEmpty
            || streams.contains { $0 != nil }
        sweepAt = isBusy ? now + Self.sweepEvery : .distantFuture
    }

    private mutating func sweepClient(
        _ slot: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        clients[slot]!.received.note(clients[slot]!.bytesReceived, at: now)
        clients[slot]!.sent.note(clients[slot]!.bytesSent, at: now)
        if let stalledAt = clients[slot]!.stalledAt,
            now >= stalledAt + configuration.stallTimeout
        {
            return close(slot, .stallTimedOut, at: now, into: &outbox)
        }
        guard let deadline = clients[slot]!.session?.deadline, now >= deadline else { return }
        advance(slot, at: now, into: &outbox)
    }

    private mutating func sweepStream(
        _ index: Int, at now: Instant, into outbox: inout StreamOutbox
    ) {
        streams[index]!.received.note(streams[index]!.bytesReceived, at: now)
        streams[index]!.sent.note(streams[index]!.bytesSent, at: now)
        if streams[index]!.isIdle, now >= streams[index]!.mediaAt + Self.segmentsKept {
            return remove(index)
        }
        guard case .client(let slot, _) = streams[index]!.source else { return }
        if now >= streams[index]!.mediaAt + configuration.publishTimeout {
            return close(slot, .publishTimedOut, at: now, into: &outbox)
        }
        let address = clients[slot]!.address
        if let rateMax = configuration.ratePerAddressMax,
            clients[slot]!.received.rate(clients[slot]!.bytesReceived, at: now) > rateMax,
            addresses[address].meter.rate(addresses[address].bytes, at: now) > rateMax
        {
            tally.refused += 1
            close(slot, .full, at: now, into: &outbox)
        }
    }

    /// Whether another publish or play may begin.
    func hasBandwidth(for address: Int, at now: Instant) -> Bool {
        if let rateMax = configuration.rateMax {
            let all =
                received.rate(bytesReceived, at: now).bitsPerSecond
                + sent.rate(bytesSent, at: now).bitsPerSecond
            if all >= rateMax.bitsPerSecond { return false }
        }
        guard let rateMax = configuration.ratePerAddressMax else { return true }
        return addresses[address].meter.rate(addresses[address].bytes, at: now) < rateMax
    }
}
