import Base
import Cloud
import Platform
import Scenarios

/// RTMP connections between clients and the server or a node, byte by byte.
///
/// Bytes of the control plane take the path's delay and no more: a handshake of 3 KB on a line of
/// 1 Mb/s would add 25 ms (assumption: too little to matter).
extension World {
    /// One-way trips until a client is connected (SYN, SYN-ACK), and until its server knows (ACK).
    private static let tripsToOpenClient: Int64 = 2
    private static let tripsToOpenServer: Int64 = 3
    /// A server finds out about a vanished client when its send times out.
    private static let serverNotices = Interval.seconds(30)
    /// An encoder or player whose packets vanish gives up (TCP retransmissions backed off).
    private static let clientNotices = Interval.seconds(20)
    /// Ids that the driver gives to a server's end; a client's own are smaller.
    private static let serverConnectionBit: UInt32 = 0x8000_0000

    @inline(__always)
    private func clientKey(_ ref: ProgramRef, _ connection: ConnectionID) -> UInt64 {
        UInt64(ref.kind.rawValue) << 56 | UInt64(UInt32(bitPattern: ref.index) & 0xFF_FFFF) << 32
            | UInt64(connection.raw)
    }

    private func serverConnection(_ index: Int32) -> ConnectionID {
        ConnectionID(Self.serverConnectionBit | UInt32(bitPattern: index))
    }

    /// The link and the end that a program's connection id means; nil when it is gone.
    @inline(__always)
    private func find(_ connection: ConnectionID, of ref: ProgramRef) -> (Int32, isServer: Bool)? {
        if connection.raw & Self.serverConnectionBit != 0 {
            let index = Int32(connection.raw & ~Self.serverConnectionBit)
            guard index < links.count, links[index].isOpen, links[index].server == ref
            else { return nil }
            return (index, true)
        }
        guard let index = clientLinks[clientKey(ref, connection)], links[index].isOpen
        else { return nil }
        return (index, false)
    }

    mutating func connect(_ connection: ConnectionID, to address: Address, by ref: ProgramRef) {
        check(connection.raw & Self.serverConnectionBit == 0, "a client id with the server's bit")
        let (server, delay) = place(of: address, from: ref)
        let link = Link(
            client: ref, clientEpoch: epoch(of: ref), clientConnection: connection,
            server: server, delay: delay)
        let index = links.add(max: Self.linksMax) { old in
            var link = link
            if let old { link.generation = old.generation &+ 1 }
            return link
        }
        clientLinks[clientKey(ref, connection)] = index
        let conversation = Conversation(random: Random(seed: sessionRandom.next()), at: effectsAt)
        if Int(index) == conversations.count { conversations.append(nil) }
        conversations[Int(index)] = conversation
        if let failure = connectFailure(address, ref, delay) {
            links[index].reason = failure.reason
            push(index, .closeClient, at: effectsAt + failure.after)
            return
        }
        push(index, .openClient, at: effectsAt + delay * Self.tripsToOpenClient)
        push(index, .openServer, at: effectsAt + delay * Self.tripsToOpenServer)
    }

    @inline(__always)
    private func place(of address: Address, from ref: ProgramRef) -> (ProgramRef, Interval) {
        switch address {
        case .node(let node):
            let home = homes[Int(nodes[Int(node.raw)].home)]
            let delay = scenario.homes[home.kind].delay + homeDelay(ref)
            return (ProgramRef(kind: .node, index: node.raw), delay)
        case .rtmp, .front, .coordinator: return (.rtmp, homeDelay(ref))
        }
    }

