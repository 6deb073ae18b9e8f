// swift-tools-version: 6.1
import PackageDescription

// Arrows point down only; ARCHITECTURE.md has the picture and the tidy test enforces it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "streamr-sim",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "streamr-sim", targets: ["streamr-sim"]),
        // What Fuzz/ feeds.
        .library(name: "Programs", targets: ["Base", "RTMP", "Media", "Platform"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .target(name: "Base", swiftSettings: settings),
        .target(
            name: "Cloud", dependencies: ["Base"], resources: [.embedInCode("Prices")],
            swiftSettings: settings),
        .target(name: "Media", dependencies: ["Base", "RTMP"], swiftSettings: settings),
        .target(
            name: "Platform", dependencies: ["Base", "RTMP", "Media"],
            swiftSettings: settings),
        .target(
            name: "Sockets",
            dependencies: [
                "Base", "RTMP", "Media", "Platform",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "Scenarios", dependencies: ["Base", "Cloud"],
            swiftSettings: settings),
        .target(
            name: "Results", dependencies: ["Base", "Cloud", "Scenarios"],
            swiftSettings: settings),
        .target(
            name: "Reports", dependencies: ["Base", "Cloud", "Scenarios", "Results"],
            swiftSettings: settings),
        .target(
            name: "Simulation",
            dependencies: ["Base", "RTMP", "Cloud", "Platform", "Scenarios", "Results"],
            swiftSettings: settings),
        .executableTarget(
            name: "streamr-sim",
            dependencies: [
                "Base", "Cloud", "Scenarios", "Simulation", "Results", "Reports", "Platform",
                "RTMP", "Media", "Sockets",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "bench", dependencies: ["Simulation"], path: "Benchmarks/bench",
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Base", "Cloud", "Platform", "Scenarios", "Simulation", "Results"],
            swiftSettings: settings),
        .target(
            name: "RTMP",
            dependencies: ["Base", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .executableTarget(
            name: "bench-rtmp", dependencies: ["RTMP", "Base"], path: "Benchmarks/rtmp",
            swiftSettings: settings),
        .testTarget(name: "RTMPTests", dependencies: ["RTMP", "Base"], swiftSettings: settings),
        .testTarget(
            name: "MediaTests", dependencies: ["Media", "RTMP", "Base"], swiftSettings: settings),
        .testTarget(name: "BaseTests", dependencies: ["Base"], swiftSettings: settings),
        .testTarget(
            name: "ScenariosTests", dependencies: ["Scenarios", "Cloud", "Base"],
            swiftSettings: settings),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["Base", "Cloud", "Scenarios", "Results", "Reports"],
            swiftSettings: settings),
        .testTarget(
            name: "CommandTests", dependencies: ["streamr-sim", "bench"], swiftSettings: settings),
        .testTarget(
            name: "PlatformTests", dependencies: ["Base", "RTMP", "Media", "Platform"],
            swiftSettings: settings),
        .testTarget(
            name: "SocketsTests",
            dependencies: [
                "Base", "RTMP", "Media", "Platform", "Sockets",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "bench-serve",
            dependencies: [
                "Base", "RTMP", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Benchmarks/serve", swiftSettings: settings),
        .testTarget(name: "TidyTests", swiftSettings: settings),
        .testTarget(name: "CloudTests", dependencies: ["Cloud", "Base"], swiftSettings: settings),
    ]
)
