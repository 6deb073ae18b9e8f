import Base
import Cloud
import Plans

/// The deployment that a file's templates mean, as the words of a scenario file.
struct PlannedDeployment {
    let plan: Plan
    /// `{"deployment": …}`, complete but for rules that are the usual ones for it.
    let tree: JSONTree
    /// `{"plan": …}` with paths from the working directory: what a child elsewhere inherits.
    let source: JSONTree

    /// Nil after noting what is wrong with the files.
    init?(
        _ file: JSONTree, path: String, bytes read: (String) -> [UInt8]?,
        _ faults: inout FileFaults
    ) {
        let form = file["plan"] ?? .null
        let before = faults.faults.count
        var source = PlanSource.read(form, at: "$.plan", over: nil, &faults)
        guard faults.faults.count == before else { return nil }
        source.templates = source.templates.map { ScenarioFile.resolve($0, beside: path) }
        source.compose = source.compose.map { ScenarioFile.resolve($0, beside: path) }
        var region = Deployment.initial.region
        if case .string(let word)? = file["deployment"]?["region"] { region = word }
        guard let plan = Self.plan(source, region: region, bytes: read, &faults) else { return nil }
        guard let derived = plan.deployment(assuming: .initial) else {
            faults.add("$.plan.templates", "an instance that carries the containers", found: "none")
            return nil
        }
        self.plan = plan
        tree = .object([.init("deployment", Self.written(derived.deployment))])
        self.source = .object([.init("plan", source.written)])
    }

    private static func plan(
        _ source: PlanSource, region: String, bytes read: (String) -> [UInt8]?,
        _ faults: inout FileFaults
    ) -> Plan? {
        var templates: [Template] = []
        for (index, path) in source.templates.enumerated() {
            let place = "$.plan.templates[\(index)]"
            guard let bytes = read(path) else {
                faults.add(place, "a file that can be read", found: "\"\(path)\"")
                continue
            }
            do throws(SourceFault) {
                templates.append(try Template.read(path: path, bytes: bytes))
            } catch {
                faults.add(place, "a CloudFormation template", found: "\(path): \(error)")
            }
        }
        guard templates.count == source.templates.count else { return nil }
        var plan = Plan(templates, ReadSettings(region: region))
        guard let path = source.compose else { return plan }
        guard let bytes = read(path) else {
            faults.add("$.plan.compose", "a file that can be read", found: "\"\(path)\"")
            return nil
        }
        do throws(SourceFault) {
            plan.use(try Compose.read(bytes))
        } catch {
            faults.add("$.plan.compose", "a compose file", found: "\(path): \(error)")
            return nil
        }
        return plan
    }

    /// Rules that are what the chosen front, database and cache need stay unsaid, so that a child
    /// that chooses others gets the rules of those.
    private static func written(_ deployment: Deployment) -> JSONTree {
        var usual = deployment
        usual.rules = NetworkRule.meant(
            front: deployment.front, database: deployment.database, cache: deployment.cache)
        guard usual.canonical == deployment.canonical,
            case .object(let members) = deployment.written
        else { return deployment.written }
        return .object(members.filter { $0.name != "rules" })
    }
}

extension JSONTree {
    subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}
