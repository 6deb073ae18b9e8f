import RESP

/// Publishing and subscribing.
extension CacheServer {
    /// Who has subscribed to what, in the order in which they did.
    struct Topics: Sendable {
        struct Topic: Sendable {
            var name: [UInt8]
            var clients: [Int32]
        }

        /// Sorted by name, so that finding one needs no hash.
        var channels: [Topic] = []
        /// In the order of their first subscription.
        var patterns: [Topic] = []

        func place(_ channel: Word) -> (index: Int, isFound: Bool) {
            let name = [UInt8](channel)
            var low = 0
            var high = channels.count
            while low < high {
                let middle = (low + high) / 2
                if precedes(channels[middle].name, name) { low = middle + 1 } else { high = middle }
            }
            return (low, low < channels.count && channels[low].name == name)
        }
    }

    /// Channels and patterns of one client.
    private static let subscriptionsMax = 10_000

    mutating func run(
        _ command: ChannelCommand, _ words: Words, _ index: Int, _ reply: inout ReplyWriter,
        into outbox: inout CacheOutbox
    ) throws(CacheFault) {
        switch command {
        case .subscribe(let isPattern):
            for place in 1..<words.count {
                guard clients[index]!.subscriptions < Self.subscriptionsMax else {
                    throw CacheFault("ERR too many subscriptions")
                }
                if isPattern {
                    addPattern(words.bytes(place), index)
                } else {
                    addChannel(words.bytes(place), index)
                }
                confirm(isPattern ? "psubscribe" : "subscribe", words[place], index, &reply)
            }
        case .unsubscribe(let isPattern): unsubscribe(words, index, isPattern, &reply)
        case .publish: reply.integer(publish(words[1], words[2], into: &outbox))
        case .report: try reportTopics(words, &reply)
        }
    }

    private func confirm(_ kind: String, _ name: Word?, _ index: Int, _ reply: inout ReplyWriter) {
        reply.push(3)
        reply.bulk(kind)
        if let name { reply.bulk(name) } else { reply.null() }
        reply.integer(clients[index]!.subscriptions)
    }

    private mutating func addChannel(_ name: [UInt8], _ index: Int) {
        guard !clients[index]!.channels.contains(name) else { return }
        clients[index]!.channels.append(name)
        let (place, isFound) = topics.place(name[...])
        if !isFound { topics.channels.insert(.init(name: name, clients: []), at: place) }
        topics.channels[place].clients.append(Int32(index))
    }

    private mutating func addPattern(_ name: [UInt8], _ index: Int) {
        guard !clients[index]!.patterns.contains(name) else { return }
        clients[index]!.patterns.append(name)
        if let place = topics.patterns.firstIndex(where: { $0.name == name }) {
            topics.patterns[place].clients.append(Int32(index))
        } else {
            topics.patterns.append(.init(name: name, clients: [Int32(index)]))
        }
    }

    private mutating func unsubscribe(
        _ words: Words, _ index: Int, _ isPattern: Bool, _ reply: inout ReplyWriter
    ) {
        let all = isPattern ? clients[index]!.patterns : clients[index]!.channels
        let names = words.count > 1 ? (1..<words.count).map { words.bytes($0) } : all
        let kind = isPattern ? "punsubscribe" : "unsubscribe"
        for name in names {
            if isPattern { removePattern(name, index) } else { removeChannel(name, index) }
            confirm(kind, name[...], index, &reply)
        }
        if names.isEmpty { confirm(kind, nil, index, &reply) }
    }

    private mutating func removeChannel(_ name: [UInt8], _ index: Int) {
        clients[index]!.channels.removeAll { $0 == name }
        let (place, isFound) = topics.place(name[...])
        guard isFound else { return }
        topics.channels[place].clients.removeAll { $0 == Int32(index) }
        if topics.channels[place].clients.isEmpty { topics.channels.remove(at: place) }
    }

    private mutating func removePattern(_ name: [UInt8], _ index: Int) {
        clients[index]!.patterns.removeAll { $0 == name }
        guard let place = topics.patterns.firstIndex(where: { $0.name == name }) else { return }
        topics.patterns[place].clients.removeAll { $0 == Int32(index) }
        if topics.patterns[place].clients.isEmpty { topics.patterns.remove(at: place) }
    }

    mutating func forgetSubscriptions(_ index: Int) {
        for name in clients[index]!.channels { removeChannel(name, index) }
        for name in clients[index]!.patterns { removePattern(name, index) }
    }

    /// How many got it.
    private mutating func publish(
        _ channel: Word, _ message: Word, into outbox: inout CacheOutbox
    ) -> Int {
        var receivers = 0
        let (place, isFound) = topics.place(channel)
        if isFound {
            let words = [Word("message".utf8), channel, message]
            receivers += deliver(words, topics.channels[place].clients, into: &outbox)
        }
        let name = [UInt8](channel)
        for topic in topics.patterns where Glob(pattern: topic.name[...]).matches(name) {
            let words = [Word("pmessage".utf8), topic.name[...], channel, message]
            receivers += deliver(words, topic.clients, into: &outbox)
        }
        return receivers
    }

    private mutating func deliver(
        _ words: [Word], _ receivers: [Int32], into outbox: inout CacheOutbox
    ) -> Int {
        var wires = [ReplyWriter(.two), ReplyWriter(.three)]
        for index in wires.indices {
            wires[index].push(words.count)
            for word in words { wires[index].bulk(word) }
        }
        for index in receivers {
            guard let client = clients[Int(index)] else { continue }
            let wire = client.version == .two ? wires[0] : wires[1]
            send(wire.bytes, to: client.connection, into: &outbox)
        }
        return receivers.count
    }

    private func reportTopics(_ words: Words, _ reply: inout ReplyWriter) throws(CacheFault) {
        if words.matches(1, "CHANNELS"), words.count <= 3 {
            let names = topics.channels.map(\.name).filter {
                words.count < 3 || Glob(pattern: words[2]).matches($0)
            }
            reply.array(names.count)
            for name in names { reply.bulk(name) }
        } else if words.matches(1, "NUMSUB") {
            reply.array((words.count - 2) * 2)
            for place in 2..<words.count {
                let (index, isFound) = topics.place(words[place])
                reply.bulk(words[place])
                reply.integer(isFound ? topics.channels[index].clients.count : 0)
            }
        } else if words.matches(1, "NUMPAT") {
            reply.integer(topics.patterns.count)
        } else {
            throw .syntax
        }
    }
}
