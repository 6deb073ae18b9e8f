import Base
import Cloud
import Platform
import Scenarios

/// One streamer's media while it is on the air.
struct StreamMedia: Sendable {
    let plan: MediaPlan
    /// As the bit rate is now, and as it is on average.
    var shape: MediaShape
    let mean: MediaShape
    /// The publisher's flow and link; `noFlow` off the air.
    var flow: Int32 = noFlow
    var link: Int32 = -1
    /// When the first frame, a key frame, was made.
    var epoch: Instant
    var onAirSince: Instant
    /// True while the encoder is short of uplink and key frames count one by one.
    var isTight = false
    /// True from a drop until the next key frame: only audio is sent.
    var isDropping = false
    /// Whether the group of pictures before this one was cut short by a drop.
    var followsDrop = false
    /// Of a stream that is over: how far the last group of pictures was ahead, see `aheadOfMean`.
    var aheadAtEnd: Int64 = 0
    var generation: UInt32 = 0
    var random: Random
    /// Frames of former sessions; the present one's follow from its epoch.
    var framesLeftOut: Int64 = 0

    /// The time since the last key frame.
    func phase(at now: Instant) -> Interval {
        Interval(nanoseconds: (now - epoch).nanoseconds % plan.keyFrameEvery.nanoseconds)
    }
}

extension World {
    /// Edges of each flow at one instant; a flow has four kinds of them.
    private static let edgesAtOnceMax = 16

    // MARK: On and off the air

    mutating func ingest(_ connection: ConnectionID, _ stream: StreamID) {
        guard let index = serverLink(connection), links[index].flow == noFlow else { return }
        let streamer = Int(stream.raw)
        let home = homes[Int(streamers[streamer].home)]
        let kind = scenario.homes[home.kind]
        let now = queue.now
        var media = streamers[streamer].media
        media.shape = media.mean
        var flow = Flow(
            ceiling: kind.pathCeiling(line: kind.uplinkBytes(evening: home.isEvening)),
            owner: index, at: now)
        flow.crosses[0] = home.uplinkCapacity
        flow.crosses[1] = host.inCapacity
        flow.crosses[Flow.cpuPlace] = host.cpuCapacity
        flow.cpuPerByte = host.services[Service.rtmp.index].costs.perByteIn
        flow.content = media.shape.content
        flow.feed = media.shape.content
        flow.queueMax = queueEdge(media.shape, afterKeyFrame: false)
        media.flow = fluid.open(flow, feeder: noFlow, at: now)
        media.link = index
        media.epoch = now
        media.onAirSince = now
        media.generation &+= 1
        media.isTight = false
        media.isDropping = false
        media.followsDrop = false
        streamers[streamer].media = media
        links[index].flow = media.flow
        links[index].stream = stream.raw
        links[index].isIngest = true
        publishers += 1
        sessionsChanged = true
        tally.publishSessions += 1
        let uplink = serviceRate(media.flow)
        frames?.beginStream(streamer, shape: media.shape, epoch: now, rate: uplink, at: now)
        if media.plan.variation > .zero {
            queue.push(
                .redraw(stream: stream.raw, generation: media.generation),
                at: now + media.plan.variationEvery)
        }
        watchKeyFrames(streamer)
        noteStreams()
    }

    private func serverLink(_ connection: ConnectionID) -> Int32? {
        let index = Int32(connection.raw & 0x7FFF_FFFF)
        guard index < links.count, links[index].isOpen else { return nil }
        return index
    }

    private mutating func noteStreams() {
        var live: Int64 = 0
        for slot in streamers where slot.media.flow != noFlow { live += 1 }
        if live > tally.streamsMost {
            tally.streamsMost = live
            tally.streamsMostAt = queue.now
        }
    }

