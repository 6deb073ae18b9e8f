import Base
import Cloud

/// One CloudFormation template: a stack's source, cut into its sections.
public struct Template: Sendable, Hashable {
    /// The stack's name: what `AWS::StackName` means, and what findings call it.
    public var name: String
    /// The file it was read from, for showing.
    public var path: String
    public var root: SourceNode

    public init(name: String, path: String, root: SourceNode) {
        self.name = name
        self.path = path
        self.root = root
    }

    /// Reads a template file; the stack's name is the file's, without `.template.json` and such.
    public static func read(path: String, bytes: [UInt8]) throws(SourceFault) -> Template {
        let root = try SourceNode.read(bytes)
        guard case .object? = root["Resources"]?.content else {
            throw SourceFault(line: root.line, message: "expected Resources: a template has them")
        }
        for resource in root["Resources"]?.members ?? [] {
            guard resource.value["Type"]?.scalar != nil else {
                throw SourceFault(
                    line: resource.value.line, message: "expected a Type of \(resource.name)")
            }
        }
        return Template(name: stackName(path), path: path, root: root)
    }

    static func stackName(_ path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.split(separator: ".", omittingEmptySubsequences: true).first.map(String.init)
            ?? file
    }

    func section(_ name: String) -> [SourceNode.Member] { root[name]?.members ?? [] }

    /// The deepest value of the source on a path of names and indices, with that path as text.
    public func place(_ path: [String]) -> (path: String, line: Int) {
        var node = root
        var text = "$"
        for step in path {
            if let next = node[step] {
                node = next
                text += "." + step
            } else if let index = Int(step), node.elements.indices.contains(index) {
                node = node.elements[index]
                text += "[\(step)]"
            } else {
                break
            }
        }
        return (text, node.line)
    }
}

/// What the templates do not say and the reader has to be told.
public struct ReadSettings: Sendable, Hashable {
    public var region: String
    public var account: String
    public var parameters: [Parameter]

    /// A value for a parameter of every stack, or of the one that is named.
    public struct Parameter: Sendable, Hashable {
        public var stack: String?
        public var name: String
        public var value: String

        public init(stack: String?, name: String, value: String) {
            self.stack = stack
            self.name = name
            self.value = value
        }
    }

    public init(region: String, account: String, parameters: [Parameter]) {
        self.region = region
        self.account = account
        self.parameters = parameters
    }

    /// 123456789012 is the account of AWS's own examples.
    public init(region: String) {
        self.init(region: region, account: "123456789012", parameters: [])
    }
}
