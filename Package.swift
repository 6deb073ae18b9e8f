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
    targets: [
        .target(name: "Base", swiftSettings: settings),
        .target(name: "Cloud", dependencies: ["Base"], swiftSettings: settings),
        .testTarget(name: "BaseTests", dependencies: ["Base"], swiftSettings: settings),
        .testTarget(name: "CloudTests", dependencies: ["Cloud", "Base"], swiftSettings: settings),
    ]
)
