import Base
import CPcap
import Glibc
import Packets

/// Packets of an interface as they pass, through libpcap.
public struct LiveCapture: PacketSource, ~Copyable {
    /// A second and a half at 1 Gb/s may wait while this program does something else.
    private static let bufferLength: Int32 = 192 << 20
    private static let waitMilliseconds: Int32 = 100
    private static let packetsAtOnce = 8_192

    public let interface: String
    public let link: LinkType
    private let handle: OpaquePointer
    /// Nanoseconds in a unit of the packets' fractions of a second.
    private let fraction: Int64

    /// Opens the interface (`any` is all of them) and starts to capture. Privileges are needed
    /// for this and may be given up after it.
    public init(interface: String, filter: String?) throws(CaptureFailure) {
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let handle = pcap_create(interface, &message) else {
            throw .cannotCapture(interface: interface, reason: Self.text(message))
        }
        do throws(CaptureFailure) {
            try Self.activate(handle, interface)
            guard pcap_setnonblock(handle, 1, &message) == 0 else {
                throw .cannotCapture(interface: interface, reason: Self.text(message))
            }
            if let filter { try Self.set(filter, on: handle) }
        } catch {
            pcap_close(handle)
            throw error
        }
        self.interface = interface
        self.handle = handle
        link = LinkType(libpcap: pcap_datalink(handle))
        let isFine = pcap_get_tstamp_precision(handle) == PCAP_TSTAMP_PRECISION_NANO
        fraction = isFine ? 1 : 1_000
    }

    deinit { pcap_close(handle) }

    /// The interfaces that can be captured on.
    public static func interfaces() -> [String] {
        var list: UnsafeMutablePointer<pcap_if_t>?
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard pcap_findalldevs(&list, &message) == 0 else { return [] }
        defer { pcap_freealldevs(list) }
        return sequence(first: list, next: { $0?.pointee.next }).prefix { $0 != nil }
            .compactMap { $0?.pointee.name.map { String(cString: $0) } }
    }

    /// The packets that came, after waiting a tenth of a second for the first.
    public mutating func read(
        _ body: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFailure) -> ReadOutcome {
        waitForPackets()
        for count in 0..<Self.packetsAtOnce {
            var header: UnsafeMutablePointer<pcap_pkthdr>?
            var bytes: UnsafePointer<UInt8>?
            let result = pcap_next_ex(handle, &header, &bytes)
            guard result != 0 else { return .packets(count) }
            guard result == 1, let header = header?.pointee else {
                throw .cannotCapture(
                    interface: interface, reason: String(cString: pcap_geterr(handle)))
            }
            let length = Int(header.caplen)
            let at = Int64(header.ts.tv_sec) * 1_000_000_000 + Int64(header.ts.tv_usec) * fraction
            let packet = CapturedPacket(
                at: Instant(nanoseconds: at), link: link, bytes: 0..<length,
                length: max(length, Int(header.len)))
            body(packet, UnsafeBufferPointer(start: bytes, count: length).span)
        }
        return .packets(Self.packetsAtOnce)
    }

    /// A read that blocks would wait for a first packet without end: libpcap's time limit counts
    /// from a packet's coming (pcap(3PCAP), "packet buffer timeout").
    private func waitForPackets() {
        var poll = pollfd(
            fd: pcap_get_selectable_fd(handle), events: Int16(POLLIN), revents: 0)
        guard poll.fd >= 0 else { return }
        _ = Glibc.poll(&poll, 1, Self.waitMilliseconds)
    }

    /// Packets that the kernel, or the interface, had no room for.
    public var dropped: Int64 {
        var counts = pcap_stat()
        guard pcap_stats(handle, &counts) == 0 else { return 0 }
        return Int64(counts.ps_drop) + Int64(counts.ps_ifdrop)
    }

    /// Begins a file that packets can be written to; `stream` is closed with it. Its header stands
    /// in the stream's buffer: what can fail is a link that files have no number for, and then the
    /// stream stays open.
    func dump(
        to stream: UnsafeMutablePointer<FILE>, path: String
    ) throws(CaptureFailure) -> OpaquePointer {
        guard let file = pcap_dump_fopen(handle, stream) else {
            throw .cannotOpen(path: path, reason: String(cString: pcap_geterr(handle)))
        }
        return file
    }

    private static func activate(
        _ handle: OpaquePointer, _ interface: String
    ) throws(CaptureFailure) {
        pcap_set_snaplen(handle, Int32(CaptureReader.packetLengthMax))
        pcap_set_timeout(handle, waitMilliseconds)
        pcap_set_buffer_size(handle, bufferLength)
        pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO)
        let status = pcap_activate(handle)
        guard status < 0 else { return }
        let detail = String(cString: pcap_geterr(handle))
        let reason = String(cString: pcap_statustostr(status))
        throw .cannotCapture(
            interface: interface, reason: detail.isEmpty ? reason : "\(reason) (\(detail))")
    }

    private static func set(
        _ filter: String, on handle: OpaquePointer
    ) throws(CaptureFailure) {
        var program = bpf_program()
        guard pcap_compile(handle, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0 else {
            throw .badFilter(filter, reason: String(cString: pcap_geterr(handle)))
        }
        defer { pcap_freecode(&program) }
        guard pcap_setfilter(handle, &program) == 0 else {
            throw .badFilter(filter, reason: String(cString: pcap_geterr(handle)))
        }
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension LinkType {
    /// libpcap's number for raw IP is 12 on Linux; files have 101.
    init(libpcap number: Int32) {
        self.init(raw: UInt16(truncatingIfNeeded: number))
        if number == pcap_datalink_name_to_val("RAW") { self = .rawIP }
    }
}
