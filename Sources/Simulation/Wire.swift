import Base
import Platform

/// One call, transaction, cache command or work that is under way.
struct Flight: Sendable {
    var caller: ProgramRef
    /// The caller's life that asked; an answer to a former life is dropped.
    var callerEpoch: UInt32
    var id: CallID
    var callee: ProgramRef
    var calleeEpoch: UInt32 = 0
    /// What another program is still to be told; nil for the store, the cache and work.
    var call: Call?
    var answer: Answer = .failed(.timedOut)
    var startedAt: Instant
    /// From the callee back to the caller.
    var wayBack: Interval = .zero
    var generation: UInt32 = 0
    var isOpen = true
    /// True once the answer is on its way.
    var isAnswered = false
    /// True where it has a connection of its own at the load balancer.
    var isBalanced = false

    /// For the next holder of the slot, whose answer has been taken out.
    mutating func reuse(
        caller: ProgramRef, callerEpoch: UInt32, id: CallID, call: consuming Call?, at: Instant
    ) {
        self.caller = caller
        self.callerEpoch = callerEpoch
        self.id = id
        callee = caller
        calleeEpoch = 0
        self.call = call
        startedAt = at
        wayBack = .zero
        generation &+= 1
        isOpen = true
        isAnswered = false
        isBalanced = false
    }
}

/// One RTMP connection between a client and the server or a node; its `Conversation` has the bytes.
struct Link: Sendable {
    var client: ProgramRef
    var clientEpoch: UInt32
    var clientConnection: ConnectionID
    var server: ProgramRef
    var delay: Interval
    var generation: UInt32 = 0
    var isOpen = true
    /// Nothing gets through any more, and neither end knows yet.
    var isSevered = false
    /// Each end is told of the close once, and only after it was told of the opening.
    var clientTold = false
    var serverOpened = false
    var serverTold = false
    var reason: CloseReason = .byPeer
    var reasonAtServer: CloseReason = .byPeer
    /// The flow that this connection carries, and the stream it belongs to.
    var flow: Int32 = noFlow
    var stream: Int32 = -1
    var isIngest = false
    /// How far a player's first group of pictures was ahead of its mean rate when it began.
    var aheadAtBegin: Int64 = 0
}

/// Reusable slots with a generation each, so that a late event cannot meet a newcomer.
struct Slots<Element: Sendable>: Sendable {
    private(set) var items: [Element] = []
    private var free: [Int32] = []

    var count: Int { items.count }
    /// How many are taken.
    var used: Int { items.count - free.count }

    subscript(index: Int32) -> Element {
        get { items[Int(index)] }
        _modify { yield &items[Int(index)] }
    }

    mutating func add(max: Int, _ make: (Element?) -> Element) -> Int32 {
        guard let index = reuse() else { return append(make(nil), max: max) }
        items[Int(index)] = make(items[Int(index)])
        return index
    }

    /// A slot as its last holder left it, to be filled in place; nil if all are taken.
    mutating func reuse() -> Int32? { free.popLast() }

    mutating func append(_ element: consuming Element, max: Int) -> Int32 {
        check(items.count < max, "more than \(max) at once")
        items.append(element)
        return Int32(items.count - 1)
    }

    mutating func release(_ index: Int32) { free.append(index) }
}