    /// Why a connection cannot be opened, and after how long its client learns it.
    private mutating func connectFailure(
        _ address: Address, _ ref: ProgramRef, _ delay: Interval
    ) -> (reason: CloseReason, after: Interval)? {
        guard isHomeUp(ref) else { return (.timedOut, Self.callTimeout) }
        if case .node(let node) = address {
            let slot = nodes[Int(node.raw)]
            let isReachable =
                slot.portForwarding && slot.isAddressKnown && homes[Int(slot.home)].isUp
            return isReachable ? nil : (.timedOut, Self.callTimeout)
        }
        let service: PublicService? =
            switch ref.kind {
            case .streamer: .publish
            case .viewer: .play
            case .coordinator, .worker, .rtmp, .node, .prober: nil
            }
        guard scenario.deployment.reaches(from: .internet, to: .instance, port: 1_935),
            host.isUp, addressKnown == host.address
        else {
            if let service { missed(service) }
            return (.timedOut, Self.callTimeout)
        }
        guard host.services[Service.rtmp.index].isUp else {
            if let service { missed(service) }
            return (.refused, delay + delay)
        }
        if let service { reached(service) }
        return nil
    }

    private mutating func push(_ index: Int32, _ step: LinkStep, at: Instant) {
        queue.push(
            .link(index, generation: links[index].generation, step), at: max(at, queue.now))
    }

    /// A program says something: its session puts it into bytes.
    mutating func send(
        _ message: SessionMessage, on connection: ConnectionID, by ref: ProgramRef
    ) {
        guard let (index, isServer) = find(connection, of: ref) else { return }
        if isServer {
            conversations[Int(index)]?.say(message)
            sendToClient(index, at: effectsAt)
        } else {
            conversations[Int(index)]?.request(
                message, random: Random(seed: sessionRandom.next()), at: effectsAt)
            sendToServer(index, at: effectsAt)
        }
    }

    private mutating func sendToServer(_ index: Int32, at: Instant) {
        let count = conversations[Int(index)]?.takeClientOutput() ?? 0
        guard count > 0 else { return }
        account(count, on: links[index], toServer: true)
        push(index, .bytesToServer, at: at + links[index].delay)
    }

    private mutating func sendToClient(_ index: Int32, at: Instant) {
        let count = conversations[Int(index)]?.takeServerOutput() ?? 0
        guard count > 0 else { return }
        account(count, on: links[index], toServer: false)
        push(index, .bytesToClient, at: at + links[index].delay)
    }

    /// What crosses the instance's own interface is billed and drawn.
    private mutating func account(_ bytes: Int, on link: Link, toServer: Bool) {
        let onWire = MediaShape.onWire(Int64(bytes))
        if link.server.kind == .rtmp {
            if toServer { tally.ingressControl += onWire } else { tally.egressControl += onWire }
        } else if link.client.kind == .worker {
            if toServer { tally.egressControl += onWire } else { tally.ingressControl += onWire }
        }
    }

    /// A program closes its end; the other end learns it one trip later.
    mutating func close(_ connection: ConnectionID, by ref: ProgramRef) {
        guard let (index, isServer) = find(connection, of: ref) else { return }
        endMedia(index)
        if isServer {
            links[index].serverTold = true
            push(index, .closeClient, at: effectsAt + links[index].delay)
        } else {
            links[index].clientTold = true
            conversations[Int(index)]?.endClient()
            sendToServer(index, at: effectsAt)
            push(index, .closeServer, at: effectsAt + links[index].delay)
        }
    }

    mutating func stepLink(_ index: Int32, _ generation: UInt32, _ step: LinkStep) {
        guard links[index].generation == generation, links[index].isOpen else { return }
        let link = links[index]
        if link.isSevered && step.crossesPath { return }
        switch step {
        case .openClient:
            guard !link.clientTold, isAlive(link) else { return }
            deliver(.opened(link.clientConnection), to: link.client, cost: .zero)
        case .openServer: openServer(index)
        case .bytesToServer: receiveAtServer(index)
        case .bytesToClient: receiveAtClient(index)
        case .closeServer: closeServer(index)
        case .closeClient: closeClient(index)
        }
    }

    private mutating func openServer(_ index: Int32) {
        let link = links[index]
        guard isServing(link.server) else {
            links[index].reason = .refused
            push(index, .closeClient, at: queue.now + link.delay)
            return
        }
        links[index].serverOpened = true
        deliver(.opened(serverConnection(index)), to: link.server, cost: linkCost(link.server))
    }

