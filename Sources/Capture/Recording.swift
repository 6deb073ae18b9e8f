import Base
import CPcap
import Foundation
import Glibc
import Packets
import Synchronization

/// Records what passes an interface to a ring of bounded files, and counts the bytes that each
/// connection carried, until it is stopped: what a program's own counts are proved against.
public final class Recording: Sendable {
    public struct Options: Sendable {
        public var interface: String
        /// In tcpdump's language, such as `tcp port 1935`.
        public var filter: String?
        /// Files are `FOLDER/NAME-0.pcap` and so on; those there are replaced.
        public var folder: String
        public var name = "capture"
        /// To whom root gives the folder, because it is about to become that user.
        public var owner: String?
        /// When a file is full the next begins; after the last the first is written again.
        public var fileBytesMax = 64 << 20
        public var filesMax = 8

        public init(interface: String, filter: String?, folder: String) {
            self.interface = interface
            self.filter = filter
            self.folder = folder
        }
    }

    public struct Outcome: Sendable {
        public var files: [String]
        public var packets: Int64
        /// Packets that the kernel had no room for: then the counts are too low.
        public var dropped: Int64
        public var transfers: [Transfer]
        /// Why it ended before it was stopped, if it did.
        public var failure: CaptureFailure?
    }

    private static let lastReadsMax = 64

    private let isStopped = Atomic<Bool>(false)
    private let work: Mutex<Work>
    private let ended = DispatchSemaphore(value: 0)

    /// Returns when the interface is captured on: what is sent after it is recorded.
    public static func start(_ options: Options) throws(CaptureFailure) -> Recording {
        let recording = Recording(try Work(options))
        Thread.detachNewThread { recording.run() }
        return recording
    }

    private init(_ work: consuming sending Work) { self.work = Mutex(work) }

    /// Ends after what has passed by now.
    public func stop() -> Outcome {
        isStopped.store(true, ordering: .relaxed)
        ended.wait()
        ended.signal()
        return work.withLock { $0.outcome }
    }

    private func run() {
        work.withLock { work in
            while !isStopped.load(ordering: .relaxed), work.failure == nil { _ = work.record() }
            // What the kernel holds yet; bounded, for others may go on sending.
            for _ in 0..<Self.lastReadsMax where work.record() == .packets(0) { break }
            work.ring.finish()
        }
        ended.signal()
    }
}

extension Recording {
    /// What the thread works on.
    private struct Work: ~Copyable {
        private var capture: LiveCapture
        private var watch = Watch(.bytes)
        var ring: FileRing
        private(set) var failure: CaptureFailure?

        init(_ options: Options) throws(CaptureFailure) {
            let capture = try LiveCapture(interface: options.interface, filter: options.filter)
            var ring = try FileRing(options)
            do throws(CaptureFailure) {
                try ring.turn(capture)
            } catch {
                ring.finish()
                throw error
            }
            self.capture = capture
            self.ring = ring
        }

        mutating func record() -> ReadOutcome {
            do throws(CaptureFailure) {
                if ring.isFull { try ring.turn(capture) }
                let files = ring
                var counting = Watch(.bytes)
                swap(&counting, &watch)
                defer { swap(&counting, &watch) }
                return try capture.read { packet, bytes in
                    files.write(packet, bytes)
                    counting.receive(packet, in: bytes)
                }
            } catch {
                failure = error
                return .packets(0)
            }
        }

        var outcome: Outcome {
            Outcome(
                files: ring.files, packets: watch.figures.packets, dropped: capture.dropped,
                transfers: watch.transfers(), failure: failure)
        }
    }

    /// Files that are written one after the other, and then again from the first.
    private struct FileRing {
        private let options: Options
        /// Files are opened by it: who may no longer walk the path to the folder still can.
        private let folder: Int32
        private var turns = 0
        private var file: OpaquePointer?
        private(set) var files: [String] = []

        init(_ options: Options) throws(CaptureFailure) {
            self.options = options
            folder = open(options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard folder >= 0 else { throw Self.failure(options.folder) }
            do throws(CaptureFailure) {
                try give(folder)
            } catch {
                Glibc.close(folder)
                throw error
            }
        }

        /// To the user that root is about to become.
        private func give(_ descriptor: Int32) throws(CaptureFailure) {
            guard geteuid() == 0, let owner = options.owner else { return }
            guard let entry = getpwnam(owner)?.pointee else { throw .unknownUser(owner) }
            guard fchown(descriptor, entry.pw_uid, entry.pw_gid) == 0 else {
                throw Self.failure(options.folder)
            }
        }

        private static func failure(_ path: String) -> CaptureFailure {
            .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }

        var isFull: Bool { file.map { pcap_dump_ftell64($0) >= options.fileBytesMax } ?? true }

        mutating func turn(_ capture: borrowing LiveCapture) throws(CaptureFailure) {
            close()
            let number = turns % options.filesMax
            let name = "\(options.name)-\(number).pcap"
            let path = "\(options.folder)/\(name)"
            // One that is there may be somebody else's.
            unlinkat(folder, name, 0)
            // Nor is one followed that its folder's owner puts there meanwhile.
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
            let descriptor = openat(folder, name, flags, 0o644)
            guard descriptor >= 0 else { throw Self.failure(path) }
            guard let stream = fdopen(descriptor, "w") else {
                let failure = Self.failure(path)
                Glibc.close(descriptor)
                throw failure
            }
            do throws(CaptureFailure) {
                try give(descriptor)
                file = try capture.dump(to: stream, path: path)
            } catch {
                fclose(stream)
                throw error
            }
            turns += 1
            if files.count < options.filesMax { files.append(path) }
        }

        func write(_ packet: CapturedPacket, _ bytes: Span<UInt8>) {
            var header = pcap_pkthdr()
            header.ts.tv_sec = Int(packet.at.nanoseconds / 1_000_000_000)
            header.ts.tv_usec = Int(packet.at.nanoseconds % 1_000_000_000)
            header.caplen = UInt32(packet.bytes.count)
            header.len = UInt32(packet.length)
            bytes.extracting(packet.bytes).withUnsafeBufferPointer { pointer in
                pcap_dump(file.map { UnsafeMutablePointer($0) }, &header, pointer.baseAddress)
            }
        }

        mutating func finish() {
            close()
            Glibc.close(folder)
        }

        private mutating func close() {
            if let file { pcap_dump_close(file) }
            file = nil
        }
    }
}
