import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestServers

@testable import Sockets

/// Debian's Chromium without a window, driven as WebDriver has it.
///
/// https://www.w3.org/TR/webdriver2/
final class Browser: Sendable {
    private let driver: Tool
    private let base: String

    /// `width` is that of the window, which is as high as a telephone or a small laptop.
    static func open(width: Int, dark: Bool = false) async throws -> Browser {
        let port = try FreePort.any()
        let driver = try Tool("chromedriver", "--port=\(port)")
        let url = "http://127.0.0.1:\(port)"
        do {
            let isReady = try await wait(20) {
                guard let answer = try? await Self.ask("GET", "\(url)/status", nil) else {
                    return false
                }
                return answer.status == 200
            }
            guard isReady else { throw Fault(text: driver.text) }
            let arguments =
                [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--ignore-certificate-errors", "--hide-scrollbars", "--mute-audio",
                    "--autoplay-policy=no-user-gesture-required",
                    "--window-size=\(max(width, 500)),900",
                    "--user-data-dir=\(Scratch.folder.path)/chromium-\(UUID().uuidString)",
                ]
                + (dark ? ["--force-dark-mode"] : [])
            let capabilities: JSON = [
                "capabilities": [
                    "alwaysMatch": [
                        "browserName": "chrome",
                        "goog:chromeOptions": [
                            "args": .list(arguments.map { .text($0) }),
                            "binary": "/usr/bin/chromium",
                            "mobileEmulation": [
                                "deviceMetrics": [
                                    "width": .integer(Int64(width)), "height": 900,
                                    "pixelRatio": 1, "mobile": false, "touch": false,
                                ]
                            ],
                        ],
                        "goog:loggingPrefs": ["browser": "ALL"],
                    ]
                ]
            ]
            let answer = try await Self.call("POST", "\(url)/session", capabilities)
            guard case .object(let value) = answer, case .text(let session)? = value["sessionId"]
            else { throw Fault(text: "\(answer)") }
            return Browser(driver, "\(url)/session/\(session)")
        } catch {
            driver.stop()
            throw error
        }
    }

    private init(_ driver: Tool, _ base: String) {
        self.driver = driver
        self.base = base
    }

    struct Fault: Error { var text: String }

    private static func call(_ method: String, _ url: String, _ body: JSON?) async throws -> JSON {
        let text = body.map { String(decoding: $0.data, as: UTF8.self) }
        let answer = try await ask(method, url, text)
        guard answer.status == 200, case .object(let object)? = answer.json,
            let value = object["value"]
        else { throw Fault(text: answer.text) }
        return value
    }

    /// Not by URLSession: on Linux it cannot read the driver's header fields, which have no space
    /// after the colon.
    private static func ask(
        _ method: String, _ url: String, _ body: String?
    ) async throws -> HTTPAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 32 << 20)
        return HTTPAnswer(
            status: Int(response.status.code), body: Data(bytes.readableBytesView), headers: [:])
    }

    func open(_ url: String) async throws {
        _ = try await Self.call("POST", "\(base)/url", ["url": .text(url)])
    }

    /// The value of an expression in the page.
    func value(_ expression: String) async throws -> JSON {
        try await Self.call(
            "POST", "\(base)/execute/sync", ["script": .text("return (\(expression))"), "args": []])
    }

    func text(_ expression: String) async throws -> String {
        guard case .text(let text) = try await value(expression) else { return "" }
        return text
    }

    /// Presses what the selector finds, as a mouse would.
    func press(_ selector: String) async throws {
        _ = try await Self.call("POST", "\(base)/element/\(try await find(selector))/click", [:])
    }

    /// Presses what leads to another page, and waits until that is there.
    func follow(_ selector: String) async throws {
        _ = try await value("window.isOld = true")
        try await press(selector)
        let isNew = try await wait(10) {
            try await value("!window.isOld && document.readyState === 'complete'") == true
        }
        guard isNew else { throw Fault(text: "\(selector) leads nowhere") }
    }

    /// Types into what the selector finds, as a keyboard would.
    func type(_ text: String, into selector: String) async throws {
        let element = try await find(selector)
        _ = try await Self.call(
            "POST", "\(base)/element/\(element)/value", ["text": .text(text)])
    }

    /// Presses a key where the focus is.
    func key(_ key: Key) async throws {
        let answer = try await Self.call("GET", "\(base)/element/active", nil)
        guard case .object(let object) = answer, case .text(let element)? = object.values.first
        else { throw Fault(text: "\(answer)") }
        _ = try await Self.call(
            "POST", "\(base)/element/\(element)/value", ["text": .text(key.rawValue)])
    }

    /// WebDriver, 17.4.2
    enum Key: String {
        case tab = "\u{E004}"
        case enter = "\u{E007}"
    }

    private func find(_ selector: String) async throws -> String {
        let answer = try await Self.call(
            "POST", "\(base)/element", ["using": "css selector", "value": .text(selector)])
        guard case .object(let object) = answer, case .text(let element)? = object.values.first
        else { throw Fault(text: "\(answer)") }
        return element
    }

    var place: String {
        get async throws { try await text("location.pathname") }
    }

    /// What the page complained of since the last call.
    func complaints() async throws -> [String] {
        let answer = try await Self.call("POST", "\(base)/se/log", ["type": "browser"])
        guard case .list(let rows) = answer else { return [] }
        return rows.compactMap { row in
            guard case .object(let entry) = row, case .text(let level)? = entry["level"],
                level == "SEVERE" || level == "WARNING", case .text(let text)? = entry["message"]
            else { return nil }
            return text
        }
    }

    /// The window's picture, also kept as a file.
    @discardableResult
    func picture(_ name: String) async throws -> Data {
        guard case .text(let text) = try await Self.call("GET", "\(base)/screenshot", nil),
            let data = Data(base64Encoded: text)
        else { throw Fault(text: "no picture") }
        if let folder = ProcessInfo.processInfo.environment["STREAMR_PICTURES"] {
            try data.write(to: URL(filePath: folder).appending(path: name + ".png"))
        }
        return data
    }

    func close() async {
        _ = try? await Self.call("DELETE", base, nil)
        driver.stop()
    }
}
