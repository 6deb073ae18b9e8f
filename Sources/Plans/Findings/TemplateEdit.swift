import Base
import Cloud

/// One change of a template: what a fix is made of.
public enum TemplateEdit: Sendable, Hashable {
    /// Puts a value at a path of names and indices; objects on the way are made.
    case set(stack: Int, path: [String], JSONTree)
    /// Adds to the end of a list, which is made where there is none.
    case append(stack: Int, path: [String], JSONTree)
    case remove(stack: Int, path: [String])

    var stack: Int {
        switch self {
        case .set(let stack, _, _), .append(let stack, _, _), .remove(let stack, _): stack
        }
    }

    /// Applies edits in order; the same edit twice changes nothing more.
    public static func apply(_ edits: [TemplateEdit], to trees: [JSONTree]) -> [JSONTree] {
        var trees = trees
        var done: [TemplateEdit] = []
        // Elements of lists are taken out last to first, so that indices keep their meaning.
        let (removals, others) = (edits.filter(\.isRemoval), edits.filter { !$0.isRemoval })
        for edit in others + removals.sorted(by: laterFirst) where !done.contains(edit) {
            done.append(edit)
            trees[edit.stack] = trees[edit.stack].edited(edit)
        }
        return trees
    }

    private var isRemoval: Bool {
        if case .remove = self { return true }
        return false
    }

    private static func laterFirst(_ a: TemplateEdit, _ b: TemplateEdit) -> Bool {
        guard case .remove(let x, let one) = a, case .remove(let y, let other) = b else {
            return false
        }
        if x != y { return x > y }
        for (mine, theirs) in zip(one, other) where mine != theirs {
            if let a = Int(mine), let b = Int(theirs) { return a > b }
            return mine > theirs
        }
        return one.count > other.count
    }
}

extension JSONTree {
    fileprivate func edited(_ edit: TemplateEdit) -> JSONTree {
        switch edit {
        case .set(_, let path, let value):
            return changed(path[...]) { _ in value }
        case .append(_, let path, let value):
            return changed(path[...]) { old in
                guard case .array(let elements)? = old else { return .array([value]) }
                return .array(elements.contains(value) ? elements : elements + [value])
            }
        case .remove(_, let path):
            return changed(path[...]) { _ in nil }
        }
    }

    /// This value with the one at a path replaced; nil takes it out.
    private func changed(
        _ path: ArraySlice<String>, _ change: (JSONTree?) -> JSONTree?
    ) -> JSONTree {
        guard let step = path.first else { return change(self) ?? .null }
        let rest = path.dropFirst()
        if case .array(var elements) = self, let index = Int(step) {
            guard elements.indices.contains(index) else { return self }
            if let value = rest.isEmpty
                ? change(elements[index]) : elements[index].changed(rest, change)
            {
                elements[index] = value
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        }
        var members: [Member] = []
        if case .object(let old) = self { members = old }
        let at = members.firstIndex { $0.name == step }
        let old = at.map { members[$0].value }
        let value = rest.isEmpty ? change(old) : (old ?? .object([])).changed(rest, change)
        switch (at, value) {
        case (let at?, let value?): members[at].value = value
        case (let at?, nil): members.remove(at: at)
        case (nil, let value?): members.append(Member(step, value))
        case (nil, nil): break
        }
        return .object(members)
    }
}

extension JSONTree {
    /// `{"Ref": id}` and its like.
    static func function(_ name: String, _ argument: JSONTree) -> JSONTree {
        .object([Member(name, argument)])
    }

    static func reference(_ id: String) -> JSONTree { function("Ref", .string(id)) }

    static func attribute(_ name: String, of id: String) -> JSONTree {
        function("Fn::GetAtt", .array([.string(id), .string(name)]))
    }

    /// A resource of a template.
    static func resource(_ type: String, _ properties: [Member]) -> JSONTree {
        .object([Member("Type", .string(type)), Member("Properties", .object(properties))])
    }
}
