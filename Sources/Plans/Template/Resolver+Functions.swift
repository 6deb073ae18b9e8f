import Base

extension Resolver {
    /// The value of an object with one member where that is a function; nil where it is none.
    mutating func function(_ member: SourceNode.Member, _ place: Place) -> Value? {
        let inner = place.inside(member.name)
        let argument = member.value
        switch member.name {
        case "Ref": return argument.scalar.map { reference($0, inner) }
        case "Fn::GetAtt": return attribute(argument, inner)
        case "Fn::Join": return join(argument, inner)
        case "Fn::Sub": return substitute(argument, inner)
        case "Fn::Select": return select(argument, inner)
        case "Fn::Split": return split(argument, inner)
        case "Fn::GetAZs": return zones(argument, inner)
        case "Fn::ImportValue": return importValue(argument, inner)
        case "Fn::FindInMap": return find(argument, inner)
        case "Fn::If": return choose(argument, inner)
        // What is encoded is read here, so it stays as it is.
        case "Fn::Base64": return value(argument, inner)
        case "Fn::Cidr": return subnets(argument, inner)
        case "Fn::Length": return length(argument, inner)
        case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
            return condition(.init(.object([member]), line: argument.line), place)
                .map { .bool($0) } ?? .unknown("a condition that is not known")
        case let name where name.hasPrefix("Fn::"):
            return notUnderstood(inner, "\(name) is not understood: what it gives is unknown")
        case _: return nil
        }
    }

    // MARK: References

    private mutating func attribute(_ argument: SourceNode, _ place: Place) -> Value {
        var parts = argument.elements.map { $0.scalar ?? "" }
        if let text = argument.scalar, let dot = text.firstIndex(of: ".") {
            parts = [String(text[..<dot]), String(text[text.index(after: dot)...])]
        }
        guard parts.count == 2 else { return mistake(place, "a resource and an attribute") }
        return attribute(parts[1], of: parts[0], place)
    }

    private mutating func attribute(_ name: String, of id: String, _ place: Place) -> Value {
        guard let index = resourceIndex(id, place.stack) else {
            return mistake(place, "\(id) is no resource of this stack")
        }
        return .reference(index, attribute: name)
    }

    private mutating func importValue(_ argument: SourceNode, _ place: Place) -> Value {
        guard let name = value(argument, place).string else {
            return notUnderstood(place, "the name of this import is not known")
        }
        return imported(name, place)
    }

    private mutating func find(_ argument: SourceNode, _ place: Place) -> Value {
        let keys = argument.elements.prefix(3).map { value($0, place).string }
        guard keys.count == 3, let map = keys[0], let top = keys[1], let second = keys[2] else {
            return notUnderstood(place, "a map and two keys that are known")
        }
        let maps = templates[place.stack].root["Mappings"]
        guard let found = maps?[map]?[top]?[second] else {
            if let fallback = argument.elements.dropFirst(3).first?["DefaultValue"] {
                return value(fallback, place)
            }
            return mistake(place, "no \(map).\(top).\(second) in Mappings")
        }
        return value(found, place)
    }

    // MARK: Texts

    private mutating func join(_ argument: SourceNode, _ place: Place) -> Value {
        let pair = argument.elements
        guard pair.count == 2, let separator = pair[0].scalar else {
            return mistake(place, "a separator and a list")
        }
        let list = value(pair[1], place.inside("1"))
        guard case .array(let elements) = list else {
            return .unknown("a list that is not known")
        }
        var parts: [Value] = []
        for (index, element) in elements.enumerated() {
            if index > 0 { parts.append(.string(separator)) }
            parts.append(element)
        }
        return Value.joining(parts)
    }

    private mutating func substitute(_ argument: SourceNode, _ place: Place) -> Value {
        let text = argument.scalar ?? argument.elements.first?.scalar
        guard let text else { return mistake(place, "a text to fill in") }
        let own = argument.elements.count > 1 ? argument.elements[1].members : []
        var parts: [Value] = []
        var rest = text[...]
        while let start = rest.range(ofPlain: "${") {
            parts.append(.string(String(rest[..<start])))
            let after = rest.index(start, offsetBy: 2)
            guard let end = rest[after...].firstIndex(of: "}") else {
                return mistake(place, "${ without its }")
            }
            parts.append(filling(String(rest[after..<end]), own, place))
            rest = rest[rest.index(after: end)...]
        }
        parts.append(.string(String(rest)))
        return Value.joining(parts)
    }

    private mutating func filling(
        _ name: String, _ own: [SourceNode.Member], _ place: Place
    ) -> Value {
        if name.hasPrefix("!") { return .string("${" + name.dropFirst() + "}") }
        let name = String(name.drop { $0 == " " })
        if let given = own.first(where: { $0.name == name }) { return value(given.value, place) }
        guard !name.hasPrefix("AWS::"), let dot = name.firstIndex(of: ".") else {
            return reference(name, place)
        }
        return attribute(
            String(name[name.index(after: dot)...]), of: String(name[..<dot]), place)
    }

