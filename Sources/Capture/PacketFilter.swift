import CPcap
import Packets

/// A filter in tcpdump's language, compiled for each link type that it meets.
struct PacketFilter: ~Copyable {
    private struct Compiled {
        var link: LinkType
        var program: bpf_program
    }

    private let text: String
    private var compiled: [Compiled] = []
    /// Link types for which the filter has no meaning: nothing of them matches.
    private var meaningless: [LinkType] = []

    /// A filter that means something on Ethernet, or at least on raw IP.
    init(_ text: String) throws(CaptureFailure) {
        self.text = text
        let reason = compile(for: .ethernet)
        guard reason != nil else { return }
        guard compile(for: .rawIP) == nil else {
            throw .badFilter(text, reason: reason ?? "")
        }
    }

    deinit {
        for each in compiled {
            var program = each.program
            pcap_freecode(&program)
        }
    }

    mutating func matches(_ packet: CapturedPacket, _ bytes: Span<UInt8>) -> Bool {
        guard let place = place(of: packet.link) else { return false }
        var header = pcap_pkthdr()
        header.caplen = UInt32(packet.bytes.count)
        header.len = UInt32(clamping: packet.length)
        return bytes.extracting(packet.bytes).withUnsafeBufferPointer { pointer in
            pcap_offline_filter(&compiled[place].program, &header, pointer.baseAddress) != 0
        }
    }

    private mutating func place(of link: LinkType) -> Int? {
        if let place = compiled.firstIndex(where: { $0.link == link }) { return place }
        guard !meaningless.contains(link) else { return nil }
        if compile(for: link) != nil {
            meaningless.append(link)
            return nil
        }
        return compiled.count - 1
    }

    /// What is wrong with the filter, if anything.
    private mutating func compile(for link: LinkType) -> String? {
        // Files number raw IP otherwise than this system does.
        let number = pcap_datalink_name_to_val("RAW")
        let dead = pcap_open_dead(
            link == .rawIP ? number : Int32(link.raw), Int32(CaptureReader.packetLengthMax))
        guard let dead else { return "out of memory" }
        defer { pcap_close(dead) }
        var program = bpf_program()
        guard pcap_compile(dead, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0 else {
            return String(cString: pcap_geterr(dead))
        }
        compiled.append(Compiled(link: link, program: program))
        return nil
    }
}
