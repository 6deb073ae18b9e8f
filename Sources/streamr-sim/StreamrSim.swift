import ArgumentParser

@main
struct StreamrSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streamr-sim",
        abstract: "Finds out whether a small live-streaming platform holds, before it is deployed."
    )
}
