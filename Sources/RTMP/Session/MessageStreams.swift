/// The message streams of one server session, and what each is used for.
struct MessageStreams: Sendable {
    enum Use: Sendable, Hashable { case idle, publishing, playing }

    struct Entry: Sendable, Hashable {
        var id: MessageStreamID
        var use: Use
        /// As the client named it, with its query.
        var name: String
    }

    private(set) var entries: [Entry] = []
    private var lastID: UInt32 = 0

    var isAnyInUse: Bool { entries.contains { $0.use != .idle } }

    /// A new identifier, from 1 up.
    mutating func create(limit: Int) throws(RTMPError) -> MessageStreamID {
        repeat { lastID += 1 } while index(of: MessageStreamID(lastID)) != nil
        let id = MessageStreamID(lastID)
        try add(id, limit: limit)
        return id
    }

    /// Clients may use a stream they never created.
    mutating func add(_ id: MessageStreamID, limit: Int) throws(RTMPError) {
        guard index(of: id) == nil else { return }
        guard entries.count < limit else { throw .tooManyStreams(limit: limit) }
        entries.append(Entry(id: id, use: .idle, name: ""))
    }

    mutating func set(_ id: MessageStreamID, _ use: Use, name: String) {
        guard let index = index(of: id) else { return }
        entries[index].use = use
        entries[index].name = name
    }

    mutating func remove(_ id: MessageStreamID) { entries.removeAll { $0.id == id } }

    func use(of id: MessageStreamID) -> Use {
        index(of: id).map { entries[$0].use } ?? .idle
    }

    /// Where media that came on `id` belong: encoders exist that send them on another stream
    /// than they publish on, which is clear as long as they publish only one.
    func publishing(for id: MessageStreamID) -> MessageStreamID? {
        if use(of: id) == .publishing { return id }
        let all = entries.filter { $0.use == .publishing }
        return all.count == 1 ? all[0].id : nil
    }

    /// What `FCUnpublish` means: the stream published by that name, or the only one.
    func publishing(named name: String) -> MessageStreamID? {
        let all = entries.filter { $0.use == .publishing }
        if let match = all.first(where: { $0.name == name }) { return match.id }
        return all.count == 1 ? all[0].id : nil
    }

    private func index(of id: MessageStreamID) -> Int? {
        entries.firstIndex { $0.id == id }
    }
}
