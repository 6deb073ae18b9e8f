import ArgumentParser

enum PortNumber {
    /// Of flags; those that were not given are nil.
    static func check(_ ports: Int?...) throws {
        guard ports.allSatisfy({ (0...65_535).contains($0 ?? 0) }) else {
            throw ValidationError("a port is a number from 0 to 65535")
        }
    }
}
