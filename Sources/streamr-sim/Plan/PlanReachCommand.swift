import ArgumentParser
import Cloud
import Plans

/// `streamr-sim plan reach TEMPLATE...`: who can connect to what, and what decides it.
struct PlanReachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reach",
        abstract: "Shows who reaches what: from the internet, each role and each service.",
        discussion: """
            Follows a TCP connection through addresses, routes, gateways, security groups, \
            listeners and targets. Network ACLs, IPv6 and ways between networks are not walked; \
            what of the templates is left out is named. With --from, --to and --port it answers \
            one question and ends with 0 for yes and 10 for no.
            """)

    @OptionGroup var options: PlanOptions

    @Flag(help: "Print JSON instead of tables.")
    var json = false

    @Option(help: ArgumentHelp("Draw the plan into this file.", valueName: "file.svg"))
    var svg: String?

    @Option(help: ArgumentHelp("Ask from `internet` or a resource.", valueName: "place"))
    var from: String?

    @Option(help: ArgumentHelp("Ask to a resource or `internet`.", valueName: "place"))
    var to: String?

    @Option(help: "Ask about this TCP port.")
    var port: Int?

    func run() throws {
        let plan = try options.plan()
        let matrix = ReachMatrix(plan)
        if let svg {
            var drawing = ReachDrawing(matrix)
            try writeFile(drawing.svg(), to: svg)
        }
        guard let from, let to, let port else {
            guard from == nil, to == nil, port == nil else {
                throw Failure.usage("--from, --to and --port go together")
            }
            print(json ? matrix.json.text : matrix.text, terminator: "")
            return
        }
        guard (1...65_535).contains(port) else { throw Failure.usage("--port \(port): 1 to 65535") }
        let answer = Reachability(plan).answer(
            from: try place(from, plan), to: try place(to, plan), port: port)
        print(json ? answer.json(plan).text : answer.text, terminator: "")
        if !answer.isOpen { throw ExitCode(10) }
    }

    private func place(_ name: String, _ plan: Plan) throws -> Reachability.Place {
        if name == "internet" { return .internet }
        let found = plan.services.first { plan.name($0) == name || plan.graph.fullName($0) == name }
        guard let found else {
            let names = plan.services.map(plan.name).joined(separator: ", ")
            throw Failure.usage("no service called \(name); there are \(names)")
        }
        return .service(found)
    }
}
