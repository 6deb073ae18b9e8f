/// A command message's payload: a name, a transaction number, and values. Adobe RTMP 7.1.1.
///
/// The first value is the command object (null for most commands); the rest are arguments.
public struct Command: Sendable, Hashable {
    public var name: String
    /// Zero where no answer is wanted.
    public var transaction: AMFNumber
    public var values: [AMFValue]

    public init(_ name: String, transaction: AMFNumber = 0, _ values: [AMFValue]) {
        self.name = name
        self.transaction = transaction
        self.values = values
    }

    /// Reads a message of type 20, or 17, whose AMF3 form begins with a zero byte and goes on in
    /// AMF0 (with AMF3 values behind marker 0x11).
    public init(_ message: Message) throws(RTMPError) {
        let values: [AMFValue]
        do {
            values = try AMF0Reader.all(
                message.payload, at: Command.wrapperLength(message, .commandAMF3))
        } catch {
            throw .badAMF(error)
        }
        guard case .string(let name)? = values.first else { throw .badCommand("") }
        self.name = name
        // Some clients leave the transaction out of commands that need no answer.
        guard values.count > 1 else {
            transaction = 0
            self.values = []
            return
        }
        guard case .number(let transaction) = values[1] else { throw .badCommand(name) }
        self.transaction = transaction
        self.values = Array(values[2...])
    }

    /// The value after the command object and `index` arguments.
    public func argument(_ index: Int) -> AMFValue? {
        index + 1 < values.count ? values[index + 1] : nil
    }

    public func message(on stream: MessageStreamID) -> Message {
        let values = [.string(name), .number(transaction)] + self.values
        return Message(
            type: .commandAMF0, stream: stream, timestamp: 0, payload: AMF0Writer.all(values))
    }

    static func wrapperLength(_ message: Message, _ wrapped: MessageType) -> Int {
        message.type == wrapped && message.payload.first == 0 ? 1 : 0
    }
}
