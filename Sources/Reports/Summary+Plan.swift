extension Summary {
    /// Templates with errors: what is wrong with them, and what becomes of the plan as that is
    /// fixed, one after the other. The rest of the summary is then that of the last stage.
    public struct Plan: Sendable, Hashable, Codable {
        public var errors: [Fault]
        public var stages: [Stage]
        /// What the templates do not say of the last stage's deployment.
        public var unsaid: [String]

        public init(errors: [Fault], stages: [Stage], unsaid: [String]) {
            self.errors = errors
            self.stages = stages
            self.unsaid = unsaid
        }

        /// Whether anything would run as the templates are.
        var isDeployable: Bool { stages.first?.isDeployed ?? false }
    }

    /// An error of the templates, as `plan check` finds it.
    public struct Fault: Sendable, Hashable, Codable {
        public var rule: String
        public var resource: String
        /// `file:line`.
        public var place: String
        public var reason: String
        public var fix: String

        public init(rule: String, resource: String, place: String, reason: String, fix: String) {
            self.rule = rule
            self.resource = resource
            self.place = place
            self.reason = reason
            self.fix = fix
        }
    }

    /// The plan with some errors fixed.
    public struct Stage: Sendable, Hashable, Codable {
        /// What was fixed for it, besides what was before.
        public var change: String
        /// The rules of the errors that are left.
        public var left: [String]
        /// False where the stacks roll back, so that nothing runs.
        public var isDeployed: Bool
        /// The criteria that fail and those that are not ruled on, by their identifiers.
        public var failed: [String]
        public var open: [String]
        /// Null where nothing runs.
        @OrNull public var total730h: String?

        public init(
            change: String, left: [String], isDeployed: Bool, failed: [String], open: [String],
            total730h: String?
        ) {
            self.change = change
            self.left = left
            self.isDeployed = isDeployed
            self.failed = failed
            self.open = open
            self.total730h = total730h
        }
    }
}
