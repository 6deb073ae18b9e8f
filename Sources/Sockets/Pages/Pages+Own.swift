import Platform

// The pages of whoever signed in: forms, and keys when they are made.
extension Pages {
    func newStream(fault: String?, _ visitor: Visitor) -> String {
        own("New stream", "new-stream", fault.map { ["fault": $0] } ?? [:], visitor)
    }

    func newKey(fault: String?, _ visitor: Visitor) -> String {
        own("New API key", "new-key", fault.map { ["fault": $0] } ?? [:], visitor)
    }

    func keys(_ rows: [KeyRow], _ visitor: Visitor) -> String {
        let keys = rows.map { row -> [String: Any] in
            [
                "id": row.key.raw, "label": row.label, "isActive": !row.isRevoked,
                "scopes": Routes.names(row.scopes).joined(separator: ", "),
                "state": row.isRevoked ? "revoked" : "active",
                "stateText": row.isRevoked ? "Revoked" : "Active",
            ]
        }
        return own("API keys", "keys", ["keys": keys, "hasKeys": !keys.isEmpty], visitor)
    }

    func secret(of stream: StreamRow, _ visitor: Visitor) -> String {
        let values: [String: Any] = [
            "title": stream.title, "stream": true, "id": stream.stream.raw,
            "server": visitor.links.publish,
            "secret": "\(stream.stream.raw)?key=\(WireText.streamKey(stream.key))",
        ]
        return own("Key of \(stream.title)", "secret", values, visitor)
    }

    func secret(of key: KeyRow, _ secret: String, _ visitor: Visitor) -> String {
        own("Key of \(key.label)", "secret", ["title": key.label, "secret": secret], visitor)
    }

    private func own(
        _ title: String, _ template: String, _ values: [String: Any], _ visitor: Visitor
    ) -> String {
        var values = values
        values["token"] = visitor.token
        values["mine"] = visitor.user.map { CallResponder.page(of: $0) }
        let body = render(values, template)
        return layout(["title": title, "body": body, "isMine": true], visitor)
    }
}
