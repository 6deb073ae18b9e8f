import Base
import Cloud
import Platform
import Scenarios

/// Calls, transactions, cache commands and work: where they go, how long they take, how they fail.
extension World {
    /// On the instance, and between it and its neighbours in the same zone (assumption).
    static let localDelay = Interval(nanoseconds: 50_000)
    static let zoneDelay = Interval(nanoseconds: 400_000)
    /// What the load balancer or proxy adds each way.
    static let frontDelay = Interval(nanoseconds: 800_000)
    /// How long a caller waits for an answer that never comes.
    static let callTimeout = Interval.seconds(10)
    /// The idle timeout of a proxy on the instance, as nginx comes (`proxy_read_timeout`).
    private static let proxyTimeout = Interval.seconds(60)

    /// By so many more at once, memory is weighed again.
    static let flightsWeighed = 32

    /// Millions a month: a flight is filled, read and emptied where it lies, and never copied.
    mutating func newFlight(_ call: consuming Call?, _ id: CallID, by ref: ProgramRef) -> Int32 {
        if flights.used >= flightsWeighedAt {
            // Calls pile up, each with a connection that takes memory.
            sessionsChanged = true
        }
        guard let index = flights.reuse() else {
            return flights.append(
                Flight(
                    caller: ref, callerEpoch: epoch(of: ref), id: id, callee: ref, call: call,
                    startedAt: queue.now),
                max: Self.flightsMax)
        }
        flights[index].reuse(
            caller: ref, callerEpoch: epoch(of: ref), id: id, call: call, at: queue.now)
        return index
    }

    mutating func settleFlight(_ index: Int32, _ answer: consuming Answer, at: Instant) {
        guard !flights[index].isAnswered else { return }
        flights[index].isAnswered = true
        flights[index].answer = answer
        queue.push(
            .answer(flight: index, generation: flights[index].generation), at: max(at, queue.now))
    }

    // MARK: Calls

    mutating func place(_ call: Call, _ id: CallID, to address: Address, by ref: ProgramRef) {
        let index = newFlight(call, id, by: ref)
        tally.calls += 1
        switch address {
        case .front: placeThroughFront(call, index, by: ref)
        case .coordinator: placeLocally(index, by: ref)
        case .node(let node): placeAtNode(call, node, index)
        case .rtmp: settleFlight(index, .failed(.refused), at: effectsAt)
        }
    }

    private mutating func placeThroughFront(_ call: Call, _ index: Int32, by ref: ProgramRef) {
        let delay = homeDelay(ref)
        guard canReachFront else {
            missed(.https)
            settleFlight(index, .failed(.timedOut), at: effectsAt + Self.callTimeout)
            return
        }
        guard isHomeUp(ref) else {
            settleFlight(index, .failed(.timedOut), at: effectsAt + Self.callTimeout)
            return
        }
        let isNew = opensConnection(ref)
        let bytes = MediaShape.onWire(call.wireBytes + (isNew ? 1_800 : 0))
        tally.ingressControl += bytes
        if let outcome = frontFailure(delay) {
            missed(.https)
            settleFlight(index, .failed(outcome.reason), at: effectsAt + outcome.after)
            return
        }
        if balancer != nil {
            // 503: it has no target in use.
            guard balancer?.route() != nil else {
                missed(.https)
                let after = delay + delay + Self.frontDelay
                settleFlight(index, .failed(.refused), at: effectsAt + after)
                return
            }
            if balancer?.targets[0].health == .unhealthy { tally.callsToUnhealthy += 1 }
        }
        reached(.https)
        if balancer != nil {
            balance(index, bytes, isNew: isNew, by: ref)
        } else {
            let costs = host.services[Service.front.index].costs
            let cost = costs.perCall + (isNew ? costs.perConnection : 0)
            _ = spend(Interval(nanoseconds: cost) + costs.receiving(bytes: bytes), on: .front)
        }
        let handshake = isNew ? delay * 4 : .zero
        flights[index].callee = .coordinator
        flights[index].wayBack = delay + Self.frontDelay
        arriveLater(index, after: handshake + delay + Self.frontDelay)
    }

    /// Counts a call at the load balancer. A node's connection stays open for its next call, any
    /// other closes with the answer.
    private mutating func balance(
        _ index: Int32, _ bytes: Int64, isNew: Bool, by ref: ProgramRef
    ) {
        if ref.kind == .node {
            let node = Int(ref.index)
            if isNew { closeAtBalancer(node) }
            if !nodes[node].isBalanced {
                nodes[node].isBalanced = true
                balancer?.meter.opened(at: queue.now)
            }
        } else {
            flights[index].isBalanced = true
            balancer?.meter.opened(at: queue.now)
        }
        balancer?.meter.requested(at: queue.now)
        balancer?.meter.moved(bytes, at: queue.now)
    }

