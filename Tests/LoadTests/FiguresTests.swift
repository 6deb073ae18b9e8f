import Base
import NIOCore
import Results
import Sockets
import Testing

@testable import Load

@Suite(.serialized) struct FiguresTests {
    @Test("nginx-rtmp's page, SRS's summaries and our metrics are read; others are not")
    func pages() {
        let nginx = """
            <?xml version="1.0"?><rtmp><nginx_version>1.26</nginx_version><bw_in>1</bw_in>
            <bytes_in>1234</bytes_in><bw_out>2</bw_out><bytes_out>98765</bytes_out><server>
            <application><live><stream><bytes_in>7</bytes_in></stream></live></application>
            """
        #expect(TargetFigures(nginx)?.bytesReceived == 1_234)
        #expect(TargetFigures(nginx)?.bytesSent == 98_765)
        #expect(TargetFigures(nginx)?.residentBytes == nil)
        let srs =
            #"{"data":{"self":{"mem_kbyte": 100},"system":{"srs_recv_bytes":5,"srs_send_bytes":6}}}"#
        #expect(TargetFigures(srs)?.bytesReceived == 5)
        #expect(TargetFigures(srs)?.residentBytes == 102_400)
        let absurd = srs.replacing("100}", with: "9223372036854775807}")
        #expect(TargetFigures(absurd) != nil && TargetFigures(absurd)?.residentBytes == nil)
        for page in ["", "<html>", "streamr_received_bytes_total x", #"{"srs_recv_bytes":"a"}"#] {
            #expect(TargetFigures(page) == nil, "\(page)")
        }
    }

    @Test("the target's own counts agree with ours", .timeLimit(.minutes(1)))
    func reconciled() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, players: 4, seconds: 6)
            plan.figures = try WebTarget("http://127.0.0.1:\(ports.api)/metrics", consent: nil)
            return try await plan.run()
        }
        let (sent, received) = (result.count("bytes_sent"), result.count("bytes_received"))
        #expect(try #require(sent) > Fixed(100_000) && (try #require(received)) > Fixed(400_000))
        // What is under way as all leave is counted by one side alone.
        for name in ["target_received_difference", "target_sent_difference"] {
            let difference = try #require(result.count(name))
            #expect(difference >= Fixed(-5) && difference <= Fixed(5), "\(name): \(difference)")
        }
        #expect(try #require(result.count("target_memory")) > Fixed(1_000_000))
        // It runs in this process, which did all the work.
        let spent = try #require(result.count("target_cpu_seconds"))
        #expect(spent > .zero && spent < Fixed(60), "\(spent)")
    }

    @Test("what is of RTMP alone is not set against HTTP", .timeLimit(.minutes(1)))
    func incomparable() async throws {
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, seconds: 3)
            plan.web = try WebTarget("http://127.0.0.1:\(ports.api)", consent: nil)
            plan.calls = [try #require(LoadCall("GET /metrics 20/s"))]
            plan.figures = try WebTarget("http://127.0.0.1:\(ports.api)/metrics", consent: nil)
            return try await plan.run()
        }
        #expect(try #require(result.count("target_bytes_sent")) > .zero)
        #expect(result.count("target_sent_difference") == nil)
        #expect(result.events.contains { $0.detail.hasPrefix("not compared") })
        #expect(try #require(result.count("figures_bytes_received")) > Fixed(500))
    }

    @Test("a load begins once the target has said what it did before", .timeLimit(.minutes(1)))
    func late() async throws {
        let result = try await TestServer.withPorts { ports in
            try await Faulty.delays(.milliseconds(700), to: ports.api).with { late in
                var plan = try LoadPlan.small(port: ports.rtmp, seconds: 3)
                plan.figures = try WebTarget("http://127.0.0.1:\(late)/metrics", consent: nil)
                return try await plan.run()
            }
        }
        #expect(result.count("target_sent_difference") != nil)
        // There and back.
        let asked = LoadPlan.runStart
        #expect(result.start >= asked + .milliseconds(1_400), "\(result.start - asked)")
        #expect(result.series.start == result.start)
        #expect(result.events.first?.kind == "start" && result.events.first?.at == result.start)
    }

    @Test("a page of figures that never ends leaves nothing to a load", .timeLimit(.minutes(1)))
    func endless() async throws {
        let result = try await Faulty.pours.with { endless in
            try await TestServer.withPorts { ports in
                var plan = try LoadPlan.small(port: ports.rtmp, seconds: 10)
                plan.figures = try WebTarget("http://127.0.0.1:\(endless)/metrics", consent: nil)
                plan.ceilings.bytes = ByteCount(bytes: 2_000_000)
                return try await plan.run()
            }
        }
        #expect(result.partial == "the ceiling of 2000000 bytes was reached")
        #expect(result.count("clients_called") == .zero)
        let notes = result.events.filter { $0.kind == "target-figures" }.map(\.detail)
        #expect(notes.first?.hasPrefix("none within the ceilings") == true, "\(notes)")
        // Nobody called it, so it is not said to be down.
        #expect(result.doubts.first?.hasPrefix("nobody was let in") == true, "\(result.doubts)")
        let received = try #require(result.count("figures_bytes_received"))
        #expect(received > Fixed(1_900_000) && received < Fixed(2_500_000), "\(received)")
    }

    @Test("pages are among a load's packets where their own address is loaded")
    func pagesAmongLoad() throws {
        func place(_ port: Int) throws -> SocketAddress {
            try SocketAddress(ipAddress: "127.0.0.1", port: port)
        }
        var addresses = LoadAddresses(media: try place(1), web: try place(2), figures: nil)
        #expect(addresses.pagesAmongLoad.isEmpty)
        addresses.figures = try place(2)
        addresses.health = try place(3)
        #expect(addresses.pagesAmongLoad == [.figures])
        addresses.health = try place(1)
        #expect(addresses.pagesAmongLoad == [.figures, .health])
        addresses.figures = try place(3)
        #expect(addresses.pagesAmongLoad == [.health])
    }

    @Test("a target that says nothing of itself is loaded all the same", .timeLimit(.minutes(1)))
    func nothing() async throws {
        let port = try await Faulty.freePort()
        let result = try await TestServer.withPorts { ports in
            var plan = try LoadPlan.small(port: ports.rtmp, seconds: 3)
            plan.figures = try WebTarget("http://127.0.0.1:\(port)/metrics", consent: nil)
            return try await plan.run()
        }
        #expect(try result.status("connections") == .pass)
        #expect(result.count("target_sent_difference") == nil)
        #expect(result.events.contains { $0.kind == "target-figures" })
    }
}
