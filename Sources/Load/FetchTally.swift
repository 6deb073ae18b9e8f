import Base
import Sockets
import Synchronization

/// Bytes of what is asked for beside the load, such as the target's page of figures: counted as
/// they pass, whatever becomes of the answer, and paid from the load's ceilings.
public final class FetchTally: Sendable {
    private let allowance: Allowance?
    private let bytes = Mutex((sent: 0, received: 0))

    init(within allowance: Allowance?) { self.allowance = allowance }

    /// For what is asked before a load, within its ceilings.
    public convenience init(_ ceilings: Ceilings, shards: Int) {
        self.init(within: Allowance(ceilings, shards: shards))
    }

    /// So far.
    var sum: (sent: Int, received: Int) { bytes.withLock { $0 } }

    /// Why no more may pass; nil if more may.
    public var excess: String? { allowance?.excess }

    /// False once a ceiling is reached.
    func count(sent: Int, received: Int) -> Bool {
        bytes.withLock { bytes in
            bytes.sent += sent
            bytes.received += received
        }
        return allowance?.spend(sent: sent, received: received, at: RTMPClient.now) ?? true
    }
}
