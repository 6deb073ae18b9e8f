import Foundation
import Testing

/// The fuzz targets are a package of their own, because they link a sanitizer's runtime, and no
/// test builds it.
@Suite struct FuzzTargetTests {
    @Test("the fuzz targets are in step with what they feed")
    func compiles() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let fuzz = root.appending(path: "Fuzz/Sources")
        let targets = fuzz.appending(path: "FuzzRTMP")
        let files = try FileManager.default.contentsOfDirectory(atPath: targets.path)
            .filter { $0.hasSuffix(".swift") }.map { targets.appending(path: $0).path }
        try #require(files.count > 3)
        // Beside the tests' own program.
        let program = URL(filePath: CommandLine.arguments[0], relativeTo: .currentDirectory())
        let modules = program.deletingLastPathComponent().appending(path: "Modules")
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments =
            [
                "swiftc", "-typecheck", "-swift-version", "6", "-package-name", "fuzz",
                "-I", modules.path, "-I", fuzz.appending(path: "CFuzzer").path,
            ] + files
        let output = Pipe()
        compiler.standardError = output
        compiler.standardOutput = output
        try compiler.run()
        let words = output.fileHandleForReading.readDataToEndOfFile()
        compiler.waitUntilExit()
        #expect(compiler.terminationStatus == 0, "\(String(decoding: words, as: UTF8.self))")
    }
}
