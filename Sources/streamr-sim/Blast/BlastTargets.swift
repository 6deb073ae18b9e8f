import Load

/// What a load goes to: an application of an RTMP server, an HTTP server, or both.
struct BlastTargets {
    private(set) var media: LoadTarget?
    private(set) var web: WebTarget?
    private(set) var figures: WebTarget?
    private(set) var health: WebTarget?

    /// `text` is the target, of either kind; `http` is an HTTP server beside it. Consent goes for
    /// the one host that it names.
    init(
        _ text: String, http: String?, figures: String?, health: String?, consent: String?
    ) throws {
        do throws(LoadRefusal) {
            if text.lowercased().hasPrefix("http") {
                web = try WebTarget(text, consent: consent)
            } else {
                media = try LoadTarget(text, consent: consent)
            }
            if let figures { self.figures = try WebTarget(figures, consent: consent) }
            if let health { self.health = try WebTarget(health, consent: consent) }
            guard let http else { return }
            guard web == nil else { throw .notAnAddress }
            web = try WebTarget(http, consent: consent)
        } catch {
            throw Failure.usage(error.description)
        }
    }

    var host: String { media?.host ?? web?.host ?? "" }
    var isEncrypted: Bool {
        [media?.text, web?.text].compactMap { $0?.lowercased() }
            .contains { $0.hasPrefix("rtmps") || $0.hasPrefix("https") }
    }
    /// Ceilings are only left off where all is this machine's.
    var isLoopback: Bool {
        [media?.isLoopback, web?.isLoopback, figures?.isLoopback, health?.isLoopback]
            .allSatisfy { $0 ?? true }
    }

    /// Says where the packets will go, if that is not this machine.
    func resolve(_ note: (String) -> Void) throws -> LoadAddresses {
        do throws(LoadRefusal) {
            var addresses = LoadAddresses(
                media: try media?.resolve(), web: try web?.resolve(),
                figures: try figures?.resolve())
            addresses.health = try health?.resolve()
            if !isLoopback {
                let places = [
                    (media?.host, addresses.media), (web?.host, addresses.web),
                    (figures?.host, addresses.figures), (health?.host, addresses.health),
                ]
                var words: [String] = []
                for case (let host?, let address?) in places {
                    let word = "\(host) at \(LoadAddresses.text(of: address))"
                    if !words.contains(word) { words.append(word) }
                }
                note("packets go to \(words.joined(separator: " and "))")
            }
            return addresses
        } catch {
            throw Failure.usage(error.description)
        }
    }
}
