import Base
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// The API port: SRS's HTTP API, so that what reads an SRS reads this server, and metrics.
///
/// https://ossrs.io/lts/en-us/docs/v5/doc/http-api
struct ReportResponder: Sendable {
    let loop: StreamLoop
    let identity: ServerIdentity
    /// What other parts of the same process say in `/metrics`.
    let others: @Sendable () async -> String

    @Sendable func respond(_ request: Request, _ context: WebContext) async throws -> Response {
        let parts = request.uri.path.split(separator: "/").map(String.init)
        if parts == ["metrics"] { return try await metrics() }
        guard parts.count >= 2, parts[0] == "api", parts[1] == "v1" else {
            return Response(status: .notFound)
        }
        switch (request.method, Array(parts.dropFirst(2))) {
        case (.get, []): return answer(self.index)
        case (.get, let rest): return try await get(rest, request)
        case (.delete, let rest) where rest.count == 2 && rest[0] == "clients":
            return try await kick(rest[1])
        case _: return Response(status: .methodNotAllowed)
        }
    }

    private func get(_ parts: [String], _ request: Request) async throws -> Response {
        let id = parts.count > 1 ? parts[1] : nil
        switch parts[0] {
        case "versions": return answer(versions)
        case "summaries":
            return answer(["data": summaries(try await report(), try await uptime())])
        case "rusages": return answer(["data": HostFigures.usage])
        case "self_proc_stats":
            return answer(["data": HostFigures.process(uptime: try await uptime())])
        case "system_proc_stats": return answer(["data": HostFigures.system])
        case "meminfos": return answer(["data": HostFigures.memory])
        case "authors": return answer(["data": ["license": "Apache-2.0"]])
        case "features": return answer(["data": features])
        case "vhosts": return rows(vhosts(try await report()), "vhosts", "vhost", id, request)
        case "streams":
            let report = try await report()
            let now = try await loop.read { _, now in now }
            return rows(
                report.streams.map { row($0, now) }, "streams", "stream", id, request)
        case "clients":
            let report = try await report()
            let now = try await loop.read { _, now in now }
            return rows(
                report.clients.map { row($0, now) }, "clients", "client", id, request)
        case _: return Response(status: .notFound)
        }
    }

    private func report() async throws -> StreamReport {
        try await loop.read { server, now in server.report(at: now) }
    }

    private func uptime() async throws -> Int {
        Int(try await loop.read { server, now in (now - server.startedAt).wholeSeconds })
    }

    /// SRS pages with `start` and `count`; ten rows unless asked for more.
    private func rows(
        _ all: [JSONObject], _ many: String, _ one: String, _ id: String?, _ request: Request
    ) -> Response {
        if let id {
            guard let row = all.first(where: { $0["id"] as? String == id }) else {
                // ERROR_RTMP_STREAM_NOT_FOUND and its kin, as SRS numbers them.
                return answer(["code": 2048])
            }
            return answer([one: row])
        }
        let query = request.uri.queryParameters
        let start = max(query["start"].flatMap { Int($0) } ?? 0, 0)
        let count = max(query["count"].flatMap { Int($0) } ?? 10, 1)
        return answer([many: Array(all.dropFirst(start).prefix(count))])
    }

    private func kick(_ text: String) async throws -> Response {
        guard let id = UInt64(text), try await report().clients.contains(where: { $0.id == id })
        else { return answer(["code": 2049]) }
        loop.submit(.kicked(id))
        return answer([:])
    }

    private func answer(_ fields: JSONObject) -> Response {
        var whole: JSONObject = [
            "code": 0, "server": identity.server, "service": identity.service,
            "pid": identity.process,
        ]
        whole.merge(fields) { _, new in new }
        let data =
            (try? JSONSerialization.data(
                withJSONObject: whole, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data()
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .accessControlAllowOrigin: "*"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }

    private func metrics() async throws -> Response {
        let (report, now) = try await loop.read { server, now in (server.report(at: now), now) }
        let text = Metrics.text(report, at: now) + (await others())
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

typealias JSONObject = [String: Any]

// What each request says, in SRS's fields.
extension ReportResponder {
    private var index: JSONObject {
        let names = [
            "versions", "summaries", "rusages", "self_proc_stats", "system_proc_stats",
            "meminfos", "authors", "features", "vhosts", "streams", "clients",
        ]
        var urls: JSONObject = [:]
        for name in names { urls[name] = "/api/v1/\(name)" }
        return ["urls": urls]
    }

    private var versions: JSONObject {
        ["data": ["major": 5, "minor": 0, "revision": 0, "version": "5.0.0"]]
    }

    private var features: JSONObject {
        [
            "hls": true, "ssl": true, "httpx": true, "dvr": false, "transcode": false,
            "ingest": false, "stat": true, "caster": false, "rtmps": true,
        ]
    }

    private func summaries(_ report: StreamReport, _ uptime: Int) -> JSONObject {
        var own = HostFigures.process(uptime: uptime)
        own["srs_uptime"] = uptime
        own["version"] = "5.0.0"
        var system = HostFigures.memory
        system["conn_srs"] = report.clients.count
        system["srs_recv_bytes"] = report.bytesReceived
        system["srs_send_bytes"] = report.bytesSent
        return ["ok": true, "self": own, "system": system]
    }

    private func vhosts(_ report: StreamReport) -> [JSONObject] {
        [
            [
                "id": identity.server, "name": "__defaultVhost__", "enabled": true,
                "clients": report.clients.count, "streams": report.streams.count,
                "send_bytes": report.bytesSent, "recv_bytes": report.bytesReceived,
                "kbps": kbps(report.received, report.sent),
                "hls": ["enabled": true],
            ]
        ]
    }

    private func row(_ stream: StreamReport.Stream, _ now: Instant) -> JSONObject {
        var publish: JSONObject = ["active": stream.publishedAt != nil]
        if let publisher = stream.publisher { publish["cid"] = String(publisher) }
        return [
            "id": identity.name(stream.id), "name": stream.name.name,
            "vhost": identity.server, "app": stream.name.app, "tcUrl": stream.tcURL,
            "url": stream.name.path,
            "live_ms": now.nanoseconds / 1_000_000,
            "clients": stream.clients, "frames": stream.frames,
            "send_bytes": stream.bytesSent, "recv_bytes": stream.bytesReceived,
            "kbps": kbps(stream.received, stream.sent), "publish": publish,
            "video": CodecRows.video(stream) ?? NSNull(),
            "audio": CodecRows.audio(stream) ?? NSNull(),
        ]
    }

    private func row(_ client: StreamReport.Client, _ now: Instant) -> JSONObject {
        [
            "id": String(client.id), "vhost": identity.server,
            "stream": client.stream.map { identity.name($0) } ?? "", "ip": client.address,
            "pageUrl": client.pageURL, "swfUrl": "", "tcUrl": client.tcURL,
            "url": "/\(client.app)/\(client.name)", "name": client.name,
            "type": client.activity.rawValue, "publish": client.activity == .publishing,
            "alive": seconds(now - client.openedAt), "send_bytes": client.bytesSent,
            "recv_bytes": client.bytesReceived, "kbps": kbps(client.received, client.sent),
            "dropped": client.dropped.all,
        ]
    }

    private func seconds(_ interval: Interval) -> Double {
        Double(interval.nanoseconds / 1_000_000) / 1000
    }

    private func kbps(_ received: Rate, _ sent: Rate) -> JSONObject {
        [
            "recv_30s": received.bitsPerSecond / 1000, "send_30s": sent.bitsPerSecond / 1000,
        ]
    }
}