    mutating func closeAtBalancer(_ node: Int) {
        guard nodes[node].isBalanced else { return }
        nodes[node].isBalanced = false
        balancer?.meter.closed(at: queue.now)
    }

    /// Why the front cannot pass a call on, and after how long the caller learns it.
    @inline(__always)
    private func frontFailure(_ delay: Interval) -> (reason: CloseReason, after: Interval)? {
        switch scenario.deployment.front {
        case .loadBalancer:
            // A closed account takes its load balancer with it.
            if case .closed = account { return (.timedOut, Self.callTimeout) }
            guard scenario.deployment.reaches(from: .loadBalancer, to: .instance, port: 8_000)
            else { return (.timedOut, Self.callTimeout) }
            // A stopped instance is no target, which is told at once.
            guard !host.isStopped else { return nil }
            guard host.isUp else { return (.timedOut, Self.callTimeout) }
            guard host.services[Service.coordinator.index].isUp
            else { return (.refused, delay + delay + Self.frontDelay) }
        case .container:
            guard host.isUp else { return (.timedOut, Self.callTimeout) }
            guard host.services[Service.front.index].isUp,
                host.services[Service.coordinator.index].isUp
            else { return (.refused, delay + delay) }
        }
        return nil
    }

    @inline(__always)
    private var canReachFront: Bool {
        switch scenario.deployment.front {
        case .loadBalancer:
            scenario.deployment.reaches(from: .internet, to: .loadBalancer, port: 443)
        case .container:
            scenario.deployment.reaches(from: .internet, to: .instance, port: 443)
                && addressKnown == host.address
        }
    }

    private mutating func placeLocally(_ index: Int32, by ref: ProgramRef) {
        guard host.services[Service.coordinator.index].isUp else {
            settleFlight(index, .failed(.refused), at: effectsAt + Self.localDelay)
            return
        }
        flights[index].callee = .coordinator
        flights[index].wayBack = Self.localDelay
        arriveLater(index, after: Self.localDelay)
    }

    private mutating func placeAtNode(_ call: Call, _ node: NodeID, _ index: Int32) {
        let slot = nodes[Int(node.raw)]
        guard slot.portForwarding, slot.isAddressKnown, homes[Int(slot.home)].isUp else {
            settleFlight(index, .failed(.timedOut), at: effectsAt + Self.callTimeout)
            return
        }
        let delay = scenario.homes[homes[Int(slot.home)].kind].delay
        tally.egressControl += MediaShape.onWire(call.wireBytes)
        flights[index].callee = ProgramRef(kind: .node, index: node.raw)
        flights[index].wayBack = delay
        arriveLater(index, after: delay)
    }

    private mutating func arriveLater(_ index: Int32, after: Interval) {
        queue.push(
            .arrive(flight: index, generation: flights[index].generation), at: effectsAt + after)
    }

    mutating func arrive(_ index: Int32, _ generation: UInt32) {
        guard flights[index].generation == generation, !flights[index].isAnswered else { return }
        let callee = flights[index].callee
        if let service = callee.service, !host.services[service.index].isUp {
            settleFlight(
                index, .failed(.refused), at: queue.now + flights[index].wayBack)
            return
        }
        guard let call = flights[index].call.take() else { return }
        flights[index].calleeEpoch = epoch(of: callee)
        let from = flights[index].caller
        if case .heartbeat = call {
            tally.heartbeats += 1
            if from.kind == .node { nodes[Int(from.index)].isAddressKnown = true }
        }
        let caller = caller(from, flights[index].id)
        deliver(
            .called(Ticket(ticket(index)), call, caller), to: callee,
            cost: callCost(callee, by: from))
    }

    private func ticket(_ index: Int32) -> UInt64 {
        UInt64(flights[index].generation) << 32 | UInt64(UInt32(bitPattern: index))
    }

    /// Friends and nodes sign in: their calls bring a token, which is verified.
    private mutating func callCost(_ callee: ProgramRef, by caller: ProgramRef) -> Interval {
        guard let service = callee.service else { return .zero }
        host.services[service.index].logged += scenario.deployment.containers.logPerCall.bytes
        let costs = host.services[service.index].costs
        let isSigned = caller.kind == .streamer || caller.kind == .node
        return Interval(nanoseconds: costs.perCall + (isSigned ? costs.perSignature : 0))
    }