    private mutating func endIngest(_ streamer: Int) {
        let now = queue.now
        streamers[streamer].media.aheadAtEnd = aheadOfMean(streamers[streamer].media)
        let media = streamers[streamer].media
        publishers -= 1
        sessionsChanged = true
        queue.cancel(.flow(media.flow))
        var flow = fluid.close(media.flow, at: now)
        if flow.queue == .zero { flow.sent += Integral(max(media.aheadAtEnd, -flow.sent.whole)) }
        tally.ingressMedia += flow.sent
        tally.mediaCPU += flow.sent.whole * flow.cpuPerByte / 1_000
        tally.onAir += now - media.onAirSince
        tally.framesSent += multiplyDivide(
            media.shape.framesPerSecond, (now - media.epoch).nanoseconds, 1_000_000_000)
        frames?.endStream(streamer, at: now)
        streamers[streamer].media.flow = noFlow
        streamers[streamer].media.generation &+= 1
        // Scheduled time left means that the platform or the path cut it, or the end of the run.
        if let session = currentSession(streamer), now < session.until - .seconds(1) {
            guard !isOver else { return }
            tally.publishCut += 1
            mediaWentBad()
        } else {
            tally.friendsCompleted[streamer] = true
        }
    }

    func currentSession(_ streamer: Int) -> StreamSession? {
        let slot = streamers[streamer]
        guard slot.next > 0 else { return nil }
        return slot.sessions[slot.next - 1]
    }

    mutating func mediaWentBad() {
        if tally.mediaFirstBad == nil { tally.mediaFirstBad = queue.now }
    }

    // MARK: Players

    mutating func relay(_ connection: ConnectionID, _ stream: StreamID, by ref: ProgramRef) {
        guard let index = serverLink(connection), links[index].flow == noFlow else { return }
        let link = links[index]
        let feeder =
            ref.kind == .node
            ? nodes[Int(ref.index)].pull : streamers[Int(stream.raw)].media.flow
        guard feeder != noFlow else { return }
        let media = streamers[Int(stream.raw)].media
        let now = queue.now
        var flow = Flow(ceiling: playCeiling(link.client, from: link.server), owner: index, at: now)
        flow.content = media.shape.content
        flow.contentMean = media.mean.content
        addRoute(&flow, from: ref, to: link.client, media.shape)
        let burst = media.isDropping ? 0 : arrivedSinceKeyFrame(media)
        flow.queue = Integral(burst)
        flow.queueMax = max(
            bytes(media.mean.content, scenario.deployment.rtmp.queue), burst + 1)
        if link.client.kind == .viewer {
            let group = scenario.viewers[viewers[link.client.index].group]
            flow.player = .starting
            flow.bufferTarget = max(1, bytes(media.mean.content, group.buffer))
        }
        let opened = fluid.open(flow, feeder: feeder, at: now)
        links[index].flow = opened
        links[index].stream = stream.raw
        links[index].aheadAtBegin = aheadOfMean(media)
        if ref.kind == .rtmp {
            players += 1
            sessionsChanged = true
        }
        if link.client.kind == .node { nodes[Int(link.client.index)].pull = opened }
        let buffer = link.client.kind == .viewer ? viewerBuffer(link.client) : nil
        let rate = serviceRate(opened)
        frames?.beginPlayer(
            opened, feeder: feeder, stream: Int(stream.raw), buffer: buffer,
            fromServer: ref.kind == .rtmp, rate: rate, at: now)
    }

    /// Bytes of the group of pictures under way that the server has whole.
    @inline(__always)
    private func arrivedSinceKeyFrame(_ media: StreamMedia) -> Int64 {
        let rate = serviceRate(media.flow)
        let phase = media.phase(at: queue.now)
        guard phase >= time(media.shape.keyFrame, rate) else {
            return bytes(media.shape.content, media.plan.keyFrameEvery)
        }
        return media.shape.sinceKeyFrame(max(.zero, phase - time(media.shape.frame, rate)))
    }

