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
        .library(name: "RTMP", targets: ["RTMP", "Base"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0")
    ],
    targets: [
        .target(name: "Base", swiftSettings: settings),
        .target(
            name: "RTMP",
            dependencies: ["Base", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .executableTarget(
            name: "bench-rtmp", dependencies: ["RTMP", "Base"], path: "Benchmarks/rtmp",
            swiftSettings: settings),
        .testTarget(name: "RTMPTests", dependencies: ["RTMP", "Base"], swiftSettings: settings),
        .testTarget(name: "BaseTests", dependencies: ["Base"], swiftSettings: settings),
    ]
)
