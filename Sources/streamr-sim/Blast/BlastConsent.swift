import ArgumentParser
import Base
import Cloud
import Foundation
import Load
import Sockets

/// Flags that say which host may be loaded, and how far.
struct BlastConsent: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The host of the target once more, exactly: you answer for it.", valueName: "host"))
    var iAmAllowedToLoad: String?

    @Option(
        help: ArgumentHelp(
            "Connections at once; 50 for another host: clients, --http-connections, one for the "
                + "looks at the target, and one for --target-health, of each shard.",
            valueName: "count"))
    var maxConnections: Int?

    @Option(help: ArgumentHelp("Of the load; 5m for another host.", valueName: "time"))
    var maxDuration: String?

    @Option(
        help: ArgumentHelp(
            "Bits a second, both ways; 100M for another host.", valueName: "bits"))
    var maxRate: String?

    @Option(help: ArgumentHelp("HTTP calls a second; 20 for another host.", valueName: "count"))
    var maxCalls: Int?

    @Option(help: ArgumentHelp("Both ways; 2G for another host.", valueName: "bytes"))
    var maxBytes: String?

    @Option(
        help: ArgumentHelp(
            "What the target's traffic to us may cost at AWS's price, such as '$2'.",
            valueName: "dollars"))
    var budget: String?

    @Option(
        help: ArgumentHelp(
            "Certificates in PEM that targets' must lead to, instead of the system's.",
            valueName: "file"))
    var caFile: String?

    @Flag(help: "Takes any certificate for a target's: whoever answers is loaded.")
    var insecure = false

    func trust() throws -> OutgoingConnection.Trust {
        if insecure {
            guard caFile == nil else { throw Failure.usage("--insecure or --ca-file: one of them") }
            return .anyone
        }
        guard let caFile else { return .system }
        guard FileManager.default.isReadableFile(atPath: caFile) else {
            throw Failure.usage("--ca-file \(caFile): cannot be read")
        }
        return .file(caFile)
    }

    /// Certificates are read with each connection, which root's privileges are then gone for.
    func refuseUnreadable() throws {
        guard let caFile, access(caFile, R_OK) != 0 else { return }
        throw Failure.usage("--ca-file \(caFile): cannot be read once privileges are given up")
    }

    func ceilings(isLoopback: Bool) throws -> Ceilings {
        var ceilings = isLoopback ? Ceilings.none : .remote
        if let maxConnections {
            guard maxConnections > 0 else { throw Failure.usage("--max-connections: 1 at least") }
            ceilings.connections = maxConnections
        }
        if let maxDuration {
            guard let time = Interval(brief: maxDuration), time > .zero else {
                throw Failure.usage("--max-duration \(maxDuration): expected a time such as 1h")
            }
            ceilings.duration = time
        }
        if let maxCalls {
            guard maxCalls > 0 else { throw Failure.usage("--max-calls: 1 at least") }
            ceilings.calls = maxCalls
        }
        if let maxRate {
            ceilings.rate = Rate(bitsPerSecond: try number(maxRate, "--max-rate"))
        }
        if let maxBytes {
            ceilings.bytes = ByteCount(bytes: try number(maxBytes, "--max-bytes"))
        }
        if let budget { ceilings.egress = try Self.bytes(for: budget) }
        return ceilings
    }

    /// Decimal units for both.
    private func number(_ text: String, _ flag: String) throws -> Int64 {
        guard let number = ServeSettings.number(text, isRate: true), number > 0 else {
            throw Failure.usage("\(flag) \(text): expected a number such as 500M")
        }
        return Int64(number)
    }

    /// What the dearest tier of the dearest region gives for the money: what is free may be used
    /// up already.
    static func bytes(for budget: String) throws -> ByteCount {
        let prices = PriceBook.regions.compactMap(PriceBook.shipped).flatMap { book in
            book.prices.filter { $0.id == "egress:internet" }.flatMap(\.tiers)
                .map { $0.price / Ratio(book.transferGigabyte) }
        }
        let digits = budget.hasPrefix("$") ? budget.dropFirst() : budget[...]
        guard let amount = Ratio(decimal: digits), amount > .zero, let dearest = prices.max(),
            dearest > .zero, let bytes = Int64(exactly: (amount / dearest).floor)
        else { throw Failure.usage("--budget \(budget): expected dollars such as '$2'") }
        return ByteCount(bytes: bytes)
    }
}
