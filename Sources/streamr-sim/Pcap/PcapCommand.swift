import ArgumentParser

/// `streamr-sim pcap`: what the wire says.
struct PcapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pcap",
        abstract: "Reads RTMP off the wire: an interface, or a capture of tcpdump or Wireshark.",
        subcommands: [PcapWatchCommand.self, PcapLearnCommand.self])
}
