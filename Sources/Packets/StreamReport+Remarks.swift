import Base

extension StreamReport {
    /// Who lost or held up what, a sentence each; empty where nothing went wrong.
    public var remarks: [String] { encoder + network + receiver + serverSide + capture }

    private var encoder: [String] {
        var remarks: [String] = []
        if media.framesSkipped > 0 {
            remarks.append(
                "The encoder left out about \(count(media.framesSkipped, "frame")), by the gaps in "
                    + "its times.")
        }
        if media.outOfOrder > 0 {
            remarks.append("\(count(media.outOfOrder, "frame")) went backwards in time.")
        }
        for cause in Stalls.Cause.allCases where media.stalls[cause] > 0 {
            let reason =
                switch cause {
                case .receiver: "the receiver had closed its window"
                case .network: "segments had to be sent again"
                case .sender: "the sender sent nothing"
                }
            remarks.append(
                "\(count(media.stalls[cause], "stall")) of a second or more in which \(reason).")
        }
        return remarks
    }

    private var network: [String] {
        var remarks: [String] = []
        if sent.lostBefore > 0 {
            remarks.append(
                "\(count(sent.lostBefore, "segment")) got lost between the sender and this "
                    + "capture.")
        }
        if sent.lostAfter > 0 {
            remarks.append(
                "\(count(sent.lostAfter, "segment")) had to be sent again after this capture had "
                    + "seen all of it: lost further on, or late.")
        }
        if sent.reordered > 0 {
            remarks.append("\(count(sent.reordered, "segment")) came out of order.")
        }
        return remarks
    }

    private var receiver: [String] {
        guard received.zeroWindows > 0 else { return [] }
        return [
            "The receiver closed its window \(count(received.zeroWindows, "time")), for "
                + "\(seconds(received.zeroWindowTime)) s together: it did not keep up."
        ]
    }

    private var serverSide: [String] {
        guard let droppedByServer, droppedByServer > 0 else { return [] }
        return [
            "The server left out \(count(droppedByServer, "frame")) that had been published."
        ]
    }

    private var capture: [String] {
        var remarks: [String] = []
        if name.isEmpty, sent.isJoinedLate || received.isJoinedLate {
            remarks.append("The capture began after the connection: its name is not known.")
        }
        if sent.missedBytes > 0 {
            remarks.append(
                "\(sent.missedBytes) bytes passed unseen: the capture's loss, not the network's.")
        }
        if unreadBytes > 0 {
            remarks.append("\(unreadBytes) bytes could not be read as RTMP.")
        }
        if protocolErrors > 0 {
            remarks.append("RTMP was broken \(count(protocolErrors, "time")).")
        }
        return remarks
    }

    private func count(_ number: Int64, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }

    private func seconds(_ interval: Interval) -> String {
        Fixed.ratio(Int128(interval.nanoseconds), 1_000_000_000).text(decimals: 1)
    }
}