    private mutating func split(_ argument: SourceNode, _ place: Place) -> Value {
        let pair = argument.elements
        guard pair.count == 2, let separator = pair[0].scalar, !separator.isEmpty else {
            return mistake(place, "a separator and a text")
        }
        guard let text = value(pair[1], place).string else {
            return .unknown("parts of a text that is not known")
        }
        return .array(text.split(by: separator).map { .string($0) })
    }

    // MARK: Lists

    private mutating func select(_ argument: SourceNode, _ place: Place) -> Value {
        let pair = argument.elements
        guard pair.count == 2, let index = value(pair[0], place).int else {
            return mistake(place, "an index and a list")
        }
        let list = value(pair[1], place)
        guard case .array(let elements) = list else {
            return .unknown("part of a list that is not known")
        }
        guard elements.indices.contains(index) else {
            return mistake(place, "element \(index) of a list of \(elements.count)")
        }
        return elements[index]
    }

    private mutating func length(_ argument: SourceNode, _ place: Place) -> Value {
        guard case .array(let elements) = value(argument, place) else {
            return .unknown("the length of a list that is not known")
        }
        return .number(String(elements.count))
    }

    private mutating func zones(_ argument: SourceNode, _ place: Place) -> Value {
        let given = value(argument, place).string ?? ""
        let region = given.isEmpty ? settings.region : given
        return .array(Region.zones(region).map { .string($0) })
    }

    /// `Fn::Cidr`: so many blocks of 2^bits addresses from the start of a block.
    private mutating func subnets(_ argument: SourceNode, _ place: Place) -> Value {
        let parts = argument.elements.map { value($0, place) }
        guard parts.count >= 2, let text = parts[0].string, let count = parts[1].int,
            let bits = parts.count > 2 ? parts[2].int : 8
        else { return .unknown("blocks of an address range that is not known") }
        guard let block = CIDR(text), (1...256).contains(count), (0...31).contains(bits),
            32 - bits >= block.length
        else { return mistake(place, "up to 256 blocks inside an IPv4 block") }
        guard Int64(count) << Int64(bits) <= block.size else {
            return mistake(place, "\(count) blocks of \(1 << bits) addresses do not fit in \(text)")
        }
        return .array(
            (0..<count).map { index in
                let start = block.first + UInt32(index) << UInt32(bits)
                return .string(CIDR(first: start, length: 32 - bits).text)
            })
    }

    // MARK: Conditions

    private mutating func choose(_ argument: SourceNode, _ place: Place) -> Value {
        let parts = argument.elements
        guard parts.count == 3, let name = parts[0].scalar else {
            return mistake(place, "a condition and two values")
        }
        switch holds(name, place) {
        case true: return value(parts[1], place.inside("1"))
        case false: return value(parts[2], place.inside("2"))
        case nil: return .unknown("which of two values, because \(name) is not known")
        }
    }

    /// Whether a condition holds; nil, after a note, where that is not known.
    mutating func holds(_ name: String, _ place: Place) -> Bool? {
        guard let node = templates[place.stack].root["Conditions"]?[name] else {
            _ = mistake(place, "no condition is called \(name)")
            return nil
        }
        let there = Place(
            stack: place.stack, path: ["Conditions", name], depth: place.depth + 1)
        return condition(node, there)
    }

    mutating func condition(_ node: SourceNode, _ place: Place) -> Bool? {
        guard takesStep(place) else { return nil }
        guard node.members.count == 1 else {
            _ = notUnderstood(place, "a condition of one function")
            return nil
        }
        let member = node.members[0]
        let parts = member.value.elements
        switch member.name {
        case "Condition": return member.value.scalar.flatMap { holds($0, place) }
        case "Fn::Equals" where parts.count == 2:
            let (a, b) = (value(parts[0], place), value(parts[1], place))
            guard let a = a.string, let b = b.string else { return nil }
            return a == b
        case "Fn::Not" where parts.count == 1:
            return condition(parts[0], place.inside("0")).map { !$0 }
        case "Fn::And":
            let known = parts.map { condition($0, place.inside("and")) }
            return known.contains(false) ? false : known.contains(nil) ? nil : true
        case "Fn::Or":
            let known = parts.map { condition($0, place.inside("or")) }
            return known.contains(true) ? true : known.contains(nil) ? nil : false
        case _:
            _ = notUnderstood(place, "\(member.name) is not understood in a condition")
            return nil
        }
    }
}

/// What `Fn::GetAZs` gives: the zones of a region by name.
enum Region {
    /// Amazon EC2 User Guide, "Regions and Zones": us-east-1 has six zones, most have three.
    static func zones(_ region: String) -> [String] {
        let letters = region == "us-east-1" ? "abcdef" : "abc"
        return letters.map { region + String($0) }
    }
}

extension StringProtocol {
    /// The first place of a plain text.
    func range(ofPlain text: String) -> Index? {
        guard let first = text.first else { return nil }
        var index = startIndex
        while let candidate = self[index...].firstIndex(of: first) {
            if self[candidate...].hasPrefix(text) { return candidate }
            index = self.index(after: candidate)
        }
        return nil
    }

    func split(by separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let index = rest.range(ofPlain: separator) {
            parts.append(String(rest[..<index]))
            rest = rest[rest.index(index, offsetBy: separator.count)...]
        }
        return parts + [String(rest)]
    }
}
