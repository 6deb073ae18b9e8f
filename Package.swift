// swift-tools-version: 6.1
import PackageDescription

// Arrows point down only; ARCHITECTURE.md has the picture and the tidy test enforces it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let core: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let locks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let posix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let http: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let client: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")

// MARK: Below the drivers: values, without I/O

let values: [Target] = [
    .target(name: "Base", swiftSettings: settings),
    .target(name: "RTMP", dependencies: ["Base", crypto], swiftSettings: settings),
    .target(name: "Media", dependencies: ["Base", "RTMP"], swiftSettings: settings),
    .target(name: "RESP", dependencies: ["Base"], swiftSettings: settings),
    .target(name: "Packets", dependencies: ["Base", "RTMP", "Media"], swiftSettings: settings),
    .target(
        name: "Platform", dependencies: ["Base", "RTMP", "Media", "RESP"],
        swiftSettings: settings),
    .target(
        name: "Cloud", dependencies: ["Base"], resources: [.embedInCode("Prices")],
        swiftSettings: settings),
    .target(
        name: "Plans", dependencies: ["Base", "Cloud", .product(name: "Yams", package: "Yams")],
        swiftSettings: settings),
    .target(name: "Scenarios", dependencies: ["Base", "Cloud", "Plans"], swiftSettings: settings),
    .target(
        name: "Results", dependencies: ["Base", "Cloud", "Scenarios"], swiftSettings: settings),
]

// MARK: Drivers and the command line

