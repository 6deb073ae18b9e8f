import RESP

/// Reading the words of commands.
extension Words {
    func integer(_ index: Int) throws(CacheFault) -> Int64 {
        guard let value = Decimal.parse(self[index]) else { throw .notInteger }
        return value
    }

    /// A count that may not be negative.
    func natural(_ index: Int) throws(CacheFault) -> Int {
        guard let value = Decimal.parse(self[index]), value >= 0 else { throw .notPositive }
        return Int(value)
    }

    func score(_ index: Int) throws(CacheFault) -> Score {
        guard let value = Score(self[index]) else { throw .notNumber }
        return value
    }

    /// Whether a word is this, in any case. `text` is in capitals.
    @inline(__always)
    func matches(_ index: Int, _ text: StaticString) -> Bool { self[index].matches(text) }

    func bytes(_ index: Int) -> [UInt8] { [UInt8](self[index]) }

    /// The word as text, for a message.
    func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    /// `MATCH`, `COUNT` and the like: the place of the value that follows, if there is one.
    func value(after index: Int) throws(CacheFault) -> Int {
        guard index + 1 < count else { throw .syntax }
        return index + 1
    }
}

extension Word {
    func matches(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        var place = text.utf8Start
        for byte in self {
            let isSmall = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            guard (isSmall ? byte - 0x20 : byte) == place.pointee else { return false }
            place += 1
        }
        return true
    }
}

/// A glob pattern as KEYS has it: `*`, `?`, `[a-z]`, `[^a]` and `\`.
struct Glob {
    let pattern: Word

    /// Goes back to the last star at most, so the time is bounded by the product of the lengths.
    func matches(_ text: [UInt8]) -> Bool {
        var place = pattern.startIndex
        var index = 0
        var star: (place: Int, index: Int)?
        while true {
            if place < pattern.endIndex, pattern[place] == UInt8(ascii: "*") {
                place += 1
                star = (place, index)
            } else if index < text.count, let next = step(place, text[index]) {
                place = next
                index += 1
            } else if index == text.count && place == pattern.endIndex {
                return true
            } else {
                guard let last = star, last.index < text.count else { return false }
                star = (last.place, last.index + 1)
                place = last.place
                index = last.index + 1
            }
        }
    }

    /// Where the pattern goes on if its next part matches the byte.
    private func step(_ place: Int, _ byte: UInt8) -> Int? {
        guard place < pattern.endIndex else { return nil }
        switch pattern[place] {
        case UInt8(ascii: "?"): return place + 1
        case UInt8(ascii: "["): return stepClass(place + 1, byte)
        case UInt8(ascii: "\\") where place + 1 < pattern.endIndex:
            return pattern[place + 1] == byte ? place + 2 : nil
        case let wanted: return wanted == byte ? place + 1 : nil
        }
    }

    private func stepClass(_ start: Int, _ byte: UInt8) -> Int? {
        var place = start
        let end = pattern.endIndex
        let isNegated = place < end && pattern[place] == UInt8(ascii: "^")
        if isNegated { place += 1 }
        var isFound = false
        while place < end, pattern[place] != UInt8(ascii: "]") {
            if pattern[place] == UInt8(ascii: "\\"), place + 1 < end {
                isFound = isFound || pattern[place + 1] == byte
                place += 2
            } else if place + 2 < end, pattern[place + 1] == UInt8(ascii: "-") {
                let a = pattern[place]
                let b = pattern[place + 2]
                isFound = isFound || (min(a, b)...max(a, b)).contains(byte)
                place += 3
            } else {
                isFound = isFound || pattern[place] == byte
                place += 1
            }
        }
        return isFound != isNegated ? min(place + 1, end) : nil
    }
}
