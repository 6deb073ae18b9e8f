import Base
import RTMP

/// Compares what players get with what was published under the same name, frame by frame, where a
/// capture has both: what is missing in between the server left out.
struct Publications: Sendable {
    static let publicationsMax = 256
    /// Video frames remembered of each: more than a minute.
    static let framesMax = 4_096

    private struct Publication: Sendable {
        var name: String
        /// A ring: frame `n` is at `n % framesMax`.
        var frames: [UInt64] = []
        var count = 0
    }

    /// Where a player is in what was published.
    struct Position: Sendable, Hashable {
        fileprivate var publication: Int
        fileprivate var next: Int?
        /// Frames between two that came which did not.
        var dropped: Int64 = 0
        /// Frames that were never published so: the server changed them, or the capture missed
        /// them.
        var unknown: Int64 = 0

        /// Nil where nothing that came was seen to be published.
        var comparedDrops: Int64? { next == nil ? nil : dropped }
    }

    private var publications: [Publication] = []
    private var places = Lookup<String, Int>()

    /// The place of a name; nil when there are too many.
    mutating func place(of name: String) -> Int? {
        if let place = places[name] { return place }
        guard publications.count < Self.publicationsMax else { return nil }
        publications.append(Publication(name: name))
        places[name] = publications.count - 1
        return publications.count - 1
    }

    func position(in place: Int) -> Position { Position(publication: place, next: nil) }

    mutating func publish(_ frame: UInt64, in place: Int) {
        let count = publications[place].count
        if publications[place].frames.count < Self.framesMax {
            publications[place].frames.append(frame)
        } else {
            publications[place].frames[count % Self.framesMax] = frame
        }
        publications[place].count = count + 1
    }

    func play(_ frame: UInt64, _ position: inout Position) {
        let publication = publications[position.publication]
        let oldest = max(0, publication.count - Self.framesMax)
        let from = max(oldest, position.next ?? oldest)
        let found = (from..<max(from, publication.count)).first {
            publication.frames[$0 % Self.framesMax] == frame
        }
        guard let found else {
            position.unknown += 1
            return
        }
        if let next = position.next { position.dropped += Int64(found - next) }
        position.next = found + 1
    }

    /// Its length, and its first and last bytes: enough to tell frames of one stream apart.
    static func digest(of payload: [UInt8]) -> UInt64 {
        var digest = Digest(seed: UInt64(payload.count))
        for part in [payload.prefix(32), payload.suffix(32)] {
            var word: UInt64 = 0
            for (index, byte) in part.enumerated() {
                word = word << 8 | UInt64(byte)
                if index % 8 == 7 { digest.combine(word) }
            }
            digest.combine(word)
        }
        return digest.word
    }
}