let drivers: [Target] = [
    .target(
        name: "Simulation",
        dependencies: ["Base", "RTMP", "Packets", "Cloud", "Platform", "Scenarios", "Results"],
        swiftSettings: settings),
    .target(
        name: "Reports", dependencies: ["Base", "Packets", "Cloud", "Scenarios", "Results"],
        swiftSettings: settings),
    .systemLibrary(
        name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(
        name: "Storage", dependencies: ["Base", "Platform", "CSQLite", "CPostgres"],
        swiftSettings: settings),
    .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
    .target(
        name: "Capture", dependencies: ["Base", "Packets", "CPcap"], swiftSettings: settings),
    .target(
        name: "Sockets",
        dependencies: [
            "Base", "RTMP", "Media", "RESP", "Platform", core, locks, posix, http, client, logging,
            crypto,
            .product(name: "NIOFoundationCompat", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HummingbirdHTTP2", package: "hummingbird"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            .product(name: "Mustache", package: "swift-mustache"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "JWTKit", package: "jwt-kit"),
            .product(name: "CryptoExtras", package: "swift-crypto"),
            .product(name: "X509", package: "swift-certificates"),
            .product(name: "SwiftASN1", package: "swift-asn1"),
        ],
        resources: [.embedInCode("Pages/Templates")], swiftSettings: settings),
    .target(
        name: "Load",
        dependencies: [
            "Base", "RTMP", "Media", "Platform", "Scenarios", "Results", "Reports", "Sockets", core,
            posix, histogram,
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ],
        swiftSettings: settings),
    .executableTarget(
        name: "streamr-sim",
        dependencies: [
            "Base", "Cloud", "Plans", "Scenarios", "Simulation", "Results", "Reports", "Platform",
            "RTMP", "Media", "Packets", "Sockets", "Storage", "Capture", "Load", core, logging,
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        swiftSettings: settings),
]

// MARK: Benches

let benches: [Target] = [
    .executableTarget(
        name: "bench",
        dependencies: [
            "Simulation", "Scenarios", "Results", "Platform", "Base", "TestServers",
        ],
        path: "Benchmarks/bench", swiftSettings: settings),
    .executableTarget(
        name: "bench-rtmp", dependencies: ["RTMP", "Base"], path: "Benchmarks/rtmp",
        swiftSettings: settings),
    .executableTarget(
        name: "bench-serve",
        dependencies: ["Base", "RTMP", "Media", "Sockets", "TestServers", core, posix],
        path: "Benchmarks/serve", swiftSettings: settings),
    .executableTarget(name: "bench-cache", path: "Benchmarks/cache", swiftSettings: settings),
    .executableTarget(
        name: "bench-store", dependencies: ["Base", "Platform", "Storage", "TestServers"],
        path: "Benchmarks/store", swiftSettings: settings),
    .executableTarget(
        name: "bench-platform", dependencies: ["TestServers", core, locks, posix],
        path: "Benchmarks/platform", swiftSettings: settings),
    .executableTarget(
        name: "bench-blast", dependencies: ["Base", "RTMP", "TestServers", core, posix],
        path: "Benchmarks/blast", swiftSettings: settings),
    .executableTarget(
        name: "bench-pcap", dependencies: ["Capture", "Packets", "Media", "RTMP", "Base"],
        path: "Benchmarks/pcap", exclude: ["live"], swiftSettings: settings),
]

// MARK: Tests

let tests: [Target] = [
    // Random transactions, for every store that must answer as the reference does.
    .target(
        name: "TransactionSequences", dependencies: ["Base", "Platform"],
        path: "Tests/TransactionSequences", swiftSettings: settings),
    // Servers that others wrote, started by tests and benches.
    .target(name: "TestServers", path: "Tests/TestServers", swiftSettings: settings),
    .executableTarget(
        name: "store-writer", dependencies: ["Base", "Platform", "Storage"],
        path: "Tests/StoreWriter", swiftSettings: settings),
    .testTarget(name: "BaseTests", dependencies: ["Base"], swiftSettings: settings),
    .testTarget(name: "RTMPTests", dependencies: ["RTMP", "Base"], swiftSettings: settings),
    .testTarget(
        name: "MediaTests", dependencies: ["Media", "RTMP", "Base"], swiftSettings: settings),
    .testTarget(name: "RESPTests", dependencies: ["RESP", "Base"], swiftSettings: settings),
    .testTarget(
        name: "PacketsTests", dependencies: ["Packets", "Base", "RTMP", "Media"],
        swiftSettings: settings),
    .testTarget(
        name: "PlatformTests",
        dependencies: ["Base", "RTMP", "Media", "Platform", "TransactionSequences"],
        swiftSettings: settings),
    .testTarget(
        name: "CacheTests",
        dependencies: ["Base", "RESP", "Platform", "Sockets", "TestServers", logging],
        exclude: ["client.py"], swiftSettings: settings),
    .testTarget(
        name: "StorageTests",
        dependencies: [
            "Base", "Platform", "Storage", "TransactionSequences", "TestServers", "store-writer",
        ],
        swiftSettings: settings),
    .testTarget(name: "CloudTests", dependencies: ["Cloud", "Base"], swiftSettings: settings),
    .testTarget(
        name: "PlansTests", dependencies: ["Plans", "Cloud", "Base"],
        exclude: ["Shapes", "shapes.py", "deploy.py"], swiftSettings: settings),
    .testTarget(
        name: "ScenariosTests", dependencies: ["Scenarios", "Cloud", "Base"],
        swiftSettings: settings),
    .testTarget(
        name: "SimulationTests",
        dependencies: ["Base", "Cloud", "Platform", "Scenarios", "Simulation", "Results"],
        swiftSettings: settings),
    .testTarget(
        name: "ReportsTests", dependencies: ["Base", "Cloud", "Scenarios", "Results", "Reports"],
        swiftSettings: settings),
    .testTarget(
        name: "SocketsTests",
        dependencies: [
            "Base", "RTMP", "Media", "Platform", "Sockets", "TestServers", "streamr-sim", core,
            posix, http, logging,
        ],
        swiftSettings: settings),
    .testTarget(
        name: "ServeTests",
        dependencies: [
            "Base", "Platform", "Sockets", "TestServers", "streamr-sim", core, posix, locks, client,
            http, logging,
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ],
        swiftSettings: settings),
    .testTarget(
        name: "LoadTests",
        dependencies: [
            "Base", "RTMP", "Media", "Scenarios", "Results", "Reports", "Platform", "Sockets",
            "Load", "Capture", "streamr-sim", core, locks, posix, logging,
        ],
        swiftSettings: settings),
    .testTarget(name: "CommandTests", dependencies: ["streamr-sim"], swiftSettings: settings),
    .testTarget(name: "TidyTests", swiftSettings: settings),
]

let package = Package(
    name: "streamr-sim",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "streamr-sim", targets: ["streamr-sim"]),
        // What Fuzz/ feeds.
        .library(
            name: "Programs", targets: ["Base", "RTMP", "Media", "RESP", "Platform", "Packets"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: values + drivers + benches + tests
)
