import Results

/// What ended a load before its time.
enum LoadCut: Sendable, Hashable {
    case interrupted
    case ceiling(String)
    case hurt(String)
    /// A threshold that was to hold all the time.
    case threshold(String)

    var text: String {
        switch self {
        case .interrupted: "interrupted"
        case .ceiling(let reason), .threshold(let reason): reason
        case .hurt(let reason): "the target is hurt: \(reason)"
        }
    }

    /// What it says of the target; nil where another ruling does, or nothing is said.
    var ruling: LoadRuling? {
        switch self {
        case .interrupted, .threshold: nil
        case .ceiling:
            LoadRuling(
                id: "ceilings", status: .inconclusive, evidence: "the load was cut short: \(text)")
        case .hurt: LoadRuling(id: "hurt", status: .fail, evidence: text)
        }
    }
}
