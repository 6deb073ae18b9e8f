import Foundation

/// All settings of a program, which may come from a file, the environment or flags.
struct SettingTable<Settings>: Sendable {
    typealias Pairs = [(name: String, value: String)]

    let settings: [Setting<Settings>]

    init(_ settings: [Setting<Settings>]) { self.settings = settings }

    /// The first of these wins: flags, the environment, the file.
    func apply(
        file: String? = nil, environment: [String: String], flags: Pairs,
        to target: inout Settings
    ) throws {
        if let file { try apply(Self.read(file), from: file, to: &target) }
        for setting in settings {
            let variable = Self.variable(setting.name)
            guard let value = environment[variable] else { continue }
            try apply([(setting.name, value)], from: variable, to: &target)
        }
        for flag in flags { try apply([flag], from: "--\(flag.name)", to: &target) }
    }

    private func apply(_ pairs: Pairs, from source: String, to target: inout Settings) throws {
        for (name, value) in pairs {
            guard let setting = settings.first(where: { $0.name == name }) else {
                throw SettingFault(description: "\(source): there is no setting \"\(name)\"")
            }
            guard setting.set(&target, value) else {
                throw SettingFault(
                    description: "\(source): expected \(setting.expected), found \"\(value)\"")
            }
        }
    }

    /// `STREAMR_RTMP_PORT` for `rtmp-port`.
    private static func variable(_ name: String) -> String {
        "STREAMR_" + name.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    private static func read(_ file: String) throws -> Pairs {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw SettingFault(description: "cannot read \(file)")
        }
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw SettingFault(description: "\(file): expected an object in JSON")
        }
        return try object.sorted { $0.key < $1.key }.map { name, value in
            switch value {
            case let text as String: return (name, text)
            case let number as NSNumber: return (name, number.stringValue)
            case let list as [String]: return (name, list.joined(separator: ","))
            case _:
                throw SettingFault(description: "\(file): \(name): expected text or a number")
            }
        }
    }
}
