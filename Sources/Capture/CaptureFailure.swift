import CPcap
import Packets

/// Why there is no capture, or no more of it.
public enum CaptureFailure: Error, Sendable, CustomStringConvertible {
    case cannotOpen(path: String, reason: String)
    case cannotRead(path: String, reason: String)
    case malformed(path: String, CaptureError)
    case cannotCapture(interface: String, reason: String)
    case badFilter(String, reason: String)
    case unknownUser(String)
    case cannotGiveUpPrivileges(reason: String)

    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
        case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
        case .malformed(let path, let error): "\(path): \(error)"
        case .cannotCapture(let interface, let reason):
            "cannot capture on \(interface): \(reason)"
        case .badFilter(let filter, let reason): "filter \"\(filter)\": \(reason)"
        case .unknownUser(let user): "there is no user \(user)"
        case .cannotGiveUpPrivileges(let reason): "cannot give up privileges: \(reason)"
        }
    }
}
