// swift-tools-version: 6.1
import Foundation
import PackageDescription

// libFuzzer targets, apart from the product because they need a sanitizer's runtime:
//   Fuzz/build && Fuzz/run TARGET [libFuzzer options]
// The runtime comes with the toolchain; Fuzz/build finds it.
let runtime = ProcessInfo.processInfo.environment["FUZZER_RUNTIME"] ?? ""

let package = Package(
    name: "Fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "streamr-sim", path: "..")],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "FuzzRTMP",
            dependencies: ["CFuzzer", .product(name: "Programs", package: "streamr-sim")],
            swiftSettings: [.swiftLanguageMode(.v6)],
            linkerSettings: [.unsafeFlags([runtime, "-lstdc++", "-lm"])]),
    ]
)
