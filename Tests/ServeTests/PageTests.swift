import Base
import Foundation
import NIOConcurrencyHelpers
import Platform
import Testing

@testable import Sockets

/// The pages in a real browser.
@Suite(.serialized) struct PageTests {
    @Test("every page loads without a complaint, is as wide as the window, and has its landmarks")
    func pages() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let publisher = try serve.publish(friend)
            defer { publisher.stop() }
            #expect(try await serve.waitForLive(friend))
            let node = try await serve.node(friend, "attic")
            defer { node.tool.stop() }
            for (width, dark) in [(360, false), (1280, true)] {
                let browser = try await Browser.open(width: width, dark: dark)
                for (name, path) in [
                    ("overview", "/"), ("money", "/money"), ("node", "/dashboard/node/\(node.id)"),
                    ("streamer", "/dashboard/streamer/0"), ("watch", "/watch/\(friend.stream)"),
                    ("sign-in", "/sign-in"),
                ] {
                    try await browser.open(serve.front + path)
                    let wide = try await browser.value("document.documentElement.scrollWidth")
                    #expect(wide == .integer(Int64(width)), "\(path) at \(width): \(wide)")
                    let marks = try await browser.value(
                        "document.querySelectorAll('html[lang] main h1, nav[aria-label]').length")
                    #expect(marks == 2, "\(path)")
                    #expect(try await browser.complaints() == [], "\(path)")
                    try await browser.picture("\(name)-\(width)")
                }
                await browser.close()
            }
        }
    }

    @Test("by keyboard: past the header in one step, and the focus is seen wherever it is")
    func keyboard() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            _ = try await platform.stream(account.access, "An evening")
            let browser = try await Browser.open(width: 360)
            try await browser.open("\(platform.url)/")
            let active = "document.activeElement"
            try await browser.key(.tab)
            #expect(try await browser.text("\(active).className") == "skip")
            #expect(try await browser.value("\(active).getBoundingClientRect().left >= 0") == true)
            try await browser.key(.enter)
            #expect(try await browser.text("\(active).id") == "main")
            try await browser.key(.tab)
            #expect(try await browser.text("\(active).id") == "stream-0")
            for _ in 0..<6 {
                let outline = "getComputedStyle(\(active)).outlineStyle"
                #expect(
                    try await browser.text("\(active) === document.body ? '' : \(outline)")
                        != "none")
                try await browser.key(.tab)
            }
            await browser.close()
        }
    }

    @Test("the watch page plays what ffmpeg publishes: time goes on and the picture moves")
    func watch() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let publisher = try serve.publish(friend)
            defer { publisher.stop() }
            #expect(try await serve.waitForLive(friend))
            let browser = try await Browser.open(width: 1024)
            for origin in [serve.front, serve.url] {
                try await browser.open("\(origin)/watch/\(friend.stream)")
                let video = "document.getElementById('video')"
                let isPlaying = try await wait(40) {
                    try await browser.value("\(video).currentTime > 1 && !\(video).paused")
                        == true
                }
                #expect(isPlaying, "\(origin)")
                let first = try await browser.picture("playing-1")
                let time = try await browser.value("\(video).currentTime")
                #expect(
                    try await wait(10) {
                        try await browser.value("\(video).currentTime") != time
                    })
                let isMoving = try await wait(10) {
                    try await browser.picture("playing-2") != first
                }
                #expect(isMoving, "\(origin)")
                #expect(try await browser.value("\(video).videoWidth") == 320)
                #expect(try await browser.complaints() == [], "\(origin)")
            }
            await browser.close()
        }
    }

    @Test("a watch page opened early is quiet, and plays by itself once the stream begins")
    func early() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let browser = try await Browser.open(width: 360)
            try await browser.open("\(serve.front)/watch/\(friend.stream)")
            let state = "document.getElementById('link').textContent"
            #expect(try await wait(20) { try await browser.text(state) == "Live" })
            #expect(try await browser.complaints() == [])
            let publisher = try serve.publish(friend)
            defer { publisher.stop() }
            let video = "document.getElementById('video')"
            let plays = try await wait(90) {
                try await browser.value("\(video).currentTime > 1") == true
            }
            let complaints = try await browser.complaints()
            let player = try await browser.value(
                "[\(video).currentTime, \(video).readyState, \(video).networkState]")
            #expect(plays, "\(player), \(complaints)")
            await browser.close()
        }
    }

    @Test("figures change by themselves when a stream goes on the air, and when it ends")
    func live() async throws {
        try await Serve.with { serve in
            let friend = try await serve.friend("ann")
            let browser = try await Browser.open(width: 1024)
            try await browser.open("\(serve.front)/")
            let tile = "document.querySelector('.tile dd').textContent"
            #expect(try await browser.text(tile) == "0")
            let publisher = try serve.publish(friend)
            #expect(try await wait(20) { try await browser.text(tile) == "1" })
            #expect(try await browser.text("document.getElementById('link').textContent") == "Live")
            publisher.stop()
            #expect(try await wait(20) { try await browser.text(tile) == "0" })
            await browser.close()
        }
    }

    /// Five minutes pass at once: the very transaction of the worker's sweep is run at a later time.
    @Test("figures change by themselves when a node falls silent")
    func silence() async throws {
        try await TestPlatform.with { platform in
            let account = try await platform.account("ann")
            let stream = try await platform.stream(account.access)
            let node = try await platform.ask(
                "POST", "/api/v1/auth/register",
                body: #"{"stream_id":"\#(stream.id)","stream_key":"\#(stream.key)","name":"attic","#
                    + #""host":"127.0.0.1","rtmp_port":1935}"#)
            let id = try node.text("node_id")
            let beat = try await platform.ask(
                "POST", "/nodes/heartbeat", token: try node.text("access_token"),
                body: #"{"node_id":"\#(id)","stream_id":"\#(stream.id)","#
                    + #""stats_url":"http://127.0.0.1/","viewers":3}"#)
            #expect(beat.status == 200, "\(beat.text)")
            let browser = try await Browser.open(width: 1024)
            try await browser.open("\(platform.url)/")
            let tiles = "[...document.querySelectorAll('.tile dd')].map(d => d.textContent).join()"
            #expect(try await browser.text(tiles) == "0,1,3,0 B,$0.00")
            let later = SocketClock().now + .minutes(6)
            _ = platform.tables.withLockedValue { $0.execute(.sweepInactive, at: later) }
            #expect(try await wait(15) { try await browser.text(tiles) == "0,0,0,0 B,$0.00" })
            await browser.close()
        }
    }
}
