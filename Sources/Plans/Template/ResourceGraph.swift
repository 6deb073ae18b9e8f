import Base

/// The resources of several stacks with every function worked out: what the plan is read from.
public struct ResourceGraph: Sendable, Hashable {
    public var templates: [Template]
    public var settings: ReadSettings
    /// Those whose condition holds, stack by stack in the order of the text.
    public var resources: [Resource]
    public var outputs: [Output]
    /// References that lead nowhere, and functions that are not understood.
    public var unresolved: [Unresolved]

    public struct Resource: Sendable, Hashable {
        /// An index into `templates`.
        public var stack: Int
        public var id: String
        public var type: String
        public var properties: Value
        public var metadata: Value
    }

    public struct Output: Sendable, Hashable {
        public var stack: Int
        public var name: String
        public var value: Value
        /// The name under which other stacks may import it.
        public var export: String?
    }

    public struct Unresolved: Sendable, Hashable {
        public var stack: Int
        /// Names and indices from the template's root.
        public var path: [String]
        public var message: String
        /// Whether CloudFormation would refuse it; otherwise only this program does not know.
        public var isMistake: Bool
    }

    public func name(_ index: Int) -> String { resources[index].id }

    /// `Stack/Resource`.
    public func fullName(_ index: Int) -> String {
        templates[resources[index].stack].name + "/" + resources[index].id
    }

    public func text(_ value: Value) -> String { value.text { resources[$0].id } }

    public func path(_ index: Int, _ rest: [String]) -> [String] {
        ["Resources", resources[index].id, "Properties"] + rest
    }
}
