extension Summary {
    /// Who reaches what in the network that the scenario is deployed to.
    public struct Reach: Sendable, Hashable, Codable {
        /// Whether it is the templates' own: false where the scenario lays another deployment over
        /// them, which then is what is told of.
        public var isOfTemplates: Bool
        public var needs: [Need]
        /// Where connections come from: the columns.
        public var from: [String]
        public var rows: [Row]

        public init(isOfTemplates: Bool, needs: [Need], from: [String], rows: [Row]) {
            self.isOfTemplates = isOfTemplates
            self.needs = needs
            self.from = from
            self.rows = rows
        }

        /// What somebody needs of the platform.
        public struct Need: Sendable, Hashable, Codable {
            public var who: String
            public var what: String
            /// `yes`, `some` (from a part of the addresses) or `no`.
            public var extent: String
            /// The last rule, route or listener on the way.
            public var reason: String

            public init(who: String, what: String, extent: String, reason: String) {
                self.who = who
                self.what = what
                self.extent = extent
                self.reason = reason
            }
        }

        /// A service and port, and who gets there.
        public struct Row: Sendable, Hashable, Codable {
            public var to: String
            /// One for each column.
            public var extents: [String]

            public init(to: String, extents: [String]) {
                self.to = to
                self.extents = extents
            }
        }
    }
}