    /// By how much the frames of the group under way are ahead of its mean rate: a key frame comes
    /// first, and the fluid spreads it over the group.
    @inline(__always)
    private func aheadOfMean(_ media: StreamMedia) -> Int64 {
        guard media.flow != noFlow else { return media.aheadAtEnd }
        guard !media.isDropping else { return 0 }
        let rate = serviceRate(media.flow)
        let phase = media.phase(at: queue.now)
        let mean = bytes(media.shape.content, phase)
        guard phase >= time(media.shape.keyFrame, rate) else { return -mean }
        return media.shape.sinceKeyFrame(max(.zero, phase - time(media.shape.frame, rate))) - mean
    }

    private func time(_ bytes: Int64, _ rate: Int64) -> Interval {
        Interval(nanoseconds: multiplyDivide(bytes, 1_000_000_000, rate))
    }

    @inline(__always)
    func viewerBuffer(_ viewer: ProgramRef) -> Interval {
        scenario.viewers[viewers[viewer.index].group].buffer
    }

    /// What one connection carries from the instance to a client, or from a node.
    @inline(__always)
    func playCeiling(_ client: ProgramRef, from server: ProgramRef) -> Int64 {
        var kind: HomeKind
        var isEvening = false
        switch client.kind {
        case .viewer:
            kind = viewerHome(viewers[client.index].group)
            isEvening = self.isEvening(ofViewer: client.index)
        case .streamer, .node:
            let home = homes[Int(home(of: client) ?? 0)]
            kind = scenario.homes[home.kind]
            isEvening = home.isEvening
        case .coordinator, .worker, .rtmp, .prober: return 125_000_000  // inside the region
        }
        let line = kind.downlinkBytes(evening: isEvening)
        if server.kind == .node {
            kind.crossAlso(scenario.homes[homes[Int(nodes[Int(server.index)].home)].kind])
        }
        return kind.pathCeiling(line: line)
    }

    private func addRoute(
        _ flow: inout Flow, from server: ProgramRef, to client: ProgramRef, _ shape: MediaShape
    ) {
        if server.kind == .node {
            flow.crosses[0] = homes[Int(nodes[Int(server.index)].home)].uplinkCapacity
        } else {
            let costs = host.services[Service.rtmp.index].costs
            flow.crosses[0] = host.outCapacity
            flow.crosses[Flow.cpuPlace] = host.cpuCapacity
            flow.cpuPerByte =
                costs.perByteOut
                + multiplyDivide(shape.messages, costs.perMessage, shape.content)
        }
        if let home = home(of: client) { flow.crosses[1] = homes[Int(home)].downlinkCapacity }
    }

    func bytes(_ rate: Int64, _ time: Interval) -> Int64 {
        multiplyDivide(rate, time.nanoseconds, 1_000_000_000)
    }

    /// Ends the media on a link, whoever ended it.
    mutating func endMedia(_ index: Int32) {
        let link = links[index]
        guard link.flow != noFlow else { return }
        links[index].flow = noFlow
        if link.isIngest {
            endIngest(Int(link.stream))
            return
        }
        frames?.endPlayer(link.flow, at: queue.now)
        queue.cancel(.flow(link.flow))
        var flow = fluid.close(link.flow, at: queue.now)
        // Its first and its last group of pictures were not whole.
        if flow.queue == .zero {
            let ahead = aheadOfMean(streamers[Int(link.stream)].media)
            let settled = max(ahead - link.aheadAtBegin, -flow.sent.whole)
            flow.sent += Integral(settled)
            if link.server.kind == .rtmp { egressCorrection += settled }
        }
        tally.mediaCPU += flow.sent.whole * flow.cpuPerByte / 1_000
        if link.server.kind == .rtmp {
            players -= 1
            sessionsChanged = true
            let shape = streamers[Int(link.stream)].media.shape
            tally.egressVideo += multiplyDivide(
                flow.sent.whole, shape.videoPayload, shape.content)
            tally.egressAudio += multiplyDivide(
                flow.sent.whole, shape.audioPayload, shape.content)
        }
        if link.server.kind == .node {
            tally.relayed += flow.sent
            nodes[Int(link.server.index)].relayedBefore += flow.sent.whole
        } else if link.client.kind == .viewer {
            tally.egressViewers += flow.sent
        } else {
            tally.egressNodes += flow.sent
        }
        if link.client.kind == .node { nodes[Int(link.client.index)].pull = noFlow }
        guard link.client.kind == .viewer else { return }
        tally.played += flow.played
        tally.stalled += flow.stalledTime
        tally.stalls += flow.stalls
        tally.viewersSent += flow.sent
        tally.viewersWaited &+= flow.waited
    }

