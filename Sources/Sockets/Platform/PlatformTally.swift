import Platform

/// What the coordinator and the worker did since they began, for metrics.
struct PlatformTally: Sendable {
    var transactions: UInt64 = 0
    var transactionsFailed: UInt64 = 0
    var routedToNodes: UInt64 = 0
    var routedToServer: UInt64 = 0
    var spotChecksPassed: UInt64 = 0
    var spotChecksFailed: UInt64 = 0
    var nodesFlagged: UInt64 = 0
    var nodesInactive: UInt64 = 0
    var streamsChanged: UInt64 = 0
    var paidNanodollars: UInt64 = 0
    var isCacheUp = true

    mutating func note(_ observation: Observation) {
        switch observation {
        case .routed(_, let node):
            if node == nil { routedToServer += 1 } else { routedToNodes += 1 }
        case .spotCheck(_, let passed):
            if passed { spotChecksPassed += 1 } else { spotChecksFailed += 1 }
        case .nodeFlagged: nodesFlagged += 1
        case .nodeInactive: nodesInactive += 1
        case .streamChanged: streamsChanged += 1
        case .paid(_, let nanodollars): paidNanodollars += UInt64(max(nanodollars, 0))
        case .cacheDown: isCacheUp = false
        case .cacheUp: isCacheUp = true
        case .publishAccepted, .publishRejected, .nodeActive, .gaveUp, .lostPatience: break
        }
    }
}
