import Base
import Cloud
import Platform
import Scenarios

/// The connections that one program keeps to the database, used in turn.
struct DatabasePool: Sendable {
    let size: Int
    /// Invariant: open <= size; the first of the pool's places are the open ones.
    var open = 0
    private var turn = 0
    /// Whether it was told that the database refuses it, in this life of the program.
    var isRefused = false

    init(size: Int) { self.size = size }

    /// Whether the next place has a connection.
    @inline(__always)
    mutating func takesOpen() -> Bool {
        turn = turn + 1 < size ? turn + 1 : 0
        return turn < open
    }
}

/// Connections to the database: the coordinator's and the worker's pools, and who is refused.
///
/// A pool opens all it may when its program starts. A place of it that the database refused tries
/// again for each transaction that comes to it in its turn, and fails that: a pool of which a
/// third is refused fails every third transaction, for as long as others hold what it lacks.
extension World {
    /// PostgreSQL's `max_connections` in a container, as the image comes.
    private static let containerConnectionsMax = 100

    /// A program on the instance whose pool this is; nil for those that have none.
    private func poolPlace(_ service: Service) -> Int? {
        switch service {
        case .coordinator: 0
        case .worker: 1
        case .rtmp, .front, .database, .cache: nil
        }
    }

    /// Whether a transaction gets a connection.
    @inline(__always)
    mutating func takesConnection(_ ref: ProgramRef) -> Bool {
        let place = ref.kind == .worker ? 1 : 0
        return pools[place].takesOpen() || reopens(place)
    }

    private mutating func reopens(_ place: Int) -> Bool {
        guard opensConnection() else {
            noteRefused(place)
            return false
        }
        pools[place].open += 1
        return true
    }

    private mutating func opensConnection() -> Bool {
        switch scenario.deployment.database {
        case .managed: databaseMachine?.connect(at: queue.now) ?? false
        case .container:
            host.services[Service.database.index].isUp
                && pools[0].open + pools[1].open
                    < Self.containerConnectionsMax - DatabaseMachine.connectionsReserved
        }
    }

    /// The database is there and has no connection left, which a restart of it is not.
    private mutating func noteRefused(_ place: Int) {
        guard host.services[Service.database.index].isUp, databaseMachine?.isAvailable ?? true
        else { return }
        tally.connectionsRefused += 1
        guard !pools[place].isRefused else { return }
        pools[place].isRefused = true
        log(
            "database-refuses", place == 0 ? "coordinator" : "worker",
            "FATAL: remaining connection slots are reserved: "
                + "\(pools[place].open) of \(pools[place].size) connections")
    }

    /// Both pools are filled where their programs run: the database came up.
    mutating func connectDatabase() {
        for service in [Service.coordinator, .worker] { fillPool(of: service) }
    }

    mutating func fillPool(of service: Service) {
        guard let place = poolPlace(service), host.services[service.index].isUp else { return }
        pools[place].isRefused = false
        while pools[place].open < pools[place].size {
            guard reopens(place) else { return }
        }
    }

    /// A program ended, and its connections with it.
    mutating func emptyPool(of service: Service) {
        guard let place = poolPlace(service) else { return }
        databaseMachine?.disconnect(pools[place].open, at: queue.now)
        pools[place].open = 0
    }

    /// The database went down and cut them all.
    mutating func emptyPools() {
        for service in [Service.coordinator, .worker] { emptyPool(of: service) }
    }
}
