import Base
import Cloud
import Platform

extension World {
    /// Gives a program one input and carries out what it asks.
    ///
    /// A program on the instance pays CPU time first: it is handed the input now, and its effects
    /// take place when the time is spent, behind everything it was given before.
    mutating func deliver(_ input: Input, to ref: ProgramRef, cost: Interval) {
        let now = queue.now
        record.witness(now, ref, input)
        effectsAt = now
        if let service = ref.service {
            guard host.services[service.index].isUp else { return }
            effectsAt = spend(cost, on: service)
        }
        outbox.removeAll()
        switch ref.kind {
        case .coordinator: coordinator.handle(input, at: now, into: &outbox)
        case .worker: worker.handle(input, at: now, into: &outbox)
        case .rtmp: rtmpServer.handle(input, at: now, into: &outbox)
        case .streamer: streamers[Int(ref.index)].program.handle(input, at: now, into: &outbox)
        case .node: nodes[Int(ref.index)].program.handle(input, at: now, into: &outbox)
        case .viewer: viewers[ref.index].program.handle(input, at: now, into: &outbox)
        case .prober: break
        }
        outbox.reverse()
        while let effect = outbox.takeLast() { perform(effect, by: ref) }
    }

    private mutating func perform(_ effect: consuming Effect, by ref: ProgramRef) {
        switch effect {
        case .call(let id, let address, let call): place(call, id, to: address, by: ref)
        case .reply(let ticket, let reply): send(reply, for: ticket)
        case .transact(let id, let transaction): transact(transaction, id, by: ref)
        case .cache(let id, let command): runOnCache(command, id, by: ref)
        case .work(let id, let work): self.work(work, id, by: ref)
        case .connect(let connection, let address): connect(connection, to: address, by: ref)
        case .send(let connection, let message): send(message, on: connection, by: ref)
        case .close(let connection): close(connection, by: ref)
        case .ingest(let connection, let stream): ingest(connection, stream)
        case .relay(let connection, let stream): relay(connection, stream, by: ref)
        case .wake(let at): setWake(ref, at)
        case .observe(let observation): observe(observation, by: ref)
        }
    }

    // MARK: Wakes

    private mutating func setWake(_ ref: ProgramRef, _ at: Instant) {
        let generation: UInt32
        switch ref.kind {
        case .coordinator, .worker, .rtmp, .prober:
            guard let service = ref.service else { return }
            serviceWakes[service.index] &+= 1
            generation = serviceWakes[service.index]
        case .streamer:
            streamers[Int(ref.index)].wake &+= 1
            generation = streamers[Int(ref.index)].wake
        case .node:
            nodes[Int(ref.index)].wake &+= 1
            generation = nodes[Int(ref.index)].wake
        case .viewer:
            viewers[ref.index].wake &+= 1
            generation = viewers[ref.index].wake
        }
        guard at <= end else { return }
        queue.push(.wake(ref, generation: generation), at: max(at, queue.now))
    }

    mutating func wake(_ ref: ProgramRef, _ generation: UInt32) {
        let current: UInt32
        switch ref.kind {
        case .coordinator, .worker, .rtmp, .prober:
            guard let service = ref.service else { return }
            current = serviceWakes[service.index]
        case .streamer: current = streamers[Int(ref.index)].wake
        case .node: current = nodes[Int(ref.index)].wake
        case .viewer: current = viewers[ref.index].wake
        }
        guard generation == current else { return }
        if ref.kind == .node { countRelayed(by: Int(ref.index)) }
        deliver(.woke, to: ref, cost: jobCost(ref))
    }

    /// CPU time of a job step; only the worker wakes to work.
    private func jobCost(_ ref: ProgramRef) -> Interval {
        guard ref.kind == .worker else { return .zero }
        return Interval(nanoseconds: host.services[Service.worker.index].costs.perCall)
    }

    /// The life of a program that a late answer must belong to.
    @inline(__always)
    func epoch(of ref: ProgramRef) -> UInt32 {
        if let service = ref.service { return host.services[service.index].epoch }
        return ref.kind == .viewer ? viewers[ref.index].epoch : 0
    }

    // MARK: Observations

    private mutating func observe(_ observation: Observation, by ref: ProgramRef) {
        switch observation {
        case .publishAccepted: break
        case .publishRejected(let stream, let why):
            tally.publishRejected += 1
            log("publish-rejected", streamName(stream), "\(why)")
        case .streamChanged(let stream, let from, let to):
            log("stream-\(to)", streamName(stream), "from \(from)")
        case .nodeInactive(let node): log("node-inactive", nodeName(node), "")
        case .nodeActive(let node): log("node-active", nodeName(node), "")
        case .nodeFlagged(let node):
            tally.nodesFlagged += 1
            log("node-flagged", nodeName(node), "trust below 0.3")
        case .spotCheck(_, let passed):
            tally.spotChecks += 1
            if passed { tally.spotChecksPassed += 1 }
        case .paid(_, let nanodollars): tally.paidNanodollars += nanodollars
        case .routed(_, let node): if node != nil { tally.viewersRoutedToNodes += 1 }
        case .cacheDown: log("cache-unreachable", "coordinator", "degraded")
        case .cacheUp: log("cache-reachable", "coordinator", "")
        case .gaveUp(let stream):
            tally.gaveUp += 1
            log("encoder-gave-up", streamName(stream), "25 tries")
            needPerson(
                "streamer", cause: "the encoder of \(streamName(stream)) ran out of reconnects",
                action: "press Start Streaming again", kind: .nothing)
        case .lostPatience(let stream):
            tally.viewersLost += 1
            log("viewer-left", streamName(stream), "stalled for too long")
        }
    }

    func streamName(_ stream: StreamID) -> String { streamers[Int(stream.raw)].name }
    func nodeName(_ node: NodeID) -> String { nodes[Int(node.raw)].name }

    mutating func log(_ kind: String, _ entity: String, _ detail: String) {
        record.log(queue.now, kind, entity, detail)
    }
}

extension ProgramRef {
    /// The service that runs it; nil for a program at somebody's home.
    var service: Service? {
        switch kind {
        case .coordinator: .coordinator
        case .worker: .worker
        case .rtmp: .rtmp
        case .streamer, .viewer, .node, .prober: nil
        }
    }
}

extension Service {
    var index: Int { Int(rawValue) }
}