    mutating func send(_ reply: Reply, for ticket: Ticket) {
        let index = Int32(truncatingIfNeeded: ticket.raw & 0xFFFF_FFFF)
        guard index >= 0, index < flights.count else { return }
        guard flights[index].generation == UInt32(ticket.raw >> 32) else { return }
        guard !flights[index].isAnswered, flights[index].isOpen else { return }
        let caller = flights[index].caller
        let bytes = MediaShape.onWire(reply.wireBytes)
        switch caller.kind {
        case .prober where flights[index].id.raw == Self.healthCheckID: break
        case .streamer, .viewer, .node, .prober:
            tally.egressControl += bytes
            if balancer != nil {
                balancer?.meter.moved(bytes, at: queue.now)
            } else {
                let costs = host.services[Service.front.index].costs
                _ = spend(costs.sending(messages: 0, bytes: bytes), on: .front)
            }
        case .coordinator, .worker, .rtmp:
            if flights[index].callee.kind == .node { tally.ingressControl += bytes }
        }
        let waited = effectsAt - flights[index].startedAt
        let at = effectsAt + flights[index].wayBack
        if caller.service == nil && waited > idleTimeout {
            settleFlight(index, .failed(.timedOut), at: at)
        } else {
            settleFlight(index, .reply(reply), at: at)
        }
    }

    mutating func answer(_ index: Int32, _ generation: UInt32) {
        guard flights[index].generation == generation, flights[index].isOpen else { return }
        flights[index].isOpen = false
        let answer = exchange(&flights[index].answer, with: .failed(.byPeer))
        let caller = flights[index].caller
        let id = flights[index].id
        flights.release(index)
        if flights[index].isBalanced { balancer?.meter.closed(at: queue.now) }
        if case .failed = answer { tally.callsFailed += 1 }
        if caller.kind == .prober {
            probed(id, answer, asked: flights[index].startedAt)
            return
        }
        guard epoch(of: caller) == flights[index].callerEpoch else { return }
        deliver(.answered(id, answer), to: caller, cost: .zero)
    }

    // MARK: Store and cache

    mutating func transact(_ transaction: Transaction, _ id: CallID, by ref: ProgramRef) {
        let index = newFlight(nil, id, by: ref)
        tally.transactions += 1
        if transaction.writes { tally.writes += 1 }
        switch scenario.deployment.database {
        case .managed:
            guard scenario.deployment.reaches(from: .instance, to: .database, port: 5_432) else {
                settleFlight(index, .failed(.timedOut), at: effectsAt + .seconds(5))
                return
            }
            guard takesConnection(ref) else {
                settleFlight(index, .failed(.refused), at: effectsAt + Self.zoneDelay)
                return
            }
            transactManaged(transaction, index)
        case .container:
            guard host.services[Service.database.index].isUp, takesConnection(ref) else {
                settleFlight(index, .failed(.refused), at: effectsAt + Self.localDelay)
                return
            }
            var done = max(spend(databaseCost, on: .database), effectsAt)
            if transaction.writes { done = writePage(after: done) }
            let answer = tables.execute(transaction, at: queue.now)
            settleFlight(index, .stored(answer), at: done + Self.localDelay)
        }
    }

    private var databaseCost: Interval {
        Interval(nanoseconds: host.services[Service.database.index].costs.perCall)
    }

    private mutating func transactManaged(_ transaction: Transaction, _ index: Int32) {
        let writes = transaction.writes
        let cost = databaseCost
        let outcome = databaseMachine?.admit(
            cpu: cost, operations: writes ? 1 : 0, bytes: writes ? Self.databasePage : 0,
            at: queue.now)
        switch outcome {
        case .answered(let after)?:
            let answer = tables.execute(transaction, at: queue.now)
            settleFlight(
                index, .stored(answer), at: effectsAt + after + Self.zoneDelay + Self.zoneDelay)
        case .refused?, nil:
            settleFlight(index, .failed(.refused), at: effectsAt + Self.zoneDelay)
        }
    }

    mutating func runOnCache(_ command: CacheCommand, _ id: CallID, by ref: ProgramRef) {
        let index = newFlight(nil, id, by: ref)
        let cost = Interval(nanoseconds: host.services[Service.cache.index].costs.perCall)
        switch scenario.deployment.cache {
        case .managed:
            guard scenario.deployment.reaches(from: .instance, to: .cache, port: 6_379) else {
                settleFlight(index, .failed(.timedOut), at: effectsAt + .seconds(5))
                return
            }
            guard let after = cacheMachine?.run(cpu: cost, at: queue.now) else { return }
            host.waitMax = max(host.waitMax, after)
            let answer = cacheTables.execute(command, at: queue.now)
            settleFlight(
                index, .cached(answer), at: effectsAt + after + Self.zoneDelay + Self.zoneDelay)
        case .container:
            guard host.services[Service.cache.index].isUp else {
                settleFlight(index, .failed(.refused), at: effectsAt + Self.localDelay)
                return
            }
            let done = spend(cost, on: .cache)
            let answer = cacheTables.execute(command, at: queue.now)
            settleFlight(index, .cached(answer), at: max(done, effectsAt) + Self.localDelay)
        }
    }

