import Base
import Cloud
import Packets
import Results
import Scenarios

/// Opening frames on a run, and setting what they found beside the fluid.
extension World {
    mutating func openFrames(_ fidelity: Runner.Fidelity) {
        guard fidelity == .frame else { return }
        openFrames(wire: nil)
    }

    /// Runs on, opening and closing a window where one begins or ends on the way.
    mutating func runWithWindow(_ fidelity: Runner.Fidelity, until: Instant) {
        if case .window(let window, let captures) = fidelity {
            let from = scenario.start + window.from
            let to = scenario.start + window.until
            if frames == nil && windowReport == nil && from <= until {
                run(until: from)
                openFrames(wire: WirePlane(captures: captures))
            }
            if frames != nil && to <= until {
                run(until: to)
                closeFrames()
            }
        }
        run(until: until)
    }

    private mutating func openFrames(wire: WirePlane?) {
        let now = queue.now
        frames = FramePlane(
            shapes: streamers.map(\.media.shape), queueMax: scenario.deployment.rtmp.queue,
            encoderQueueMax: Self.encoderQueueMax, wire: wire, at: now)
        framesFrom = max(now, scenario.start)
        fluidBefore = fluidTotals()
        for index in streamers.indices where streamers[index].media.flow != noFlow {
            let media = streamers[index].media
            let epoch = now - media.phase(at: now)
            let rate = serviceRate(media.flow)
            frames?.beginStream(index, shape: media.shape, epoch: epoch, rate: rate, at: now)
        }
        for index in Int32(0)..<Int32(links.count)
        where links[index].isOpen && links[index].flow != noFlow && !links[index].isIngest {
            resumePlayer(links[index])
        }
    }

    private mutating func resumePlayer(_ link: Link) {
        var flow = fluid.flow(link.flow)
        flow.advance(to: queue.now)
        let content = max(1, flow.content)
        let rate = serviceRate(link.flow)
        let buffer = link.client.kind == .viewer ? viewerBuffer(link.client) : nil
        frames?.beginPlayer(
            link.flow, feeder: flow.feeder, stream: Int(link.stream), buffer: buffer,
            fromServer: link.server.kind == .rtmp, rate: rate, at: queue.now)
        func time(_ bytes: Int64) -> Interval {
            Interval(nanoseconds: multiplyDivide(bytes, 1_000_000_000, content))
        }
        frames?.resume(
            link.flow, isPlaying: flow.player == .playing, isStalled: flow.player == .stalled,
            buffered: time(flow.buffer.whole), waiting: time(flow.queue.whole), at: queue.now)
    }

    mutating func closeFrames() {
        guard frames != nil else { return }
        let now = queue.now
        frames?.advanceAll(to: now)
        frames?.settleAll(at: now)
        guard let plane = frames else { return }
        framesHandled += plane.handled
        windowReport = report(fluidTotals() - fluidBefore, plane.totals, until: now)
        if let wire = plane.wire { addWire(wire) }
        framesTotals = plane.totals
        frames = nil
    }

    /// A flow's rate changed: its frames travel at another one from now on.
    mutating func passRate(_ index: Int32) {
        guard fluid.flow(index).isOpen else { return }
        let rate = serviceRate(index)
        let link = links[fluid.flow(index).owner]
        if link.isIngest {
            frames?.setUplink(Int(link.stream), rate, at: queue.now)
        } else {
            frames?.setRate(index, rate, at: queue.now)
        }
    }

    /// What the fluid moved so far, sessions under way included.
    mutating func fluidTotals() -> MediaTotals {
        var sum = MediaTotals(
            ingress: tally.ingressMedia, egress: tally.egressViewers + tally.egressNodes,
            cpu: tally.mediaCPU, stalled: tally.stalled, played: tally.played,
            dropped: tally.framesDroppedEncoder + tally.framesDroppedQueue,
            waited: tally.viewersWaited, viewersSent: tally.viewersSent)
        for index in Int32(0)..<Int32(links.count)
        where links[index].isOpen && links[index].flow != noFlow {
            var flow = fluid.flow(links[index].flow)
            flow.advance(to: queue.now)
            let link = links[index]
            sum.cpu += flow.sent.whole * flow.cpuPerByte / 1_000
            if link.isIngest {
                sum.ingress += flow.sent
            } else {
                if link.server.kind == .rtmp { sum.egress += flow.sent }
                sum.stalled += flow.stalledTime
                sum.played += flow.played
                guard link.client.kind == .viewer else { continue }
                sum.viewersSent += flow.sent
                sum.waited &+= flow.waited
            }
        }
        return sum
    }