    /// Tells a node what it has sent to its viewers since it was last told.
    mutating func countRelayed(by node: Int) {
        let slot = nodes[node]
        var total = slot.relayedBefore
        if slot.pull != noFlow {
            for index in fluid.fed(by: slot.pull) {
                var flow = fluid.flow(index)
                flow.advance(to: queue.now)
                total += flow.sent.whole
            }
        }
        guard total > slot.relayedTold else { return }
        nodes[node].relayedTold = total
        nodes[node].program.relayed(bytes: total - slot.relayedTold)
    }

    // MARK: Edges

    mutating func flowEdge(_ index: Int32) {
        countEdge()
        switch fluid.edge(index, at: queue.now) {
        case .queueEmpty?, nil: fluid.change(index, at: queue.now) { _ in }
        case .queueFull?: queueFull(index)
        case .bufferEmpty?:
            fluid.change(index, at: queue.now) {
                $0.player = .stalled
                $0.stalls += 1
            }
            mediaWentBad()
            tellPlayer(index, stalled: true)
        case .bufferReady?:
            fluid.change(index, at: queue.now) { $0.player = .playing }
            tellPlayer(index, stalled: false)
        }
    }

    /// An edge that changes nothing would come again at once, for ever: told instead of waited for.
    private mutating func countEdge() {
        if edgesAt != queue.now {
            edgesAt = queue.now
            edgesAtOnce = 0
        }
        edgesAtOnce += 1
        check(
            edgesAtOnce <= Self.edgesAtOnceMax * (fluid.open.count + 1),
            "edges of flows that repeat at one instant")
    }

    private mutating func tellPlayer(_ flow: Int32, stalled: Bool) {
        let link = links[fluid.flow(flow).owner]
        guard !link.clientTold, epoch(of: link.client) == link.clientEpoch else { return }
        let input: Input =
            stalled ? .stalled(link.clientConnection) : .playing(link.clientConnection)
        deliver(input, to: link.client, cost: .zero)
    }

    private mutating func queueFull(_ index: Int32) {
        let link = links[fluid.flow(index).owner]
        if link.isIngest { dropFromEncoder(Int(link.stream)) } else { dropToKeyFrame(index) }
    }

    /// A player's queue is too long: whole groups go, the newest key frame and what follows stay.
    /// Where even those are too long all goes, as in SRS (srs_app_source.cpp, `shrink`).
    private mutating func dropToKeyFrame(_ index: Int32) {
        let media = streamers[Int(links[fluid.flow(index).owner].stream)].media
        let waiting = fluid.flow(index).queue.whole
        var keep = media.isDropping ? 0 : media.shape.sinceKeyFrame(media.phase(at: queue.now))
        if keep >= fluid.flow(index).queueMax { keep = 0 }
        tally.framesDroppedQueue += multiplyDivide(
            waiting - keep, media.shape.framesPerSecond, media.mean.content)
        fluid.change(index, at: queue.now) { $0.queue = Integral(keep) }
        mediaWentBad()
    }

    // MARK: Frames beside the fluid

    /// The rate at which a flow's frames travel: its share where it is short, else its path.
    @inline(__always)
    func serviceRate(_ index: Int32) -> Int64 {
        let flow = fluid.flow(index)
        return flow.rate < flow.wanted || flow.queue > .zero ? max(flow.rate, 1) : flow.ceiling
    }
}
