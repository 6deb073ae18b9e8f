import Base
import Cloud

extension Suppression {
    public static let suppressionsMax = 500

    /// Reads `{"suppress": [{"rule": "ssh-open", "resource": "Stack/Id", "reason": "…"}]}`; without
    /// `resource` it is for all of them.
    public static func read(_ bytes: [UInt8]) -> Result<[Suppression], FileFaults> {
        var faults = FileFaults()
        let root: SourceNode
        do throws(SourceFault) {
            root = try SourceNode.read(bytes)
        } catch {
            faults.add("$", "JSON or YAML", found: error.description)
            return .failure(faults)
        }
        guard case .array(let entries)? = root["suppress"]?.content,
            entries.count <= suppressionsMax
        else {
            faults.add("$.suppress", "a list of at most \(suppressionsMax)", found: "none")
            return .failure(faults)
        }
        var suppressions: [Suppression] = []
        for (index, entry) in entries.enumerated() {
            let path = "$.suppress[\(index)]"
            let word = entry["rule"]?.scalar ?? ""
            let reason = entry["reason"]?.scalar ?? ""
            guard let rule = Rule(rawValue: word) else {
                let names = Rule.allCases.map(\.rawValue)
                faults.add(
                    path + ".rule", "the identifier of a rule", found: "\"\(word)\"",
                    hint: nearest(to: word, in: names))
                continue
            }
            if reason.isEmpty {
                faults.add(path + ".reason", "why it is accepted", found: "nothing")
            }
            suppressions.append(
                Suppression(rule: rule, resource: entry["resource"]?.scalar, reason: reason))
        }
        return faults.faults.isEmpty ? .success(suppressions) : .failure(faults)
    }
}
