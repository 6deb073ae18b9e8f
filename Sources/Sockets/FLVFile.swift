import Foundation
import Media
import RTMP

/// An FLV file, as what a publisher sends.
public enum FLVFile {
    public static func messages(_ file: URL) throws -> [MediaMessage] {
        let bytes = [UInt8](try Data(contentsOf: file, options: .mappedIfSafe))
        var reader = FLVReader()
        reader.receive(bytes.span)
        var messages: [MediaMessage] = []
        while let message = try reader.next() { messages.append(message) }
        return messages
    }
}
