/// Where the platform runs: the coordinates of a sweep that are deployments.
public struct FrontierPlace: Sendable, Hashable {
    /// Which parts are managed.
    public var deployment: String
    public var machine: String
    /// Of a managed cache; nil where it is a container.
    public var cache: String?
    public var region: String

    public init(deployment: String, machine: String, cache: String?, region: String) {
        self.deployment = deployment
        self.machine = machine
        self.cache = cache
        self.region = region
    }

    /// `managed on t3.micro in eu-west-1, valkey`.
    var text: String {
        "\(deployment) on \(machine) in \(region)" + (cache.map { ", \($0)" } ?? "")
    }
}
