import Base
import Foundation
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import Platform

/// Sends pages their figures as they change, by server-sent events.
///
/// Each page is asked for once every two seconds for all who look at it. Lookers are bounded, in
/// all and by address, and so are the pages that are looked at; one that does not read what it is
/// sent is left out until it does.
///
/// https://html.spec.whatwg.org/multipage/server-sent-events.html
actor LiveFigures {
    private struct Subscriber {
        var id: UInt64
        var address: ClientAddress
        var events: AsyncStream<String>.Continuation
    }

    private struct Channel {
        var subscribers: [Subscriber] = []
        var last: String?
        var task: Task<Void, Never>
    }

    private let loop: PlatformLoop
    private let pages: Pages
    private var channels: [String: Channel] = [:]
    private var count = 0
    private var ids: UInt64 = 0
    private var isStopped = false

    private static let every = Duration.seconds(2)
    /// Keeps a load balancer of 60 s from taking the connection for idle.
    private static let quietMax = 10
    private static let subscribersMax = 500
    private static let subscribersPerAddressMax = 20
    private static let channelsMax = 100

    init(loop: PlatformLoop, pages: Pages) {
        self.loop = loop
        self.pages = pages
    }

    nonisolated func response(
        _ path: String, _ request: Request, _ context: WebContext, responder: CallResponder
    ) async -> Response {
        let page = String(path.dropFirst("/events".count))
        let refusal: RequestFault
        do throws(RequestFault) {
            let call = try Self.call(page)
            let address = CallResponder.address(request, context)
            let links = responder.links(request)
            if await channels[page] == nil {
                // What is refused has no figures to follow; counted like a look at the page.
                let first = await loop.call(call, by: Caller(.none, from: address))
                if case .refused(let why) = first { return responder.json(WebAnswer(why)) }
            }
            if let (id, events) = await subscribe(page, call, address, links) {
                return stream(page, id, events)
            }
            refusal = RequestFault(status: 503, detail: Refusal.full.detail)
        } catch {
            refusal = error
        }
        return responder.json(WebAnswer(refusal))
    }

    /// The call behind a page.
    private static func call(_ page: String) throws(RequestFault) -> Call {
        let (route, inPath) = try Routes.find("GET", page)
        guard route.hasPage else {
            throw RequestFault(status: 404, detail: "there is no such page")
        }
        var values = Values()
        for (field, text) in zip(route.inPath, inPath) {
            guard let value = field.shape.value(String(text)) else {
                throw RequestFault(status: 404, detail: "there is no such \(field.name)")
            }
            values[field.name] = value
        }
        let drawn = Drawn(
            caller: .local, session: SessionID(0), streamKey: 0,
            secret: SecretDigest(words: [0, 0, 0, 0]), viewer: 0)
        return route.make(values, drawn)
    }

    private func subscribe(
        _ page: String, _ call: Call, _ address: ClientAddress, _ links: MediaLinks
    ) -> (UInt64, AsyncStream<String>)? {
        let ofAddress = channels.values.reduce(0) { sum, channel in
            sum + channel.subscribers.count { $0.address == address }
        }
        guard !isStopped, count < Self.subscribersMax,
            ofAddress < Self.subscribersPerAddressMax,
            channels[page] != nil || channels.count < Self.channelsMax
        else { return nil }
        ids += 1
        count += 1
        let (events, sink) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let subscriber = Subscriber(id: ids, address: address, events: sink)
        if channels[page] == nil {
            channels[page] = Channel(
                task: Task { [weak self] in await self?.follow(page, call, links) })
        }
        channels[page]?.subscribers.append(subscriber)
        // Told at the next turn, not of what was last: the page that asks is newer than that.
        channels[page]?.last = nil
        return (ids, events)
    }

    nonisolated private func stream(
        _ page: String, _ id: UInt64, _ events: AsyncStream<String>
    ) -> Response {
        let hold = OnRelease { Task { await self.leave(page, id) } }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { [hold] writer in
                defer { withExtendedLifetime(hold) {} }
                try await writer.write(ByteBuffer(string: "retry: 3000\n\n"))
                for await event in events { try await writer.write(ByteBuffer(string: event)) }
                try await writer.finish(nil)
            })
    }

    private func leave(_ page: String, _ id: UInt64) {
        guard let index = channels[page]?.subscribers.firstIndex(where: { $0.id == id }) else {
            return
        }
        channels[page]?.subscribers.remove(at: index)
        count -= 1
        if channels[page]?.subscribers.isEmpty == true {
            channels.removeValue(forKey: page)?.task.cancel()
        }
    }

    /// Asks for the page until nobody looks at it.
    private func follow(_ page: String, _ call: Call, _ links: MediaLinks) async {
        var quiet = 0
        while !Task.isCancelled {
            let reply = await loop.call(call, by: .local)
            quiet += 1
            if let text = pages.livePart(reply, links) {
                let event = "data: \(String(decoding: JSON.text(text).data, as: UTF8.self))\n\n"
                if event != channels[page]?.last {
                    channels[page]?.last = event
                    send(event, page)
                    quiet = 0
                }
            }
            if quiet >= Self.quietMax {
                send(": still here\n\n", page)
                quiet = 0
            }
            try? await Task.sleep(for: Self.every)
        }
    }

    private func send(_ event: String, _ page: String) {
        for subscriber in channels[page]?.subscribers ?? [] { subscriber.events.yield(event) }
    }

    var subscribers: Int { count }

    func stop() {
        isStopped = true
        for channel in channels.values {
            channel.task.cancel()
            for subscriber in channel.subscribers { subscriber.events.finish() }
        }
    }
}
