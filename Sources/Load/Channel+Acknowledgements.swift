import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

extension Channel {
    /// Has the kernel acknowledge every second segment, as RFC 1122 (4.2.3.2) asks for at the
    /// least, and not each time that all was read, which Linux does for a receiver that is silent.
    ///
    /// Where messages are smaller than a segment, half of the acknowledgements go, and with them a
    /// third of what a player costs the generator. Over a real network's 1,448 bytes it changes
    /// nothing. To be called once the connection has carried its first data: its first sixteen
    /// acknowledgements are sent at once whatever is set before. Linux alone has the option.
    func acknowledgeEverySecondSegment() {
        #if canImport(Glibc)
            let option = NIOBSDSocket.Option(rawValue: TCP_QUICKACK)
            try? syncOptions?.setOption(.tcpOption(option), value: 0)
        #endif
    }
}