    private mutating func report(
        _ fluid: MediaTotals, _ frame: FramePlane.Totals, until: Instant
    ) -> FidelityReport {
        func row(_ name: String, _ a: Int64, _ b: Int64) -> FidelityReport.Row {
            FidelityReport.Row(name: name, fluid: Fixed(a), frame: Fixed(b))
        }
        func seconds(_ name: String, _ a: Int64, _ b: Int64) -> FidelityReport.Row {
            FidelityReport.Row(
                name: name, fluid: .ratio(Int128(a), 1_000_000_000),
                frame: .ratio(Int128(b), 1_000_000_000))
        }
        // A frame comes at any moment between two merged writes.
        let mergedWrite = Int128(scenario.deployment.rtmp.mergedWrite.nanoseconds)
        func held(_ delay: Fixed) -> Fixed {
            Fixed(millionths: delay.millionths + Fixed.ratio(mergedWrite, 2_000_000).millionths)
        }
        let rows = [
            row("ingress_bytes", fluid.ingress.whole, frame.ingress),
            row("egress_bytes", fluid.egress.whole, frame.egressViewers + frame.egressNodes),
            seconds("cpu_seconds", fluid.cpu, frameCPU(frame)),
            seconds("stall_seconds", fluid.stalled.nanoseconds, frame.stalled.nanoseconds),
            seconds("played_seconds", fluid.played.nanoseconds, frame.played.nanoseconds),
            row("frames_dropped", fluid.dropped, frame.droppedEncoder + frame.droppedQueue),
            FidelityReport.Row(
                name: "queue_delay_mean_ms", fluid: held(fluid.queueDelay),
                frame: held(
                    .ratio(frame.delay, Int128(max(1, frame.delivered)) * 1_000_000))),
        ]
        return FidelityReport(from: framesFrom, until: until, frames: frame.frames, rows: rows)
    }

    /// What the protocol itself made of the frames.
    private mutating func addWire(_ wire: WirePlane) {
        func add(_ name: String, _ counted: Int64, _ real: Int64) {
            windowReport?.rows.append(
                FidelityReport.Row(name: name, fluid: Fixed(counted), frame: Fixed(real)))
        }
        add("rtmp_ingress_bytes", wire.totals.ingressCounted, wire.totals.ingress)
        add("rtmp_egress_bytes", wire.totals.egressCounted, wire.totals.egress)
        add("rtmp_messages", wire.totals.sent, wire.totals.equal)
        capture = wire.capture.map { Runner.Capture(bytes: $0.bytes(), leftOut: $0.leftOut) }
    }

    /// CPU nanoseconds of the server for these frames, message by message.
    private func frameCPU(_ frame: FramePlane.Totals) -> Int64 {
        let costs = host.services[Service.rtmp.index].costs
        let out = frame.egressViewers + frame.egressNodes
        return frame.ingress * costs.perByteIn / 1_000 + out * costs.perByteOut / 1_000
            + frame.messagesFromServer * costs.perMessage / 1_000
    }

    /// In a run by frames, what the frames found takes the fluid's place.
    mutating func takeOverFrames() {
        guard let totals = framesTotals else { return }
        let fluid = fluidTotals()
        frameCorrection = frameCPU(totals) - fluid.cpu
        egressCorrection += totals.egressViewers + totals.egressNodes - fluid.egress.whole
        tally.egressViewers = Integral(totals.egressViewers)
        tally.egressNodes = Integral(totals.egressNodes)
        tally.ingressMedia = Integral(totals.ingress)
        tally.relayed = Integral(totals.relayed)
        tally.stalled = totals.stalled
        tally.stalls = totals.stalls
        tally.played = totals.played
        tally.framesDroppedEncoder = totals.droppedEncoder
        tally.framesDroppedQueue = totals.droppedQueue
    }
}

/// What the fluid moved over a stretch of time.
struct MediaTotals: Sendable {
    var ingress: Integral = .zero
    var egress: Integral = .zero
    /// CPU nanoseconds.
    var cpu: Int64 = 0
    var stalled: Interval = .zero
    var played: Interval = .zero
    var dropped: Int64 = 0
    var waited: Int128 = 0
    var viewersSent: Integral = .zero

    static func - (a: MediaTotals, b: MediaTotals) -> MediaTotals {
        MediaTotals(
            ingress: a.ingress - b.ingress, egress: a.egress - b.egress, cpu: a.cpu - b.cpu,
            stalled: a.stalled - b.stalled, played: a.played - b.played,
            dropped: a.dropped - b.dropped, waited: a.waited &- b.waited,
            viewersSent: a.viewersSent - b.viewersSent)
    }

    /// The mean time that a byte sent to a viewer had waited, in milliseconds.
    var queueDelay: Fixed {
        guard viewersSent > .zero else { return .zero }
        return .ratio(waited / 2 / 1_000_000_000, Int128(viewersSent.whole) * 1_000_000)
    }
}