    private mutating func receiveAtServer(_ index: Int32) {
        conversations[Int(index)]?.receiveAtServer()
        do {
            while isServerListening(index),
                let message = try conversations[Int(index)]?.nextAtServer(at: queue.now)
            {
                deliver(
                    .received(serverConnection(index), message), to: links[index].server,
                    cost: .zero)
            }
        } catch {
            deliver(.closed(serverConnection(index), .reset), to: links[index].server, cost: .zero)
            close(serverConnection(index), by: links[index].server)
            return
        }
        if isServerListening(index) { sendToClient(index, at: queue.now) }
    }

    private mutating func receiveAtClient(_ index: Int32) {
        conversations[Int(index)]?.receiveAtClient()
        let client = links[index].client
        let connection = links[index].clientConnection
        do {
            while isClientListening(index),
                let message = try conversations[Int(index)]?.nextAtClient(at: queue.now)
            {
                deliver(.received(connection, message), to: client, cost: .zero)
            }
        } catch {
            deliver(.received(connection, .rejected(Rejection(error))), to: client, cost: .zero)
            return
        }
        if isClientListening(index) { sendToServer(index, at: queue.now) }
    }

    @inline(__always)
    private func isServerListening(_ index: Int32) -> Bool {
        links[index].isOpen && links[index].serverOpened && !links[index].serverTold
    }

    @inline(__always)
    private func isClientListening(_ index: Int32) -> Bool {
        links[index].isOpen && !links[index].clientTold && isAlive(links[index])
    }

    private mutating func closeServer(_ index: Int32) {
        let link = links[index]
        endMedia(index)
        if link.serverOpened && !link.serverTold {
            links[index].serverTold = true
            deliver(
                .closed(serverConnection(index), link.reasonAtServer), to: link.server, cost: .zero)
        }
        links[index].serverTold = true
        retire(index)
    }

    private mutating func closeClient(_ index: Int32) {
        let link = links[index]
        endMedia(index)
        if !link.clientTold {
            links[index].clientTold = true
            if isAlive(link) {
                deliver(.closed(link.clientConnection, link.reason), to: link.client, cost: .zero)
            }
        }
        if !link.serverOpened { links[index].serverTold = true }
        retire(index)
    }

    /// Frees the link once both ends know.
    private mutating func retire(_ index: Int32) {
        guard links[index].clientTold, links[index].serverTold, links[index].isOpen else { return }
        links[index].isOpen = false
        let key = clientKey(links[index].client, links[index].clientConnection)
        if clientLinks[key] == index { clientLinks[key] = nil }
        conversations[Int(index)] = nil
        links.release(index)
    }

    @inline(__always)
    private func isAlive(_ link: Link) -> Bool { epoch(of: link.client) == link.clientEpoch }

    @inline(__always)
    private func isServing(_ server: ProgramRef) -> Bool {
        if let service = server.service { return host.services[service.index].isUp }
        return isHomeUp(server)
    }

    @inline(__always)
    private func linkCost(_ server: ProgramRef) -> Interval {
        guard let service = server.service else { return .zero }
        return Interval(nanoseconds: host.services[service.index].costs.perConnection)
    }

    // MARK: Ends that go away

    /// All connections of a program that died: the other ends learn it by a reset.
    mutating func resetLinks(of ref: ProgramRef) {
        for index in Int32(0)..<Int32(links.count) where links[index].isOpen {
            let link = links[index]
            if link.server == ref {
                endMedia(index)
                links[index].serverTold = true
                links[index].reason = .reset
                push(index, .closeClient, at: queue.now + link.delay)
            } else if link.client == ref {
                endMedia(index)
                links[index].clientTold = true
                links[index].reasonAtServer = .reset
                push(index, .closeServer, at: queue.now + link.delay)
            }
        }
    }

    /// All connections through a home, or to an instance, that vanished without a word.
    mutating func severLinks(where matches: (Link) -> Bool) {
        for index in Int32(0)..<Int32(links.count) where links[index].isOpen {
            guard matches(links[index]) else { continue }
            endMedia(index)
            links[index].isSevered = true
            links[index].reason = .timedOut
            links[index].reasonAtServer = .timedOut
            push(index, .closeClient, at: queue.now + Self.clientNotices)
            push(index, .closeServer, at: queue.now + Self.serverNotices)
        }
    }
}