    // MARK: Work

    /// A password keeps its program's service busy, and what comes after it waiting.
    mutating func work(_ work: Work, _ id: CallID, by ref: ProgramRef) {
        guard let service = ref.service else { return check(false, "work at somebody's home") }
        let index = newFlight(nil, id, by: ref)
        let cost = Interval(nanoseconds: host.services[service.index].costs.perPassword)
        settleFlight(index, .worked(work.answer), at: spend(cost, on: service))
    }

    // MARK: Who calls from where

    /// As the coordinator sees it; a visitor of the dashboard is somebody new each time.
    @inline(__always)
    func caller(_ ref: ProgramRef, _ id: CallID) -> Caller {
        let index = UInt32(bitPattern: ref.index)
        return switch ref.kind {
        case .coordinator, .worker, .rtmp: .local
        case .streamer:
            Caller(.streamer(UserID(ref.index)), from: ClientAddress(ipv4: 0x6440_0000 | index))
        case .node: Caller(.node(NodeID(ref.index)), from: ClientAddress(ipv4: 0x6480_0000 | index))
        case .viewer: Caller(.none, from: ClientAddress(ipv4: 0x0A00_0000 | index))
        case .prober:
            Caller(
                .none,
                from: ClientAddress(
                    ipv4: 0xAC10_0000 | UInt32(truncatingIfNeeded: id.raw & 0xF_FFFF)))
        }
    }

    @inline(__always)
    func home(of ref: ProgramRef) -> Int32? {
        switch ref.kind {
        case .streamer: streamers[Int(ref.index)].home
        case .node: nodes[Int(ref.index)].home
        case .coordinator, .worker, .rtmp, .viewer, .prober: nil
        }
    }

    @inline(__always)
    func isHomeUp(_ ref: ProgramRef) -> Bool {
        guard let home = home(of: ref) else { return true }
        return homes[Int(home)].isUp
    }

    @inline(__always)
    func homeDelay(_ ref: ProgramRef) -> Interval {
        switch ref.kind {
        case .coordinator, .worker, .rtmp: Self.localDelay
        case .streamer, .node:
            scenario.homes[homes[Int(home(of: ref) ?? 0)].kind].delay
        case .viewer: viewerHome(viewers[ref.index].group).delay
        case .prober: proberDelay
        }
    }

    /// What answers 504 for a target that is silent for so long, and closes a silent connection.
    @inline(__always)
    private var idleTimeout: Interval { balancer?.idleTimeout ?? Self.proxyTimeout }

    /// A node keeps its connection to the front open between heartbeats; others come anew.
    private mutating func opensConnection(_ ref: ProgramRef) -> Bool {
        guard ref.kind == .node else { return true }
        let last = nodes[Int(ref.index)].talkedAt
        nodes[Int(ref.index)].talkedAt = queue.now
        return queue.now - last > idleTimeout
    }

    mutating func reached(_ service: PublicService) {
        tally.attempts[service.rawValue].tried += 1
        tally.attempts[service.rawValue].reached += 1
    }

    mutating func missed(_ service: PublicService) {
        tally.attempts[service.rawValue].tried += 1
        if tally.attempts[service.rawValue].firstMissed == nil {
            tally.attempts[service.rawValue].firstMissed = queue.now
        }
    }
}

extension Transaction {
    /// Whether it changes rows, and so waits for the disk.
    var writes: Bool {
        switch self {
        case .ping, .findUser, .findKey, .keys, .streams, .findStream, .nodesForStream, .peers,
            .activeNodes, .overview, .leaderboard, .payouts, .nodeFigures, .economics,
            .streamerFigures:
            false
        case .addUser, .addKey, .revokeKey, .addFeedback, .addStream, .moveStream, .removeStream,
            .replaceKey, .openStream, .endStream, .staleStreams, .addNode, .authorizeNode,
            .recordHeartbeat, .sweepInactive, .recordProbe, .recordSpotCheck, .appendLedger,
            .verifyReports, .updateTrust, .payHour, .retain, .claim:
            true
        }
    }
}

extension Work {
    /// A fingerprint stands for the slow hash, whose time is charged apart.
    static func hash(of password: String) -> PasswordHash {
        var digest = Digest()
        digest.combine(password)
        return PasswordHash(digest.hex)
    }

    var answer: WorkAnswer {
        switch self {
        case .hash(let password): .hashed(Work.hash(of: password))
        case .verify(let password, let hash): .verified(Work.hash(of: password) == hash)
        }
    }
}
